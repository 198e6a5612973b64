#!/usr/bin/env python3
"""What is taken for an option of a batch script, beside a real sbatch (tests/doubles/slurm.sh runs this): what it refuses we refuse,
what it takes we take, and the options that it found are those that we found."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import rig

TAKEN = [
    "#SBATCH --job-name=a -c 4 --time=1-02:03",
    "#SBATCH--mem=1G",
    "#SBATCH --comment=\"a b\" -J 'c d'  # the rest -n 9",
    "#SBATCH --comment=a\\\"b -n2#3",
    "# SBATCH -n 3\n##SBATCH -n 2\n\n   # text\n  #SBATCH -n 4\n#SBATCH -n 1",
    "#SBATCH -n 1\ntrue\n#SBATCH --bogus",
    "#SBATCH --cpus-per-t=3 --nice -t 90:30",
    "#SBATCH --array=1,3-9:2%2 --exclusive=user",
    "#SBATCH -n2 -t 90 --mem=100",
    "#SBATCH\n#SBATCH   \n#SBATCH # all of it",
    "#SBATCH --export=NONE,A=1 --open-mode=append --signal=B:USR1@30",
    "#SBATCH --gres=gpu:1 --ntasks-per-node=2 --requeue",
]
REFUSED = [
    "#SBATCH --bogus",
    "#SBATCH -n 1 words",
    "#SBATCH --exclusive user",
    "#SBATCH --comment=a\\ b",
    "#SBATCH --comment=\"x",
    "#SBATCH -n 1 : -n 2",
    "#SBATCH -t 1h",
    "#SBATCH --mem=1G --mem-per-cpu=2G",
    "#SBATCH --mem-",
    "#SBATCH -n",
    "#SBATCH -n 0x1",
    "#SBATCH --mem=16GiB",
    "#SBATCH --array=3-1",
    "#SBATCH --requeue=yes",
    "#SBATCH --open-mode=x",
    "#SBATCH --signal=NOSUCH",
]
# Ours by another name, and what of it a task file shows.
SHOWN = {"job-name": r"SLURM_JOB_NAME: (.*)", "ntasks": r"SLURM_NTASKS: \"(.*)\"", "cpus-per-task": r"SLURM_CPUS_PER_TASK: \"(.*)\""}


class Words(rig.TestCase):
    def both(self, lines):
        """(exit code, options by name) of the real one; (exit code, task file) of ours."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "job.sh")
            os.chmod(folder, 0o755)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + lines + "\n")
            real = subprocess.run(["sbatch", "-vv", "--test-only", path], capture_output=True, text=True, timeout=60, check=False)
            found = dict(re.findall(r"^sbatch: ([a-z-]+) +: (.*)$", real.stderr, re.M))
            ours = subprocess.run([rig.TRADEWIND, "sbatch", "--print", path], env=self.rig.environment(), capture_output=True, text=True,
                                  timeout=60, check=False)
            return real, found, ours

    def setUp(self):
        self.rig = self.home()

    def test_what_it_takes_we_take(self):
        for lines in TAKEN:
            with self.subTest(lines):
                real, found, ours = self.both(lines)
                self.assertIn("defined options", real.stderr, "sbatch itself refuses it")
                self.assertEqual(ours.returncode, 0, ours.stderr)
                for name, pattern in SHOWN.items():
                    shown = re.search(pattern, ours.stdout)
                    if name in found:
                        self.assertEqual(shown and shown.group(1), found[name], ours.stdout)

    def test_what_it_refuses_we_refuse(self):
        for lines in REFUSED:
            with self.subTest(lines):
                real, _, ours = self.both(lines)
                self.assertNotEqual(real.returncode, 0, "sbatch itself takes it")
                self.assertEqual(ours.returncode, 2, ours.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
