#!/usr/bin/env python3
"""Draws scenarios from a folder of traces and plays every policy over them: are a policy's figures those of the scenarios that it was
tuned on, or of any others too?
    bench/fresh_draws.py TRACES [--seed N] [--draws N] [--policy a,b] [--out DIR] [-- further words for tradewind simulate]
TRACES: a folder of trace documents (docs/formats/trace.md). One draw holds 76 scenarios of eleven kinds; zones, starts, deadlines and cold
starts are drawn by the seed. --out keeps the scenarios.

Prices are facts of AWS: on-demand of p3.2xlarge 3.06 USD/h in us-east-1, us-east-2, us-west-2, 3.305 in eu-west-1, 3.366 in ca-central-1, 4.194 in
ap-northeast-1; p3.16xlarge 24.48, p2.xlarge 0.90 (price lists, 2026); savings of spot by the Spot Instance advisor of 2025-07-28; egress
between regions 0.02 USD/GB, 0.01 between us-east-1 and us-east-2."""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, "build", "bin", "tradewind")
ON_DEMAND = {"v100_1": {"us-east-1": 3.06, "us-east-2": 3.06, "us-west-2": 3.06, "eu-west-1": 3.305, "ca-central-1": 3.366, "ap-northeast-1": 4.194},
             "v100_8": {"us-west-2": 24.48}, "k80_1": {"us-west-2": 0.90}, "k80_8": {"us-west-2": 7.20}}
SAVING = {"v100_1": {"us-east-1": 0.80, "us-east-2": 0.85, "us-west-2": 0.71, "eu-west-1": 0.56, "ca-central-1": 0.65, "ap-northeast-1": 0.69},
          "v100_8": {"us-west-2": 0.68}, "k80_1": {"us-west-2": 0.64}, "k80_8": {"us-west-2": 0.22}}
FAR = ("eu-west-1a", "ap-northeast-1a", "ca-central-1b")
EGRESS = {"us-east-1>us-east-2": 0.01, "us-east-2>us-east-1": 0.01, "*": 0.02}
FLAT = 0.97  # of one V100 in the single-zone classes, as FrontierCS has it


def ticks_of(trace):
    return sum(ticks for _, ticks in trace["runs"])


def share_up(trace):
    return sum(ticks for value, ticks in trace["runs"] if value >= trace["nodes"]) / ticks_of(trace)


class Draw:
    def __init__(self, traces, seed):
        self.rng, self.seed, self.made = random.Random(seed * 7919 + 13), seed, []
        def those(nodes, kind, day):
            return [t for t in traces if t["nodes"] == nodes and t["kind"] == kind and t["started_on"].startswith(day) and t["instance"] in ON_DEMAND]
        self.new = those(1, "availability", "2023-02")
        self.old = those(1, "availability", "2022-10")
        self.gangs = (those(4, "preemption", "2023-08"), those(16, "availability", "2023-08"))

    def zone(self, trace, place=None, flat=None, nodes=1):
        name = place or trace["zone"]
        region = name[:-1]
        on_demand = ON_DEMAND[trace["instance"]][region]
        spot = flat or round(on_demand * (1 - SAVING[trace["instance"]][region]), 4)
        return {"name": "aws/" + name, "provider": "aws", "region": region, "zone": name, "on_demand_per_h": round(on_demand * nodes, 4),
                "spot_price": [[round(spot * nodes, 4), 1]], "trace": trace["id"]}

    def spread(self, count):
        picked = self.rng.sample(self.new, min(count, len(self.new)))
        far = self.rng.randrange(len(picked)) if self.rng.random() < 0.6 else -1
        return [(t, self.zone(t, place=self.rng.choice(FAR) if i == far else None)) for i, t in enumerate(picked)]

    def add(self, kind, zones, deadline_h, cold, work_h=24, info="all", gb=20, gbps=8.0, interval=0, nodes=1, walks=False):
        traces, zones = zip(*zones)
        tick = traces[0]["gap_seconds"]
        count = int(deadline_h * 3600 // tick)
        room = min(ticks_of(trace) for trace in traces) - count
        if room < 0:
            return
        start = self.rng.randrange(room + 1)
        for zone in zones:
            zone["start_tick"] = start
            if walks:
                self.walk(zone, count, tick)
        self.made.append({"id": f"fresh-{self.seed}-{len(self.made):02}", "class": kind, "tick_s": tick, "deadline_ticks": count,
                          "work_s": work_h * 3600, "cold_start_s": cold, "checkpoint_gb": gb, "transfer_gbps": gbps,
                          "checkpoint_interval_s": interval, "egress_usd_per_gb": EGRESS, "info": info, "nodes": nodes, "penalty_factor": 3.0,
                          "zones": list(zones)})

    def walk(self, zone, count, tick):
        flat, every, x, prices = zone["spot_price"][0][0], max(1, round(3600 / tick)), 0.0, []
        for _ in range(0, count, every):
            x = 0.93 * x + self.rng.gauss(0, 0.13)
            prices.append([round(min(zone["on_demand_per_h"], flat * math.exp(x)), 4), every])
        zone["spot_price"] = prices

    def all(self):
        rng, cold = self.rng, (180, 720)
        for kind, pool in (("single-high", [t for t in self.new if share_up(t) >= 0.6]), ("single-low", [t for t in self.new if share_up(t) < 0.6])):
            for i in range(8):
                trace = rng.choice(pool)
                self.add(kind, [(trace, self.zone(trace, flat=FLAT))], (36, 48)[i // 4], cold[i // 2 % 2])
        for _ in range(4):
            trace = rng.choice(self.new)
            self.add("single-tight", [(trace, self.zone(trace, flat=FLAT))], 26, rng.choice(cold))
        for i in range(8):
            trace = rng.choice(self.old)
            self.add("single-2022", [(trace, self.zone(trace))], (52, 70)[i % 2], rng.choice(cold), work_h=48)
        by_region = {}
        for trace in self.new:
            by_region.setdefault(trace["zone"][:-1], []).append(trace)
        groups = [group for group in by_region.values() if len(group) > 1]
        for i in range(8):
            self.add("multizone", [(t, self.zone(t, flat=FLAT)) for t in groups[i % len(groups)]], (30, 36, 48)[i % 3], cold[i % 2])
        for i in range(10):
            self.add("multiregion", self.spread((2, 3, 5, 9)[i % 4]), (30, 36, 48)[i % 3], cold[i % 2], gb=rng.choice((30, 60, 150)))
        for i in range(8):
            self.add("blind", self.spread((2, 3, 5, 9)[i % 4]), (30, 36, 48)[i % 3], cold[i % 2], gb=60, info="held")
        for i in range(4):
            self.add("region-view", self.spread((3, 5, 9)[i % 3]), (36, 48)[i % 2], cold[i % 2], gb=60, info="region")
        for i in range(6):
            self.add("big-checkpoint", self.spread((3, 5)[i % 2]), (36, 48)[i % 2], 720, gb=(750, 1500)[i % 2], gbps=2.0, interval=(0, 1800, 3600)[i % 3])
        for i in range(6):
            self.add("price-walk", self.spread((1, 3, 5)[i % 3]), (36, 48)[i % 2], cold[i % 2], gb=60, walks=True)
        for pool, deadline in zip(self.gangs, (48, 36)):
            for i in range(3 if pool else 0):
                picked = pool if i == 2 else [rng.choice(pool)]
                nodes = pool[0]["nodes"]
                self.add("gang", [(t, self.zone(t, nodes=nodes)) for t in picked], deadline, 720, gb=300, interval=1800, nodes=nodes)
        return self.made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--policy")
    parser.add_argument("--out")
    parser.add_argument("--program", default=PROGRAM)
    options, further = parser.parse_known_args()
    traces = []
    for name in sorted(os.listdir(options.traces)):
        with open(os.path.join(options.traces, name), encoding="utf-8") as file:
            traces.append(json.load(file))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or scratch
        os.makedirs(folder, exist_ok=True)
        files = []
        for seed in range(options.seed, options.seed + options.draws):
            for made in Draw(traces, seed).all():
                files.append(os.path.join(folder, made["id"] + ".json"))
                with open(files[-1], "w", encoding="utf-8") as file:
                    json.dump(made, file)
        words = [options.program, "simulate", *files, "--traces", options.traces] + (["--policy", options.policy] if options.policy else [])
        return subprocess.run(words + [word for word in further if word != "--"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
