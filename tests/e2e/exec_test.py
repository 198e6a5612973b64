#!/usr/bin/env python3
"""A supplier that is somebody's own program: the recipe passes all that a supplier must keep, and jobs run, are taken back and end on
it, whatever befalls the program; nothing is left."""
import json
import os
import signal
import subprocess
import time
import unittest

import rig

RECIPE = os.path.join(rig.ROOT, "recipes", "supplier", "supplier.py")
PYTHON = "/usr/bin/python3"
STEPS = 60
TASK = f"""
name: counter
resources: {{infra: rented/here}}
run: |
  mkdir -p state
  n=$(cat state/n 2>/dev/null || echo 0)
  echo "begins at $n"
  while [ "$n" -lt {STEPS} ]; do
    n=$((n + 1))
    echo $n >state/n.new && mv state/n.new state/n
    echo "{{\\"step\\": $n, \\"total\\": {STEPS}}}" >>"$TRADEWIND_PROGRESS"
    sleep 0.2
  done
  echo "counted to $n"
checkpoint: {{path: state, interval: 1s}}
"""


def reads(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


class Supplier(rig.TestCase):
    def setUp(self):
        self.place = self.home()
        os.mkdir(self.place.file("tmp"))
        self.place.variables["TMPDIR"] = self.place.file("tmp")

    def rent(self, *words):
        """exec.yaml with the recipe as the supplier "rented"."""
        with open(self.place.file("config", "exec.yaml"), "w", encoding="utf-8") as file:
            json.dump({"suppliers": [{"name": "rented", "command": [PYTHON, "-B", RECIPE, *words], "timeout": "20s"}]}, file)

    def state(self):
        return self.place.file("state", "exec", "rented")

    def inside(self):
        """Pids of all that runs in an instance: each carries the recipe's mark."""
        return [pid for pid, _ in self.place.processes() if b"SUPPLIER_INSTANCE=" in reads(pid, "environ")]

    def programs(self):
        """Pids of the recipe, keepers of instances included."""
        return [pid for pid, _ in self.place.processes() if RECIPE.encode() in reads(pid, "cmdline")]

    @staticmethod
    def parent(pid):
        stat = reads(pid, "stat")
        return int(stat.rsplit(b")", 1)[1].split()[1]) if stat else 0

    def preempt(self, lease):
        subprocess.run([PYTHON, "-B", RECIPE, "--state", self.state(), "preempt", lease], check=True, timeout=60)

    def check_end(self, job):
        seen = self.place.wait_for_end(job, patience=240)
        log = self.place.run("logs", job).stdout
        self.assertIn(f"counted to {STEPS}", log)
        self.assertEqual({lease["location"] for lease in seen["leases"]}, {"rented/here"})
        until = time.monotonic() + 30
        while self.inside() and time.monotonic() < until:
            time.sleep(0.1)
        self.assertEqual(self.inside(), [], "left of an instance")
        proof = self.place.json("checkpoint", "verify", job)
        self.assertTrue(proof["verified"] and proof["proof"]["proven"], proof)
        return seen, log


class Jobs(Supplier):
    def test_its_offers_are_seen_planned_and_checked(self):
        self.rent("--price", "0.10")
        sold = self.place.json("offers", "--provider", "rented")["offers"]
        self.assertEqual(sorted((offer["region"], offer["instance_type"], offer["purchase"]) for offer in sold),
                         [("here", name, purchase) for name in ("large", "small") for purchase in ("on_demand", "spot")])
        plan = self.place.json("plan", self.place.task(TASK))
        self.assertIn("rented/here", json.dumps(plan).replace("\\/", "/"))
        for name in ("exec", "exec/rented", "rented"):
            checks = self.place.json("check", name)
            self.assertTrue(checks["usable"], checks)
        self.assertIn("it has rented", json.loads(self.place.run("check", "exec/rentde", "--json", code=3).stdout)["error"]["hint"])
        self.assertEqual(self.programs(), [], "the program ends with the command that asked it")

    def test_a_job_that_is_taken_back_goes_on_from_its_save(self):
        self.rent()
        job = self.place.submit(self.place.task(TASK))
        self.place.wait_for(job, lambda seen: seen["state"] == "running" and seen["saved_step"], "a first save")
        lease = self.place.job(job)["leases"][0]
        self.preempt(lease["id"])
        seen, log = self.check_end(job)
        self.assertEqual(seen["leases"][0]["end"], "preempted", seen["leases"])
        self.assertEqual(seen["leases"][-1]["end"], "finished", seen["leases"])
        begins = [int(line.split()[-1]) for line in log.splitlines() if "begins at" in line]
        self.assertEqual(begins[0], 0)
        self.assertGreater(begins[-1], 0, "it went on from what was saved before the end")

    def test_the_program_is_killed_in_the_middle(self):
        self.rent()
        job = self.place.submit(self.place.task(TASK))
        self.place.wait_for(job, lambda seen: seen["state"] == "running", "it runs")
        for _ in range(2):
            server = self.place.server_pid()
            asked = [pid for pid in self.programs() if self.parent(pid) == server]
            self.assertEqual(len(asked), 1, "one program is kept")
            os.kill(asked[0], signal.SIGKILL)
            time.sleep(4)  # longer than the pause before it is started again
        seen, _ = self.check_end(job)
        self.assertEqual(len(seen["leases"]), 1, "a program's death is no instance's")
        self.assertIn("killed by SIGKILL", self.place.server_log() + self.place.run("events").stdout)

    def test_the_keeper_of_an_instance_is_killed(self):
        self.rent()
        job = self.place.submit(self.place.task(TASK))
        self.place.wait_for(job, lambda seen: seen["state"] == "running", "it runs")
        os.kill(self.parent(self.place.agents()[0]), signal.SIGKILL)
        seen, _ = self.check_end(job)
        self.assertGreater(len(seen["leases"]), 1)


class Conformance(Supplier):
    def trial(self, *words, command=(PYTHON, "-B", RECIPE, "--capacity", "3"), code=0):
        done = self.place.run("provider", "test", "--json", *words, "--", *command, code=code, timeout=500)
        self.assertEqual(self.inside(), [], "left of an instance")
        return json.loads(done.stdout)

    def test_the_recipe_keeps_all_rules(self):
        report = self.trial("--capacity", "3")
        self.assertTrue(report["conforms"] and report["nothing_left"], report)
        self.assertEqual([check["status"] for check in report["checks"]], ["ok"] * 13, report)
        self.assertEqual(os.listdir(self.place.file("tmp")), [], "its folder goes with the trial")

    def test_a_broken_rule_is_named_with_its_cure(self):
        with open(RECIPE, encoding="utf-8") as file:
            text = file.read()
        broken = text.replace('raise Refused("invalid_argument", "there is no such page")', "page = ''")
        self.assertNotEqual(broken, text)
        path = self.place.task(broken, "broken.py")
        report = self.trial(command=(PYTHON, "-B", path), code=1)
        self.assertFalse(report["conforms"])
        wrong = {check["name"]: check for check in report["checks"] if check["status"] == "broken"}
        self.assertEqual(set(wrong), {"PagesShowEachInstanceOnce"})
        self.assertEqual(wrong["PagesShowEachInstanceOnce"]["problems"], ["a page that there is not was answered"])
        self.assertIn("refuse a page that you did not make", wrong["PagesShowEachInstanceOnce"]["cure"])
        self.assertEqual([check["name"] for check in report["checks"] if check["status"] == "not_run"],
                         ["FullSupplierSaysSoUntilThereIsRoom"])

    def test_what_costs_is_said_before_and_needs_a_yes(self):
        done = self.place.run("provider", "test", "--", PYTHON, "-B", RECIPE, "--price", "0.50", code=4)
        self.assertIn("trial/here:small:spot", done.stderr)
        self.assertIn("At $0.20 an hour that is", done.stderr)
        self.assertIn("--yes", done.stderr)
        self.assertEqual(self.inside(), [])

    def test_wrong_programs_and_offers_are_told(self):
        error = self.trial(command=("/bin/cat",), code=5)["error"]
        self.assertIn("/bin/cat", error["message"])
        error = self.trial("--offer", "huge", code=3)["error"]
        self.assertIn("trial/here:small:on_demand", error["hint"])
        self.assertIn("/nowhere", self.trial(command=("/nowhere",), code=3)["error"]["message"])

    def test_ctrl_c_ends_what_was_launched(self):
        with self.place.started("provider", "test", "--", PYTHON, "-B", RECIPE) as process:
            until = time.monotonic() + 90
            while not self.inside() and time.monotonic() < until:
                time.sleep(0.05)
            self.assertNotEqual(self.inside(), [], "nothing was launched")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, out + err)
        self.assertIn("interrupted", out)
        self.assertEqual(self.inside(), [])
        self.assertEqual(self.programs(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
