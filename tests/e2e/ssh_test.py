#!/usr/bin/env python3
"""Hosts of one's own, reached by SSH: a training run goes there, comes back, and outlives the link."""
import sys
import time
import unittest

import rig
import ssh_hosts
from training_test import STEPS, TASK, weights_in
import training_test


class Ssh(rig.TestCase):
    @classmethod
    def setUpClass(cls):
        training_test.Training.setUpClass.__func__(cls)

    def test_moves_to_a_host_to_another_and_back(self):
        first, second = ssh_hosts.Host(self, "gpu1"), ssh_hosts.Host(self, "gpu2")
        home = self.home("zones:\n  - {name: here, price_per_hour: 0.10}\n")
        ssh_hosts.write_hosts(home, first, second)
        task = TASK.replace("resources: {use_spot: true}", "resources: {any_of: [{infra: ssh/gpu1}]}")
        job = home.submit(home.task(task.replace("resources: {any_of: [{infra: ssh/gpu1}]}", "resources: {}")),
                          )
        seen = home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")
        place = seen["location"]
        for target in ("ssh/gpu1", "ssh/gpu2", "local/here"):
            if target == place:
                continue
            move = home.json("move", job, "--to", target, "--wait")
            self.assertTrue(move["digest_equal"], move)
            self.assertEqual(move["step_saved"], move["step_resumed"])
        seen = home.wait_for_end(job)
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual(proof["problems"], [])
        self.assertEqual(proof["proof"]["counted_steps"], STEPS)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
