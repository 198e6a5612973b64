#!/usr/bin/env python3
"""Spot policies through the program, against a market of this file's own: the rules of docs/formats/scenario.md, written down a
second time. Each answer comes before the next line is sent, can be given, and no deadline is missed that on-demand can keep;
what a run cost is what `tradewind simulate` says. Where an outsider's judge lies beside the project, it plays too."""
import json
import math
import os
import random
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(os.environ.get("TRADEWIND_BIN", os.path.join(ROOT, "build", "bin")), "tradewind")
JUDGE = os.path.join(os.environ.get("TRADEWIND_SPOT", os.path.join(os.path.dirname(ROOT), "shared", "spot")), "judge", "judge.py")


def scenario(rng, number):
    ticks = rng.randrange(6, 40)
    zones = [{"name": f"z{i}", "provider": "p", "region": rng.choice("ab"), "zone": f"z{i}", "on_demand_per_h": rng.choice((3.0, 4.5)),
              "spot_price": [[round(rng.uniform(0.3, 2), 3), 1 + rng.randrange(9)] for _ in range(3)], "trace": f"t{number}-{i}", "start_tick": 0}
             for i in range(1 + rng.randrange(4))]
    work = rng.randrange(100, max(101, 100 * ticks - 60))
    return {"id": f"s{number}", "class": "random", "tick_s": 100, "deadline_ticks": ticks, "work_s": work, "cold_start_s": rng.choice((0, 50, 130)),
            "checkpoint_gb": 5, "transfer_gbps": 1.0, "checkpoint_interval_s": rng.choice((0, 90)), "egress_usd_per_gb": {"a>b": 0.01, "*": 0.02},
            "info": rng.choice(("all", "region", "held")), "nodes": 1, "penalty_factor": 3.0, "zones": zones}


class Market:
    """One job in one market, tick by tick."""

    def __init__(self, told, up):
        self.s, self.up = told, up
        self.zones = {zone["name"]: zone for zone in told["zones"]}
        self.tick, self.held, self.setup, self.done, self.saved, self.cost = 0, None, 0.0, 0.0, 0.0, 0.0
        self.region, self.attempt, self.finished = None, None, None

    def price(self, name):
        passed = 0
        for price, ticks in self.zones[name]["spot_price"]:
            passed += ticks
            if self.tick < passed:
                return price
        return self.zones[name]["spot_price"][-1][0]

    def begin(self):
        lost = bool(self.held and self.held["purchase"] == "spot" and not self.up[self.held["zone"]][self.tick])
        if lost:
            self.held, self.setup, self.done = None, 0.0, self.saved
        here = self.zones[self.held["zone"]]["region"] if self.held else self.region or self.s["zones"][0]["region"]
        seen = {"all": lambda zone: True, "region": lambda zone: zone["region"] == here,
                "held": lambda zone: bool(self.held) and self.held == {"zone": zone["name"], "purchase": "spot"}}[self.s["info"]]
        self.shown = {name: bool(self.up[name][self.tick]) for name, zone in self.zones.items() if seen(zone)}
        return {"type": "tick", "tick": self.tick, "time_s": self.tick * 100, "held": self.held, "preempted": lost, "setup_left_s": self.setup,
                "progress_s": self.done, "checkpoint_s": self.saved, "checkpoint_region": self.region, "cost_usd": self.cost,
                "last_attempt": self.attempt, "available": self.shown, "spot_price": {name: self.price(name) for name in self.zones}}

    def act(self, answer):
        self.attempt = None
        if answer["action"] == "launch":
            zone, purchase = self.zones[answer["zone"]], answer["purchase"]
            ok = purchase == "on_demand" or bool(self.up[zone["name"]][self.tick])
            assert ok or self.shown.get(zone["name"]) is None, "spot where it was shown not to be had"
            self.attempt = {"zone": zone["name"], "purchase": purchase, "ok": ok}
            if ok:
                self.release()
                self.held, self.setup = {"zone": zone["name"], "purchase": purchase}, float(self.s["cold_start_s"])
                if self.saved > 0 and self.region not in (None, zone["region"]):
                    self.setup += self.s["checkpoint_gb"] * 8 / self.s["transfer_gbps"]
                    prices = self.s["egress_usd_per_gb"]
                    self.cost += self.s["checkpoint_gb"] * prices.get(f"{self.region}>{zone['region']}", prices["*"])
        elif answer["action"] == "stop":
            self.release()
        else:
            assert answer == {"action": "hold"}, answer
        if self.held:
            self.run()
        self.tick += 1

    def release(self):
        if self.held:
            self.saved, self.held, self.setup = self.done, None, 0.0

    def run(self):
        zone = self.zones[self.held["zone"]]
        price = self.price(zone["name"]) if self.held["purchase"] == "spot" else zone["on_demand_per_h"]
        idle = min(self.setup, 100.0)
        self.setup -= idle
        if self.setup <= 1e-9:
            self.region = zone["region"]
        worked = min(100.0 - idle, self.s["work_s"] - self.done)
        self.done += worked
        step = self.s["checkpoint_interval_s"]
        self.saved = max(self.saved, math.floor(self.done / step + 1e-9) * step) if step else self.done
        over = self.done >= self.s["work_s"] - 1e-6
        self.cost += price * ((idle + worked) if over else 100.0) / 3600
        if over:
            self.finished = self.tick * 100 + idle + worked

    def over(self):
        return self.finished is not None or self.tick >= self.s["deadline_ticks"]

    def total(self):
        if self.finished is not None:
            return self.cost
        cheapest = min(zone["on_demand_per_h"] for zone in self.s["zones"])
        return self.cost + 3 * cheapest * (self.s["work_s"] - self.saved + self.s["cold_start_s"]) / 3600


def told(whole):
    hidden = ("spot_price", "trace", "start_tick")
    return {"type": "scenario"} | {key: value for key, value in whole.items() if key not in ("class", "zones")} | {
        "zones": [{key: value for key, value in zone.items() if key not in hidden} for zone in whole["zones"]]}


def policies():
    return subprocess.run([PROGRAM, "policy"], capture_output=True, text=True, check=True, timeout=20).stdout.split()


class Policies(unittest.TestCase):
    def play(self, name, cases):
        """[(scenario, up)] → [Market] after its last tick. Each answer is awaited before the next line is sent."""
        markets = []
        with subprocess.Popen([PROGRAM, "policy", "--name", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            def send(message):
                process.stdin.write(json.dumps(message) + "\n")
                process.stdin.flush()
            for whole, up in cases:
                market = Market(whole, up)
                send(told(whole))
                while not market.over():
                    send(market.begin())
                    market.act(json.loads(process.stdout.readline()))
                send({"type": "end", "id": whole["id"], "finished": market.finished is not None})
                markets.append(market)
            process.stdin.close()
            self.assertEqual(process.stdout.read(), "", "nothing but answers")
            self.assertEqual(process.wait(20), 0)
        return markets

    def test_every_policy_keeps_deadlines_and_costs_what_simulate_says(self):
        rng, cases = random.Random(4), []
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "s"))
            os.makedirs(os.path.join(folder, "traces"))
            for number in range(60):
                whole, up = scenario(rng, number), {}
                for zone in whole["zones"]:
                    share = rng.random()
                    up[zone["name"]] = [int(rng.random() < share) for _ in range(whole["deadline_ticks"])]
                    with open(os.path.join(folder, "traces", zone["trace"] + ".json"), "w", encoding="utf-8") as file:
                        json.dump({"id": zone["trace"], "gap_seconds": 100, "runs": [[value, 1] for value in up[zone["name"]]]}, file)
                with open(os.path.join(folder, "s", f"{number:02}.json"), "w", encoding="utf-8") as file:
                    json.dump(whole, file)
                cases.append((whole, up))
            files = [os.path.join(folder, "s", f"{number:02}.json") for number in range(60)]
            # Exit code 1: some of these deadlines cannot be kept.
            done = subprocess.run([PROGRAM, "simulate", *files, "--json"], capture_output=True, text=True, check=False, timeout=60)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            simulated = {run["scenario"]: run for run in json.loads(done.stdout)["runs"]}
        for name in policies():
            for market in self.play(name, cases):
                whole = market.s
                where = f"{name} in {whole['id']}"
                if whole["work_s"] + whole["cold_start_s"] <= 100 * whole["deadline_ticks"]:
                    self.assertIsNotNone(market.finished, where)
                self.assertAlmostEqual(market.total(), simulated[whole["id"]]["policies"][name]["cost_usd"], places=6, msg=where)
                if simulated[whole["id"]]["optimum_usd"] is not None and whole["checkpoint_interval_s"] == 0:
                    self.assertGreaterEqual(market.total(), simulated[whole["id"]]["optimum_usd"] - 1e-6, where)

    def test_bad_lines_and_names_end_with_a_sentence(self):
        def ended(arguments, text):
            return subprocess.run([PROGRAM, "policy", *arguments], input=text, capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(ended(["--name", "failover"], "").returncode, 0)
        wrong = ended(["--name", "failover"], "{\n")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("line 1", wrong.stderr)
        unknown = ended(["--name", "failovr"], "")
        self.assertEqual(unknown.returncode, 3)
        self.assertIn("did you mean 'failover'?", unknown.stderr)

    @unittest.skipUnless(os.path.exists(JUDGE), "no judge lies beside the project")
    def test_an_outsiders_judge_misses_no_deadline(self):
        for name in policies():
            judged = subprocess.run(["/usr/bin/python3", "-B", JUDGE, "play", "--policy-cmd", f"{PROGRAM} policy --name {name}", "--json"],
                                    capture_output=True, text=True, check=False, timeout=300)
            self.assertEqual(judged.returncode, 0, f"{name}: {judged.stderr}")
            self.assertEqual(json.loads(judged.stdout)["summary"]["ALL"]["violations"], 0)


if __name__ == "__main__":
    unittest.main()
