#!/usr/bin/env python3
"""What befalls links and hosts: a silent cut, the death of a host, two control planes on one host. Run beside the hosts of
tests/doubles/ssh_namespaces.sh."""
import sys
import time
import unittest

import rig
import ssh_hosts
import training_test
from training_test import TASK, weights_in


class Links(rig.TestCase):
    @classmethod
    def setUpClass(cls):
        training_test.Training.setUpClass.__func__(cls)

    def setUp(self):
        self.first, self.second = ssh_hosts.FarHost("h1"), ssh_hosts.FarHost("h2")

    def test_a_silent_cut_is_no_reason_to_restart(self):
        home = self.home()
        ssh_hosts.write_hosts(home, self.first)
        job = home.submit(home.task(TASK.replace("{use_spot: true}", "{infra: ssh}")))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")
        self.first.control("cut")
        try:
            home.wait_for(job, lambda seen: seen["unseen_since"], "it is shown as unseen", patience=90)
            self.assertEqual(home.job(job)["state"], "running")
        finally:
            self.first.control("restore")
        seen = home.wait_for_end(job, patience=180)
        self.assertEqual(len([lease for lease in seen["leases"] if lease["instance"]]), 1,
                         "it ran on in its place\n" + home.story())
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)

    def test_the_death_of_a_host_costs_the_steps_since_the_checkpoint(self):
        home = self.home()
        ssh_hosts.write_hosts(home, self.first)
        job = home.submit(home.task(TASK.replace("{use_spot: true}", "{infra: ssh}")))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")
        self.first.control("kill")
        time.sleep(1)
        self.first.control("start")
        seen = home.wait_for_end(job, patience=240)
        ends = [lease["end"] for lease in seen["leases"] if lease["instance"]]
        self.assertEqual(ends, ["lost", "finished"])
        self.assertGreater(seen["leases"][-1]["first_step"], 0, "it went on from its checkpoint")
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)

    def test_two_control_planes_take_turns_on_one_host(self):
        homes = [self.home(), self.home()]
        jobs = []
        for home in homes:
            ssh_hosts.write_hosts(home, self.second)
            jobs.append(home.submit(home.task("resources: {infra: ssh/h2}\n"
                                              "run: date +%s.%N; sleep 6; date +%s.%N\n")))
        spans = []
        for home, job in zip(homes, jobs):
            home.wait_for_end(job, patience=180)
            words = home.run("logs", job).stdout.split()
            spans.append([float(word) for word in words if word.replace(".", "").isdigit()])
        spans.sort()
        self.assertEqual([len(span) for span in spans], [2, 2], spans)
        self.assertLess(spans[0][1], spans[1][0], "both had the whole host at once")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
