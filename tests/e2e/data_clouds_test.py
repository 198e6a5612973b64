#!/usr/bin/env python3
"""Data in and out of a bucket: Ceph as S3 takes one job's outputs, which the next jobs read as a copy, an input and a mount."""
import os
import sys
import unittest

import rig

S3 = os.environ.get("TRADEWIND_TEST_S3")


def below(folder):
    base, _, query = S3.partition("?")
    return f"{base}/{folder}?{query}"


class DataInClouds(rig.TestCase):
    def setUp(self):
        self.place = self.home()

    def run_job(self, text, state="succeeded"):
        seen = self.place.wait_for_end(self.place.submit(self.place.task(text)), state)
        return seen, self.place.run("logs", seen["id"]).stdout

    def fill(self, folder):
        self.run_job(f"""
outputs: {{out: '{below(folder)}'}}
run: |
  mkdir -p 'out/year=2024'
  echo 'with a blank' > 'out/year=2024/a b+c.txt'
  head -c 20000000 /dev/zero | tr '\\0' x > out/big
""")

    def test_what_one_job_writes_the_next_ones_read(self):
        self.fill("copy")
        size = 20000000 + len("with a blank\n")
        text = f"""
file_mounts: {{data: '{below('copy')}'}}
inputs: {{one: '{below('copy/big')}'}}
run: cat 'data/year=2024/a b+c.txt'; cmp data/big "$TRADEWIND_INPUTS/one" && echo equal; env | grep -c '^AWS_' || true
"""
        for moved, reused in ((size + 20000000, 0), (0, size + 20000000)):
            seen, logs = self.run_job(text)
            self.assertTrue(logs.endswith("with a blank\nequal\n0\n"), logs)
            self.assertEqual((seen["leases"][0]["bytes_moved"], seen["leases"][0]["bytes_reused"]), (moved, reused))

    def test_a_bucket_is_mounted_or_refused_with_the_cure(self):
        self.fill("mount")
        text = f"""
file_mounts: {{data: {{source: '{below('mount')}', mode: MOUNT}}}}
run: cat 'data/year=2024/a b+c.txt'; cat data/big | wc -c; tail -c 5 data/big
"""
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            self.assertIn("mode: COPY", self.run_job(text, "failed")[0]["reason"])
            return
        for told in ("19.1 MiB moved, 0 B reused", "0 B moved, 19.1 MiB reused"):
            logs = self.run_job(text)[1]
            self.assertIn("with a blank\n20000000\nxxxxx", logs)
            self.assertIn(told, logs)

    def test_what_is_not_there_is_told(self):
        seen, _ = self.run_job(f"inputs: {{none: '{below('nowhere')}'}}\nrun: 'true'\n", "failed")
        self.assertIn("there is nothing at", seen["reason"])


if __name__ == "__main__":
    if not S3:
        print("TRADEWIND_TEST_S3 is not set", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
