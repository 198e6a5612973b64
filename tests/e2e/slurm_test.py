#!/usr/bin/env python3
"""Jobs on a real Slurm (tests/doubles/slurm.sh): past the time limit of an allocation, and preempted by a higher partition."""
import os
import subprocess
import sys
import time
import unittest

import slurm_cluster
from slurm_cluster import SLURM, slurm

COUNT = """
name: count
resources: {{infra: slurm/tw/{partition}}}
checkpoint: {{path: state}}
run: |
  mkdir -p state
  n=$(cat state/n 2>/dev/null || echo 0)
  while [ $n -lt {steps} ]; do
    n=$((n+1)); echo $n >state/n.new; mv state/n.new state/n
    echo "step $n in job $SLURM_JOB_ID"; sleep 1
  done
"""


class Slurm(slurm_cluster.TestCase):
    def run_count(self, partition, steps):
        with open(self.control.file("task.yaml"), "w", encoding="utf-8") as file:
            file.write(COUNT.format(partition=partition, steps=steps))
        return self.control.run("run", "task.yaml", timeout=240).stdout

    def check_steps(self, out, steps):
        """Each step was made once, by at least two jobs. Returns how many."""
        made = [line.split() for line in out.splitlines() if line.startswith("step ")]
        self.assertEqual([int(line[1]) for line in made], list(range(1, steps + 1)), out)
        jobs = {line[4] for line in made}
        self.assertGreaterEqual(len(jobs), 2, out)

    def test_offers_and_check_tell_what_the_cluster_is(self):
        self.cluster(time_limit="1m")
        offers = self.control.json("offers", "--provider", "slurm")["offers"]
        sold = {(offer["provider"], offer["region"], offer["zone"], offer["purchase"]) for offer in offers}
        self.assertIn(("slurm", "tw", "batch", "on_demand"), sold)
        self.assertIn(("slurm", "tw", "spot", "spot"), sold)
        checked = self.control.json("check", "slurm")
        found = {line["name"]: line for line in checked["checks"]}
        self.assertTrue(checked["usable"], checked)
        self.assertEqual(found["slurm/tw submission"]["status"], "ok", found)
        self.assertIn("it has slurm/tw", self.control.run("check", "slurm/other", code=3).stderr)

    def test_a_run_goes_on_past_the_time_limit_of_its_allocation(self):
        self.cluster(time_limit="1m", notice_lead="45s")
        self.check_steps(self.run_count("batch", 22), 22)

    def test_a_run_that_is_preempted_goes_on(self):
        self.cluster(time_limit="10m")
        begun = os.path.join(self.shared, "instances")
        blocker = ["sh", "-c", f"until ls {begun}/*/*/beat; do sleep 0.2; done; sleep 4; exec sbatch --partition=prod --nodes=4 "
                   "--exclusive --output=/dev/null --time=1 --wrap='sleep 4'"]
        with subprocess.Popen(blocker, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            self.check_steps(self.run_count("spot", 12), 12)

    def test_a_queue_that_grows_is_left_for_a_rented_machine(self):
        """Own machines first; a machine at 20 USD an hour once the wait costs more; never both."""
        with open(self.control.file("config", "zones.yaml"), "w", encoding="utf-8") as file:
            file.write("zones: [{name: rented, on_demand_price_per_hour: 20, spot: no}]\n")
        self.cluster(time_limit="10m", estimate_every="1s", partitions="[batch]")
        self.run_count("batch", 1)  # the server is up, and knows the queue as empty
        slurm("sbatch", "--partition=batch", "--nodes=4", "--exclusive", "--output=/dev/null", "--time=20", "--wrap=sleep 1200")
        while "R" not in slurm("squeue", "--me", "--noheader", "-o", "%t"):
            time.sleep(0.1)
        task = self.control.task("name: burst\nduration: 60s\nwaiting_cost: $30\ncheckpoint: {path: state}\n"
                                 "run: echo began >>state/runs; echo began; sleep 3\n")
        planned = self.control.json("plan", task)  # which asks anew: twenty minutes by now
        self.assertEqual(planned["chosen"]["offer"].split(":")[0], "local/rented", planned["chosen"])
        self.assertIn("wait 2", planned["wait_or_rent"]["text"])
        job = self.control.submit(task)
        seen = self.control.wait_for_end(job)
        places = [lease["location"] for lease in seen["leases"]]
        print(f"places in turn: {places}", file=sys.stderr)
        self.assertEqual(places, ["slurm/tw/batch", "local/rented"], seen)
        self.assertEqual(self.control.run("logs", job).stdout.count("began"), 1)
        self.assertIn("withdrawn from its queue", seen["leases"][0]["reason"])
        self.assertNotIn("tw-", slurm("squeue", "--me", "--noheader", "-o", "%j"))

    def test_a_job_costs_little_more_time_than_sbatch_alone(self):
        self.cluster(time_limit="10m")
        self.run_count("batch", 1)  # the server is up, the agent's program is there
        begun = os.path.join(SLURM, "store", "begun")
        begin = time.monotonic()
        slurm("sbatch", "--partition=batch", "--mem=100M", "--output=/dev/null", f"--wrap=echo hello >{begun}")
        while not os.path.exists(begun):
            time.sleep(0.01)
        plain = time.monotonic() - begin
        begin = time.monotonic()
        with open(self.control.file("task.yaml"), "w", encoding="utf-8") as file:
            file.write("name: hello\nresources: {infra: slurm/tw/batch}\nrun: echo hello\n")
        with self.control.started("run", "task.yaml") as running:
            for line in running.stdout:
                if line.startswith("hello"):
                    break
            ours = time.monotonic() - begin
        print(f"to the first line: {ours:.2f} s; of sbatch alone: {plain:.2f} s", file=sys.stderr)
        self.assertLess(ours, plain + 3)


    def test_a_batch_script_runs_in_an_allocation_as_it_is(self):
        self.cluster(partitions="[batch, spot]")
        os.mkdir(self.control.file("run"))
        with open(self.control.file("run", "data"), "w", encoding="utf-8") as file:
            file.write("data\n")
        script = self.control.task("#!/bin/bash\n#SBATCH -p batch -c 1\ncat data\nsrun -n 1 sh -c 'echo step of $SLURM_JOB_ID on $SLURM_JOB_PARTITION'\n"
                                   "exit 5\n", "own.sh")
        job = self.control.run("sbatch", "--wait", "-D", "run", script, code=5, timeout=240).stdout.split()[-1]
        self.assertEqual(self.control.job(job)["location"], "slurm/tw/batch")
        with open(self.control.file("run", f"slurm-{job}.out"), encoding="utf-8") as file:
            self.assertRegex(file.read(), r"\Adata\nstep of \d+ on batch\n\Z")


if __name__ == "__main__":
    unittest.main()
