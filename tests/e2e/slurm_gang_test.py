#!/usr/bin/env python3
"""Jobs of several nodes on a real Slurm (tests/doubles/slurm.sh): all ranks save, end and go on together, whatever befalls one."""
import os
import re
import signal
import subprocess
import time
import unittest

import gang_training
import slurm_cluster
from slurm_cluster import SLURM, slurm

# A rank keeps its count in memory and writes it when it is told to: what it goes on from shows that the signal reached it.
COUNT = """
name: gang
num_nodes: 2
resources: {infra: slurm/tw/%s}
checkpoint: {path: state, signal: SIGUSR1, interval: 2s}
setup: echo "setup on node $TRADEWIND_NODE_RANK in $SLURM_JOB_ID"
run: |
  mkdir -p state
  r=$RANK
  n=$(cat state/$r 2>/dev/null || echo 0)
  echo "rank $r of $NNODES begins at $n in $SLURM_JOB_ID: $SKYPILOT_NODE_RANK $(echo "$TRADEWIND_NODE_IPS" | wc -l) $SLURM_NODEID"
  save() {
    echo $n >state/$r.new; mv state/$r.new state/$r
    [ $r != 0 ] || { sleep 0.7; echo "{\\"checkpoint\\": \\"saved\\", \\"step\\": $n}" >>"$TRADEWIND_PROGRESS"; }
  }
  trap save USR1
  while [ $n -lt %d ]; do n=$((n+1)); sleep 0.2; done
  echo "rank $r ends at $n"
"""
BEGUN = re.compile(r"^\[(\d)\] rank (\d) of 2 begins at (\d+) in (\d+): (\d) (\d+) (\d+)$", re.MULTILINE)


class Gangs(slurm_cluster.TestCase):
    def setUp(self):
        super().setUp()
        self.cluster(time_limit="20m", price_per_hour=3)

    def tearDown(self):
        slurm("scontrol", "update", "nodename=n[1-4]", "state=resume")
        super().tearDown()

    def log(self, job):
        return self.control.run("logs", job).stdout

    def wait_for_log(self, job, words, count=1):
        for _ in range(900):
            if self.log(job).count(words) >= count:
                return
            time.sleep(0.1)
        raise AssertionError(f"never: {words}\n{self.log(job)}\n{self.control.story()}")

    def processes(self, *marks):
        """Those whose command line or environment has all of the marks."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    told = file.read()
                with open(f"/proc/{entry}/environ", "rb") as file:
                    told = b"\0" + told + b"\0" + file.read()
            except OSError:
                continue
            if all(mark.encode() in told for mark in marks):
                found.append(int(entry))
        return found

    def check_nothing_is_left(self, mark):
        """Nothing that carries the mark lives on: the cluster's nodes are this machine."""
        for _ in range(150):
            if not self.processes(mark):
                return
            time.sleep(0.1)
        self.fail(subprocess.run(["ps", "-fp", ",".join(map(str, self.processes(mark)))], stdout=subprocess.PIPE, text=True, check=False).stdout)

    def check_went_on(self, job, target):
        """Both ranks began twice or oftener, each from what it had saved, and ended."""
        out = self.log(job)
        begun = BEGUN.findall(out)
        for rank in "01":
            mine = [found for found in begun if found[1] == rank]
            self.assertGreaterEqual(len(mine), 2, out)
            self.assertEqual(mine[0][2], "0", out)
            self.assertGreater(int(mine[-1][2]), 0, f"rank {rank} had saved\n{out}")
            self.assertEqual({found[0] for found in mine}, {rank}, "the mark of each line")
            self.assertEqual({found[4] for found in mine}, {rank}, "SKYPILOT_NODE_RANK")
            self.assertEqual({found[5] for found in mine}, {"2"}, "a line of TRADEWIND_NODE_IPS for each node")
            self.assertEqual({found[6] for found in mine}, {rank}, "each on a node of its own")
            # More than once where the others were late, and all began again.
            self.assertIn(f"[{rank}] rank {rank} ends at {target}\n", out)
            self.assertIn(f"[{rank}] setup on node {rank} in ", out)
        self.assertGreaterEqual(len({found[3] for found in begun}), 2, "by two Slurm jobs")

    # ---- what befalls all

    def test_every_rank_saves_at_a_preemption_and_goes_on(self):
        job = self.control.submit(self.control.task(COUNT % ("spot", 60)))
        self.wait_for_log(job, "begins at 0", 2)
        time.sleep(3)
        slurm("sbatch", "--partition=prod", "--nodes=4", "--exclusive", "--output=/dev/null", "--time=1", "--wrap=sleep 4")
        seen = self.control.wait_for_end(job, patience=200)
        self.check_went_on(job, 60)
        self.assertIn("preempted", {lease["end"] for lease in seen["leases"]}, seen["leases"])

    def test_every_rank_saves_before_the_time_limit_and_goes_on(self):
        self.cluster(time_limit="1m", notice_lead="45s")
        job = self.control.submit(self.control.task(COUNT % ("batch", 110)))
        self.control.wait_for_end(job, patience=200)
        self.check_went_on(job, 110)

    def test_a_node_that_fails_ends_the_instance_and_the_job_goes_on(self):
        job = self.control.submit(self.control.task(COUNT % ("batch", 70)))
        self.wait_for_log(job, "begins at 0", 2)
        self.control.wait_for(job, lambda seen: seen["saved_step"] > 0, "a checkpoint")
        time.sleep(1)
        node = slurm("scontrol", "show", "hostnames", slurm("squeue", "--me", "--noheader", "-o", "%N").strip()).split()[1]
        slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        self.control.wait_for_end(job, patience=200)
        self.check_went_on(job, 70)

    def test_a_cancelled_gang_leaves_no_process_behind(self):
        mark = f"{os.getpid()}.7"
        job = self.control.submit(self.control.task(
            f"name: sleeps\nnum_nodes: 2\nresources: {{infra: slurm/tw/batch}}\n"
            f"run: |\n  echo here\n  setsid sleep {mark} &\n  trap '' TERM\n  sleep {mark}; sleep {mark}\n"))
        self.wait_for_log(job, "here", 2)
        self.assertEqual(len(self.processes(f"\0sleep\0{mark}\0")), 4)
        self.control.run("cancel", job)
        seen = self.control.wait_for_end(job, state="cancelled")
        self.check_nothing_is_left(mark)
        self.assertEqual(seen["leases"][0]["price_per_hour"], {"amount": "6.00", "currency": "USD"}, "of both nodes")

    # ---- what befalls one

    def train(self, **fields):
        """A training on two nodes of 60 steps; the job, once both have begun and a state is saved."""
        gang_training.write_program(self.control.file("gang.py"))
        self.control.task(gang_training.task(self.control.file("gang.py"), os.path.join(SLURM, "store"), 60, **fields))
        job = self.control.submit(self.control.file("task.yaml"))
        self.wait_for_log(job, "begins at step 0", 2)
        self.control.wait_for(job, lambda seen: seen["saved_step"] >= 10, "a checkpoint")
        return job

    def check_trained(self, job, saved):
        """It went on from what was saved, and its weights are those of a run that nothing befell."""
        out = self.log(job)
        began = [int(step) for step in re.findall(r"^\[\d\] rank \d begins at step (\d+)$", out, re.MULTILINE)]
        self.assertEqual(began[:2], [0, 0], out)
        self.assertEqual(len(began), 4, out)
        self.assertEqual(began[2], began[3], out)
        self.assertGreaterEqual(began[2], saved, "nothing that was saved is lost")
        self.assertEqual(re.findall(r"^\[\d\] weights (\w+)$", out, re.MULTILINE), [gang_training.weights(60)] * 2, out)
        self.assertNotIn("runs twice", out)
        steps = [int(step) for step in re.findall(r"^\[0\] step (\d+)$", out, re.MULTILINE)]
        self.assertEqual(sorted(set(steps)), list(range(1, 61)), out)

    def test_a_rank_whose_agent_is_killed_ends_the_attempt_and_the_training_goes_on(self):
        job = self.train()
        saved = self.control.job(job)["saved_step"]
        ranks = self.processes("\0rank\0--dir=", "\0SLURM_PROCID=1\0", self.shared)
        self.assertTrue(ranks)
        for pid in ranks:
            os.kill(pid, signal.SIGKILL)
        seen = self.control.wait_for_end(job, patience=200)
        self.check_trained(job, saved)
        self.assertEqual(len(seen["leases"]), 2, seen["leases"])
        self.assertIn("rank 1 of 2 ended without a word", seen["leases"][0]["reason"])
        self.check_nothing_is_left(self.shared + "/instances")

    def test_a_rank_whose_program_is_killed_is_named_and_all_start_again_in_place(self):
        job = self.train(restarts=1)
        saved = self.control.job(job)["saved_step"]
        programs = self.processes("gang.py\0", "\0RANK=1\0", f"\0TRADEWIND_JOB_ID={job}\0")
        self.assertTrue(programs)
        for pid in programs:
            os.kill(pid, signal.SIGKILL)
        seen = self.control.wait_for_end(job, patience=200)
        self.check_trained(job, saved)
        self.assertEqual(len(seen["leases"]), 1, seen["leases"])
        self.assertRegex(self.log(job), r"(?m)^tradewind-agent: rank 1 ended first: (killed by SIGKILL|exit code 137); all are ended$")

    def test_one_rank_that_fails_ends_all_with_its_exit_code_and_name(self):
        job = self.control.submit(self.control.task(
            "name: fails\nnum_nodes: 2\nresources: {infra: slurm/tw/batch}\n"
            "run: |\n  [ $RANK = 0 ] || { sleep 2; echo dying; exit 7; }\n  sleep 300; echo not reached\n"))
        begin = time.monotonic()
        seen = self.control.wait_for_end(job, state="failed", patience=120)
        self.assertEqual(seen["exit_code"], 7, seen)
        self.assertIn("rank 1 of the program ended with exit code 7", seen["reason"])
        self.assertLess(time.monotonic() - begin, 100, "the other rank was not waited for")
        out = self.log(job)
        self.assertNotIn("not reached", out)
        self.assertIn("[1] dying\n", out)

    # ---- what is started

    def test_torch_meets_by_the_variables_that_it_knows(self):
        with open(self.control.file("meet.py"), "w", encoding="utf-8") as file:
            file.write("import torch\nimport torch.distributed as ranks\nranks.init_process_group('gloo')\n"
                       "x = torch.tensor([float(ranks.get_rank() + 1)])\nranks.all_reduce(x)\n"
                       "print('rank', ranks.get_rank(), 'of', ranks.get_world_size(), 'has', x.item(), flush=True)\n"
                       "ranks.barrier()\n")
        job = self.control.submit(self.control.task(
            "name: meets\nnum_nodes: 2\nresources: {infra: slurm/tw/batch, memory: 0.2+}\n"
            f"envs: {{GLOO_SOCKET_IFNAME: lo}}\nfile_mounts: {{meet.py: {self.control.file('meet.py')}}}\n"
            "run: /usr/bin/python3 meet.py\n"))
        self.control.wait_for_end(job, patience=200)
        out = self.log(job)
        for rank in (0, 1):
            self.assertIn(f"[{rank}] rank {rank} of 2 has 3.0\n", out)

    def test_a_batch_script_of_two_nodes_runs_once_and_starts_its_own_tasks_on_both(self):
        with open(self.control.file("config", "slurm.yaml"), "r+", encoding="utf-8") as file:
            text = file.read().replace("cpus: 1", "cpus: 2")
            file.seek(0)
            file.write(text)
        os.mkdir(self.control.file("run"))
        script = self.control.task("#!/bin/bash\n#SBATCH -p batch -N 2 -n 4 -c 1\necho script on $SLURM_NODEID of $SLURM_JOB_NUM_NODES\n"
                                   "srun sh -c 'echo task $SLURM_PROCID of $SLURM_NTASKS on $SLURM_NODEID'\n", "own.sh")
        job = self.control.run("sbatch", "--wait", "-D", "run", script, timeout=240).stdout.split()[-1]
        with open(self.control.file("run", f"slurm-{job}.out"), encoding="utf-8") as file:
            lines = sorted(file.read().splitlines())
        self.assertEqual(lines, ["script on 0 of 2"] + [f"task {task} of 4 on {task // 2}" for task in range(4)])

    def test_more_nodes_than_there_are_together_are_refused(self):
        refused = self.control.run("run", self.control.task(
            "name: many\nnum_nodes: 5\nresources: {infra: slurm/tw/batch}\nrun: 'true'\n"), "--detach", code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("has 4 such nodes for one job, and num_nodes asks for 5", refused.stderr)
        refused = self.control.run("run", self.control.task(
            "name: here\nnum_nodes: 2\nresources: {infra: local}\nrun: 'true'\n"), "--detach", code=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("takes jobs of one node alone, and num_nodes asks for 2", refused.stderr)


if __name__ == "__main__":
    unittest.main()
