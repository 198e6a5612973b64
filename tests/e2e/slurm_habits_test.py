#!/usr/bin/env python3
"""What who comes from Slurm types, on this machine: sbatch with arrays, --wait and exit codes; jobs wide and watched; squeue, scancel."""
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

import rig

ZONES = "zones:\n  - {name: a, price_per_hour: 0.1, capacity: 4}\n"


class SlurmHabits(rig.TestCase):
    def setUp(self):
        self.rig = self.home(ZONES)
        os.mkdir(self.rig.file("run"))

    def script(self, text, name="train.sh"):
        with open(self.rig.file("run", name), "w", encoding="utf-8") as file:
            file.write(text)
        return name

    def run_here(self, *words, code=0, env=None):
        """tradewind, in the folder that jobs are submitted from."""
        done = subprocess.run([rig.TRADEWIND, *words], env=self.rig.environment() | (env or {}), cwd=self.rig.file("run"),
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}\n{self.rig.server_log()}")
        return done

    def text(self, name):
        with open(self.rig.file("run", name), encoding="utf-8") as file:
            return file.read()

    def test_an_array_runs_and_is_waited_for(self):
        script = self.script("#!/bin/bash\n#SBATCH --job-name=sweep --array=1-5:2\n#SBATCH -A phys\n#SBATCH --export=LR\n"
                             'echo "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT $SLURM_JOB_NAME $LR $1"\n'
                             'echo "$SLURM_ARRAY_JOB_ID $SLURM_JOB_ID" > "ids-$SLURM_ARRAY_TASK_ID"\n'
                             "exit $((SLURM_ARRAY_TASK_ID == 3 ? 7 : 0))\n")
        done = self.run_here("sbatch", "--wait", script, "an argument", code=7, env={"LR": "0.5"})
        first = done.stdout.removeprefix("Submitted batch job ").strip()
        self.assertEqual(done.stdout, f"Submitted batch job {first}\n")
        self.assertEqual(done.stderr.count("not acted on: --account=phys"), 1, done.stderr)
        for index in (1, 3, 5):
            self.assertEqual(self.text(f"slurm-{first}_{index}.out"), f"{index}/3 sweep 0.5 an argument\n")
            array, own = self.text(f"ids-{index}").split()  # written where it was submitted, as Slurm has it
            self.assertEqual(array, first)
            self.assertEqual(self.rig.job(own)["name"], f"sweep_{index}")
        jobs = self.rig.json("jobs", "--name", "sweep", "-t", "F")["jobs"]
        self.assertEqual([(job["name"], job["exit_code"]) for job in jobs], [("sweep_3", 7)])
        self.assertEqual(len(self.rig.run("jobs", "--name", "sweep", "-o", "name").stdout.split()), 3)
        wide = self.rig.run("jobs", "-o", "wide").stdout
        self.assertIn("INSTANCE", wide)
        self.assertIn("the program ended with exit code 7", wide)
        done_ones = self.rig.run("squeue", "-h", "-t", "CD,F", "-o", "%j %t %P").stdout.split("\n")
        self.assertEqual(done_ones, ["sweep_5 CD a", "sweep_3 F a", "sweep_1 CD a", ""])

    def test_what_scripts_read(self):
        script = self.script("#!/usr/bin/env python3\n#SBATCH -o out-%x.txt\nimport os\nprint(os.environ['SLURM_SUBMIT_DIR'], flush=True)\n")
        done = self.run_here("sbatch", "--parsable", "-J", "mine", "-W", script)
        self.assertRegex(done.stdout, r"\Aj-\w+\n\Z")
        self.assertEqual(self.text("out-mine.txt"), self.rig.file("run") + "\n")
        done = self.run_here("sbatch", "--wrap", "srun -n 2 echo task; exit 3", "--wait", code=3)
        job = done.stdout.split()[-1]
        self.assertEqual(self.text(f"slurm-{job}.out"), "task\ntask\n")
        document = json.loads(self.run_here("sbatch", "--json", script).stdout)
        self.assertEqual(document["jobs"][0]["job"], document["job"])
        self.rig.wait_for_end(document["job"])

    def test_what_is_printed_is_what_runs(self):
        script = self.script("#!/bin/bash\n#SBATCH -t 10 -J printed\n#TRADEWIND --infra=local\nls train.sh\n")
        self.rig.task(self.run_here("sbatch", "--print", script).stdout)
        done = self.rig.run("run", "task.yaml")
        self.assertEqual(done.stdout, "train.sh\n")
        plan = self.run_here("sbatch", "--test-only", script).stdout
        self.assertIn("local/a", plan)
        self.assertEqual(len(self.rig.json("jobs")["jobs"]), 1, "--test-only submits nothing")

    def test_errors_are_told_with_their_place(self):
        script = self.script("#!/bin/bash\n#SBATCH --nodes=1 --cpu-per-task=4\n#SBATCH --dependency=afterok:1\ntrue\n")
        done = self.run_here("sbatch", script, code=2)
        self.assertIn("train.sh:2:19: sbatch has no option '--cpu-per-task'", done.stderr)
        self.assertIn("did you mean '--cpus-per-task'?", done.stderr)
        self.assertIn("train.sh:3:9: --dependency is not there", done.stderr)
        self.assertIn("This does not look like a batch script", self.run_here("sbatch", self.script("echo\n", "no.sh"), code=2).stderr)
        self.assertIn("Unable to open file gone.sh", self.run_here("sbatch", "gone.sh", code=3).stderr)
        self.assertEqual(self.rig.json("jobs")["jobs"], [])

    def test_scancel_ends_an_array(self):
        script = self.script("#!/bin/bash\nsleep 600\n")
        first = self.run_here("sbatch", "--parsable", "--array=0-2", script).stdout.strip()
        other = self.run_here("sbatch", "--parsable", script).stdout.strip()
        self.run_here("scancel", f"{first}_1")
        self.wait_until(lambda: len(self.queue()) == 3)
        self.assertNotIn("train.sh_1", self.queue())
        self.run_here("scancel", first)
        self.wait_until(lambda: self.queue() == ["train.sh"])
        self.run_here("scancel", "--me")
        self.wait_until(lambda: self.queue() == [])
        self.assertEqual(self.rig.job(other)["state"], "cancelled")
        self.run_here("scancel", "nobody", code=3)

    def queue(self):
        return self.rig.run("squeue", "-h", "-o", "%j").stdout.split()

    def wait_until(self, holds, patience=60):
        until = time.monotonic() + patience
        while not holds():
            self.assertLess(time.monotonic(), until, self.rig.story())
            time.sleep(0.2)

    def test_the_limit_ends_a_job(self):
        script = self.script("#!/bin/bash\n#SBATCH -t 0:03 --signal=B:USR1@2\ntrap 'echo told' USR1\nfor i in $(seq 600); do sleep 0.1; done\n")
        job = self.run_here("sbatch", "--wait", script, code=143).stdout.split()[-1]
        output = self.text(f"slurm-{job}.out")
        self.assertTrue(output.startswith("told\n"), output)
        self.assertIn("CANCELLED DUE TO TIME LIMIT", output)

    def watch(self, *words):
        """What a watch says until Ctrl-C ends it, while one job comes and goes."""
        with self.rig.started("jobs", "-w", *words) as process:
            lines = []
            reader = threading.Thread(target=lambda: lines.extend(process.stdout))
            reader.start()
            job = self.run_here("sbatch", "--parsable", self.script("#!/bin/bash\nsleep 3\n")).stdout.strip()
            self.rig.wait_for_end(job)
            self.wait_until(lambda: any("succeeded" in line for line in lines))
            time.sleep(2.5)  # nothing changes any more, so nothing more is said
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=30), 130)
            reader.join()
            return job, lines

    def test_a_watch_says_each_change_once(self):
        job, lines = self.watch()
        self.assertEqual(lines[0].split(), ["ID", "NAME", "STATE", "STEP", "WHERE", "TRIES", "TIME", "COST"])
        states = [line.split()[2] for line in lines[1:] if line.startswith(job)]
        self.assertEqual(states[-1], "succeeded", lines)
        self.assertIn("running", states)
        self.assertEqual(len(states), len(lines) - 1, "the titles stand once")
        self.assertEqual(states.count("succeeded"), 1, lines)
        columns = [line.index(line.split()[2]) for line in lines[1:]]
        self.assertEqual(len(set(columns)), 1, lines)

    def test_a_watch_for_programs_is_a_document_on_each_line(self):
        job, lines = self.watch("--json", "-t", "live")
        documents = [json.loads(line) for line in lines]
        self.assertEqual({each["id"] for each in documents}, {job})
        self.assertEqual(documents[-1]["state"], "succeeded", "one that fits no longer is shown once more")

    def test_a_watch_on_a_terminal_is_drawn_in_place(self):
        self.rig.wait_for_end(self.run_here("sbatch", "--parsable", "--wrap", "true").stdout.strip())
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        with subprocess.Popen([rig.TRADEWIND, "jobs", "-w"], env=self.rig.environment(), cwd=self.rig.path, stdout=theirs,
                              stderr=subprocess.DEVNULL) as process:
            os.close(theirs)
            seen = b""
            until = time.monotonic() + 60
            while seen.count(b"\x1b[J") < 2 and time.monotonic() < until:
                seen += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=30), 130)
        os.close(ours)
        self.assertIn(b"\x1b[2A\r\x1b[J", seen, "a line of titles and a job, drawn again where they stood")
        self.assertGreaterEqual(seen.count(b"wrap"), 2)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
