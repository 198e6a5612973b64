#!/usr/bin/env python3
"""A training run goes from this machine to a Slurm cluster, to a host over SSH and back, and ends with the same bits. Run
beside tests/doubles/ssh_namespaces.sh and tests/doubles/slurm.sh."""
import os
import subprocess
import sys
import unittest

import rig
import ssh_hosts
import training_test
from training_test import STEPS, TASK, weights_in

SLURM = os.environ.get("TRADEWIND_TEST_SLURM", "")


class Moves(rig.TestCase):
    @classmethod
    def setUpClass(cls):
        training_test.Training.setUpClass.__func__(cls)

    def test_from_here_to_slurm_to_ssh_and_back(self):
        home = self.home("zones:\n  - {name: here, price_per_hour: 0.10}\n")
        home.variables = {name: value for name, value in os.environ.items() if name.startswith("SLURM_")}
        shared = os.path.join(SLURM, "store", f"moves-{os.getpid()}")
        with open(home.file("config", "slurm.yaml"), "w", encoding="utf-8") as file:
            file.write(f"clusters:\n  - name: tw\n    store: {shared}\n    price_per_hour: 0.2\n"
                       "    shapes: [{name: small, cpus: 1, memory_gib: 1}]\n")
        ssh_hosts.write_hosts(home, ssh_hosts.FarHost("h1"), price_per_hour=0.2)
        task = TASK.replace("{use_spot: true}", "{}").replace("signal: SIGUSR1", "signal: SIGUSR1, stores: [slurm/tw]")
        job = home.submit(home.task(task))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")
        for target in ("slurm/tw/batch", "ssh/h1", "local/here"):
            move = home.json("move", job, "--to", target, "--wait", timeout=180)
            self.assertTrue(move["digest_equal"], move)
            self.assertEqual(move["step_saved"], move["step_resumed"])
            if target.startswith("slurm"):
                # The controller dies while the run is on its nodes, and is started again: no event for the run.
                subprocess.run(["pkill", "-9", "-F", os.path.join(SLURM, "run", "slurmctld.pid")], check=True)
                subprocess.run([os.path.join(SLURM, "bin", "slurmctld")], check=True, timeout=60, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        home.wait_for_end(job)
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual(proof["problems"], [])
        self.assertEqual(proof["proof"]["counted_steps"], STEPS)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
