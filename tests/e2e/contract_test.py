#!/usr/bin/env python3
"""The JSON that programs rely on: tests/golden/cli holds an example of each document. What the real program prints must have
every member of the example, of the same kind; more members are welcome. An example's list has one element, which stands
for all; null stands for anything."""
import json
import os
import sys
import unittest

import rig

GOLDEN = os.path.join(rig.ROOT, "tests", "golden", "cli")
TASK = """
name: count
run: |
  for i in $(seq 1 40); do echo "$i" > "$TRADEWIND_CHECKPOINT_DIR/.n"; mv "$TRADEWIND_CHECKPOINT_DIR/.n" "$TRADEWIND_CHECKPOINT_DIR/n"
    echo "{\\"step\\":$i,\\"total\\":40}" >> "$TRADEWIND_PROGRESS"; echo "{\\"checkpoint\\":\\"saved\\",\\"step\\":$i}" >> "$TRADEWIND_PROGRESS"
    sleep 0.2; done
work: {unit: step, total: 40, rate: {cpu: 5}}
checkpoint: {path: state, interval: 1s}
"""


def differences(example, found, path):
    if example is None:
        return []
    if isinstance(example, bool) or not isinstance(example, (int, float)):
        if type(example) is not type(found):
            return [f"{path} is {found!r}, not like {example!r}"]
    elif not isinstance(found, (int, float)) or isinstance(found, bool):
        return [f"{path} is {found!r}, not a number"]
    if isinstance(example, dict):
        missing = [f"{path}.{key} is missing" for key in example if key not in found]
        return missing + [line for key in example if key in found for line in differences(example[key], found[key], f"{path}.{key}")]
    if isinstance(example, list) and example:
        return [line for i, each in enumerate(found) for line in differences(example[0], each, f"{path}[{i}]")]
    return []


class Contract(rig.TestCase):
    def check(self, name, document, filled=()):
        with open(os.path.join(GOLDEN, name + ".json"), encoding="utf-8") as file:
            example = json.load(file)
        self.assertEqual(differences(example, document, name), [])
        for key in filled:
            self.assertTrue(document[key], f"{name}.{key} is empty")

    def test_offline(self):
        home = self.home()
        self.check("offers", home.json("offers", "H100"), ["offers"])
        cpus = home.json("offers", "--no-accelerator", "-n", "3")["offers"]
        self.assertTrue(all(offer["accelerator"] is None for offer in cpus))
        plan = home.json("plan", home.task(TASK), "--infra", "aws", "--infra", "gcp")
        self.check("plan", plan, ["plans", "rejected"])
        self.check("plan_chosen", plan["chosen"])
        impossible = home.json("plan", home.task("name: x\nrun: 'true'\nresources: {cpus: 100000+}\n"), code=4)
        self.assertIsNone(impossible["chosen"])
        self.check("error", home.json("plan", "missing.yaml", code=3))

    def test_spot_policies(self):
        home = self.home()
        self.check("simulate_policies", home.json("simulate", "--synthetic", "--policy", "failover", "--class", "blind", "--seeds", "2"), ["runs"])
        home.json("traces", "synthesise", "--days", "3")
        self.check("traces", home.json("traces", "ls"), ["traces"])
        self.check("traces_stats", home.json("traces", "stats"), ["traces", "correlations"])

    def test_jobs(self):
        home = self.home("zones:\n  - {name: a, price_per_hour: 0.1}\n  - {name: b, price_per_hour: 0.2}\n")
        submitted = home.json("run", home.task(TASK), "--detach")
        self.check("run", submitted)
        job = submitted["job"]
        home.wait_for(job, lambda seen: seen["saved_step"] > 0, "a checkpoint")
        self.check("move", home.json("move", job, "--to", "local/b", "--wait"))
        home.wait_for_end(job)
        self.check("jobs", home.json("jobs"), ["jobs"])
        self.check("job", home.json("job", job), ["leases", "ledger", "moves", "charges"])
        self.check("error", home.json("move", job, "--to", "local/a", code=1))
        self.check("error", home.json("job", "nobody", code=3))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
