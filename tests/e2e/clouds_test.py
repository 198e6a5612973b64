#!/usr/bin/env python3
"""A training run moves from one cloud to another: two servers of different kinds and owners, Ceph as S3 and Azurite as Azure Blob
Storage, hold its state. Its final weights are, bit for bit, those of a run that nothing disturbed."""
import os
import sys
import unittest

import rig
import training_test

S3 = os.environ.get("TRADEWIND_TEST_S3")
AZBLOB = os.environ.get("TRADEWIND_TEST_AZBLOB")


def below(url, folder):
    """The store's URL with its prefix one folder deeper."""
    base, _, query = url.partition("?")
    return f"{base}/{folder}?{query}"


class Clouds(training_test.Training):
    # Those of the base are its own.
    test_preemptions_and_a_move = None
    test_killed_server_and_killed_agent = None

    def zones(self, name):
        return f"""
zones:
  - {{name: west, price_per_hour: 0.10, egress_per_gb: 0.09, store: '{below(S3, name)}'}}
  - {{name: east, price_per_hour: 0.40, egress_per_gb: 0.08, store: '{below(AZBLOB, name)}'}}
"""

    def run_and_move(self, home, stores):
        job = home.submit(home.task(training_test.TASK.replace("signal: SIGUSR1", f"signal: SIGUSR1, stores: {stores}")))
        home.wait_for(job, lambda seen: seen["state"] == "running" and seen["saved_step"], "saves in the west")
        self.assertEqual(home.job(job)["location"], "local/west")
        move = home.json("move", job, "--to", "local/east", "--wait")
        self.assertEqual(move["step_saved"], move["step_resumed"])
        self.assertTrue(move["digest_equal"])
        seen = self.check_outcome(home, job)
        self.assertEqual([lease["location"] for lease in seen["leases"]], ["local/west", "local/east"])
        return job

    def test_a_run_moves_from_one_cloud_to_the_other(self):
        home = self.home(self.zones("move"))
        job = self.run_and_move(home, "[local/west, local/east]")
        # The first cloud is left behind: what the second has is all of the last checkpoint.
        prefix = home.json("checkpoint", "list", job)["store"]["prefix"].rstrip("/")
        copies = below(AZBLOB, f"move/{prefix}")
        proof = home.json("checkpoint", "verify", copies, "--read-data")
        self.assertEqual((proof["ok"], proof["damaged"]), (True, []))
        restored = home.json("checkpoint", "restore", copies, home.file("back"))
        self.assertTrue(restored["digest_ok"])
        self.assertEqual(restored["step"], training_test.STEPS)

    def test_stores_are_named_by_their_urls_too(self):
        home = self.home(self.zones("urls"))
        self.run_and_move(home, f"['{below(AZBLOB, 'home')}', '{below(S3, 'copies')}']")

    def test_a_program_does_not_see_what_opens_the_stores(self):
        home = self.home(self.zones("secrets"))
        job = home.submit(home.task(f"""
name: curious
run: env | grep -c '^AWS_\\|^AZURE_' || true
checkpoint: {{path: checkpoint, stores: [local/west]}}
"""))
        home.wait_for_end(job)
        self.assertEqual(home.run("logs", job).stdout.strip(), "0")


if __name__ == "__main__":
    if not S3 or not AZBLOB:
        print("TRADEWIND_TEST_S3 and TRADEWIND_TEST_AZBLOB are not set", file=sys.stderr)
        sys.exit(77)
    del training_test.Training  # else its tests are taken for ours
    unittest.main(verbosity=2)
