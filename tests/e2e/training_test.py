#!/usr/bin/env python3
"""The main promise, on real processes: whatever befalls a training run, its final weights are, bit for bit, those of a
run that nothing disturbed. Trains the recipe's tiny model through the real programs."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
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
            environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND_")}
            done = subprocess.run(command, cwd=RECIPE, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=180)
            cls.undisturbed = weights_in(done.stdout)

    def check_outcome(self, home, job):
        """The job's document: its weights are equal, each step is counted once, every byte reads back, nothing runs on."""
        seen = home.wait_for_end(job)
        self.assertEqual(home.wait_for_quiet(), [])
        places = [lease["id"] for lease in seen["leases"] if lease["instance"]]
        self.assertEqual([record["lease"] for record in seen["ledger"] if record["kind"] == "claim"], places)
        self.assertEqual([record["kind"] for record in seen["ledger"]].count("finish"), 1)
        self.assertEqual(weights_in(home.run("logs", job).stdout), self.undisturbed)
        proof = home.json("checkpoint", "verify", job)
        self.assertEqual(proof["problems"], [])
        self.assertTrue(proof["verified"] and proof["proof"]["proven"], proof)
        self.assertTrue(all(epoch["digest_equal"] for epoch in proof["proof"]["epochs"]), proof)
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
        with home.started("run", home.task(TASK)) as follower:
            until = time.monotonic() + 30
            while not home.json("jobs")["jobs"] and time.monotonic() < until:
                time.sleep(0.1)
            job = home.json("jobs")["jobs"][0]["id"]
            home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a first checkpoint")

            server = home.server_pid()
            os.kill(server, signal.SIGKILL)
            self.assertEqual([(each["id"], each["state"]) for each in home.json("jobs")["jobs"]], [(job, "running")])
            self.assertNotEqual(home.server_pid(), server)
            self.assertEqual(len(home.job(job)["leases"]), 1, "the job ran on in its place")

            agents = home.agents()
            self.assertEqual(len(agents), 1)
            os.kill(agents[0], signal.SIGKILL)
            out, err = follower.communicate(timeout=120)
        self.assertEqual(follower.returncode, 0, err)
        self.assertEqual(weights_in(out), self.undisturbed, "who followed the job saw its end")
        seen = self.check_outcome(home, job)
        self.assertEqual([lease["end"] for lease in seen["leases"] if lease["instance"]], ["lost", "finished"])
        self.assertGreater(seen["leases"][-1]["first_step"], 0, "it went on from its checkpoint")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
