#!/usr/bin/env python3
"""Hosts of one's own, reached by SSH: a training run goes there, comes back, and outlives the link."""
import sys
import os
import signal
import time
import unittest

import rig
import ssh_hosts
import training_test
from training_test import STEPS, TASK, weights_in


class Ssh(rig.TestCase):
    @classmethod
    def setUpClass(cls):
        training_test.Training.setUpClass.__func__(cls)

    def test_moves_to_a_host_to_another_and_back(self):
        first, second = ssh_hosts.Host(self, "gpu1"), ssh_hosts.Host(self, "gpu2")
        home = self.home("zones:\n  - {name: here, price_per_hour: 0.10}\n")
        ssh_hosts.write_hosts(home, first, second, price_per_hour=0.2)
        job = home.submit(home.task(TASK.replace("{use_spot: true}", "{}")))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0 and seen["location"] == "local/here",
                      "a checkpoint here")
        for target in ("ssh/gpu1", "ssh/gpu2", "local/here"):
            move = home.json("move", job, "--to", target, "--wait")
            self.assertTrue(move["digest_equal"], move)
            self.assertEqual(move["step_saved"], move["step_resumed"])
        seen = home.wait_for_end(job)
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual(proof["problems"], [])
        self.assertEqual(proof["proof"]["counted_steps"], STEPS)


    def test_a_cut_link_and_a_dead_control_plane_harm_nothing(self):
        host = ssh_hosts.Host(self, "gpu1")
        home = self.home()
        ssh_hosts.write_hosts(home, host)
        job = home.submit(home.task(TASK.replace("{use_spot: true}", "{infra: ssh/gpu1}")))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")
        host.cut()
        time.sleep(5)  # longer than the program's next checkpoint
        self.assertEqual(home.job(job)["state"], "running")
        os.kill(home.server_pid(), signal.SIGKILL)
        host.start()
        seen = home.wait_for_end(job)
        self.assertEqual(len([lease for lease in seen["leases"] if lease["instance"]]), 1, "it ran on in its place")
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)

    def test_jobs_leave_nothing_on_the_host(self):
        host = ssh_hosts.Host(self, "gpu1")
        home = self.home()
        ssh_hosts.write_hosts(home, host, forget_after="3s")
        task = home.task("resources: {infra: ssh/gpu1}\nrun: echo hello from $TRADEWIND_LOCATION; pwd\n")
        for _ in range(2):
            job = home.submit(task)
            home.wait_for_end(job)
            self.assertIn("hello from ssh/gpu1", home.run("logs", job).stdout)
        offers = home.json("offers", "--provider", "ssh")["offers"]
        self.assertEqual([offer["instance_type"] for offer in offers], ["whole"])
        until = time.monotonic() + 60
        while os.path.exists(host.folder) and time.monotonic() < until:
            time.sleep(0.5)
        self.assertFalse(os.path.exists(host.folder), "left behind: " + str(host.left()))
        self.assertFalse(os.path.exists(host.file("claims")))

    def test_check_proves_each_host_and_names_the_cure(self):
        good, bad = ssh_hosts.Host(self, "gpu1"), ssh_hosts.Host(self, "gpu2")
        with open(good.file("host_key.pub"), encoding="utf-8") as key, open(bad.file("known_hosts"), "w", encoding="utf-8") as known:
            known.write(f"[127.0.0.1]:{bad.port} {key.read()}")
        home = self.home()
        ssh_hosts.write_hosts(home, good, bad)
        checked = home.json("check", "ssh", code=1)
        found = {line["name"]: line for line in checked["checks"]}
        self.assertFalse(checked["usable"])
        self.assertEqual(found["ssh/gpu1"]["status"], "ok", found)
        self.assertEqual(found["ssh/gpu1 way back"]["status"], "ok", found)
        self.assertEqual(found["ssh/gpu2"]["status"], "broken")
        self.assertIn("has changed", found["ssh/gpu2"]["detail"])
        self.assertIn("somebody may be in between", found["ssh/gpu2"]["cure"])
        self.assertTrue(home.json("check", "ssh/gpu1")["usable"])
        self.assertIn("it has ssh/gpu1, ssh/gpu2", home.run("check", "ssh/gpu3", code=3).stderr)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
