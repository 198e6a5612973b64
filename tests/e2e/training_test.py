#!/usr/bin/env python3
"""The main promise, on real processes: whatever befalls a training run, its final weights are, bit for bit, those of a
run that nothing disturbed. Trains the recipe's tiny model through the real programs."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import rig

STEPS = 1200
RECIPE = os.path.join(rig.ROOT, "recipes", "train")
TASK = f"""
name: tiny
resources: {{use_spot: true}}
workdir: {RECIPE}
run: exec /usr/bin/python3 -u train.py --size tiny --steps {STEPS} --sample 20 --save-every 100 --log-every 100
work: {{unit: step, total: {STEPS}}}
checkpoint: {{path: checkpoint, interval: 2s, signal: SIGUSR1}}
"""


def weights_in(log):
    found = re.search(rf"done: {STEPS} steps, weights sha256 ([0-9a-f]{{64}})", log)
    if not found:
        raise AssertionError("the log does not end as it should:\n" + log[-2000:])
    return found.group(1)


class Training(rig.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            command = ["/usr/bin/python3", "train.py", "--size", "tiny", "--steps", str(STEPS), "--sample", "20", "--out", folder]
            done = subprocess.run(command, cwd=RECIPE, stdout=subprocess.PIPE, text=True, check=True, timeout=180)
            cls.undisturbed = weights_in(done.stdout)

    def check_outcome(self, home, job):
        """The job's document: its weights are equal, each step is counted once, and every byte reads back."""
        seen = home.wait_for_end(job)
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual(proof["problems"], [])
        self.assertTrue(proof["proof"]["proven"], proof)
        self.assertEqual(proof["proof"]["counted_steps"], STEPS)
        return seen

    def test_preemptions_and_a_move(self):
        home = self.home("""
zones:
  - {name: abrupt, price_per_hour: 0.10, trace: {clock: zone, tick: 1s, notice: no, runs: [[1, 6], [0, 3600]]}}
  - {name: polite, price_per_hour: 0.20, notice_lead: 4s, trace: {clock: zone, tick: 1s, runs: [[1, 9], [0, 3600]]}}
  - {name: steady, price_per_hour: 0.30}
  - {name: target, price_per_hour: 0.40}
""")
        job = home.submit(home.task(TASK))
        home.wait_for(job, lambda seen: seen["state"] == "running" and seen["location"] == "local/steady" and
                      seen["leases"][-1]["last_step"] > seen["leases"][-1]["first_step"], "trains at its third place")
        move = home.json("move", job, "--to", "local/target", "--wait")
        self.assertEqual((move["from"], move["to"]), ("local/steady", "local/target"))
        self.assertEqual(move["step_saved"], move["step_resumed"])
        self.assertTrue(move["digest_equal"])
        self.assertGreater(move["downtime_s"], 0)
        self.assertGreater(move["bytes_moved"] + move["bytes_reused"], 0)

        seen = self.check_outcome(home, job)
        ended = {lease["location"]: lease["end"] for lease in seen["leases"] if lease["instance"]}
        self.assertEqual(ended, {"local/abrupt": "preempted", "local/polite": "preempted", "local/steady": "moved",
                                 "local/target": "finished"})
        redone = {gap["from"]: gap["steps_redone"] for gap in seen["receipt"]["interruptions"]}
        polite = next(lease["id"] for lease in seen["leases"] if lease["location"] == "local/polite" and lease["instance"])
        self.assertEqual(redone[polite], 0, "a preemption with notice costs no step")

    def test_killed_server_and_killed_agent(self):
        home = self.home("zones:\n  - {name: one, price_per_hour: 0.10}\n")
        job = home.submit(home.task(TASK))
        home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")
        server = home.server_pid()
        os.kill(server, signal.SIGKILL)
        before = home.wait_for(job, lambda seen: seen["state"] == "running", "seen again by the next server")
        self.assertNotEqual(home.server_pid(), server)
        self.assertEqual(len(before["leases"]), 1, "the job ran on in its place")

        agents = home.agents()
        self.assertEqual(len(agents), 1)
        os.kill(agents[0], signal.SIGKILL)
        seen = self.check_outcome(home, job)
        self.assertEqual([lease["end"] for lease in seen["leases"] if lease["instance"]], ["lost", "finished"])
        self.assertGreater(seen["leases"][-1]["first_step"], 0, "it went on from its checkpoint")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
