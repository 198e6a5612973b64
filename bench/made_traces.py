#!/usr/bin/env python3
"""What made-up traces are like, for comparison with measured ones: the means over so many seeds of `tradewind traces synthesise`, of the
zone that has least and of the zone that has most.
    bench/made_traces.py [--seeds 20] [--days 27]"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEASURES = (("share_up", "share of time up", 1), ("mean_up_s", "mean up spell, h", 3600), ("mean_down_s", "mean down spell, h", 3600),
            ("up_shape", "Weibull shape of up spells", 1), ("down_shape", "Weibull shape of down spells", 1))


def stats_of(program, seed, days):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "traces", "synthesise", "--seed", str(seed), "--days", str(days), "--traces", folder], check=True, stdout=subprocess.DEVNULL)
        told = subprocess.run([program, "traces", "stats", "--traces", folder, "--json"], check=True, capture_output=True)
        return json.loads(told.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--days", type=float, default=27)
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "bin", "tradewind"))
    options = parser.parse_args()
    of_zone, correlations = defaultdict(list), defaultdict(list)
    for seed in range(1, options.seeds + 1):
        found = stats_of(options.program, seed, options.days)
        region = {trace["id"]: trace["zone"][:-1] for trace in found["traces"]}
        for trace in found["traces"]:
            for key, _, unit in MEASURES:
                if trace[key] is not None:
                    of_zone[key, trace["id"]].append(trace[key] / unit)
        for pair in found["correlations"]:
            if pair["r"] is not None:
                correlations[region[pair["a"]] == region[pair["b"]]].append(pair["r"])
    for key, title, _ in MEASURES:
        means = [statistics.mean(values) for (measure, _), values in of_zone.items() if measure == key]
        print(f"{title:36} {min(means):.2f} to {max(means):.2f}")
    print(f"{'correlation of zones of one region':36} {statistics.mean(correlations[True]):.2f}")
    print(f"{'of zones of different regions':36} {statistics.mean(correlations[False]):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
