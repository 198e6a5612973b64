#!/usr/bin/env bash
# Measures what the budgets of docs/performance.md speak of, and prints each figure beside what a user would otherwise use.
# Nothing is asserted: machines differ. Exit code 1 when something could not be measured.
#   bench/run.sh [BUILD_DIR]     BUILD_DIR: a release build with TRADEWIND_BENCH=ON (build)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${1:-$root/build}

echo "== Commands as a whole, on $(nproc) cores"
/usr/bin/python3 -B "$root/bench/startup.py" "$build"
echo
echo "== Planning over 100,000 offers (budget 20 ms on one core), beside sorting them by price"
"$build/bin/planner_bench" --benchmark_min_time=0.5 2>/dev/null
echo
echo "== The catalogue"
"$build/bin/catalog_bench" --benchmark_min_time=0.2 2>/dev/null
echo
echo "== A fleet under virtual time"
"$build/bin/fleet_bench" 1000
"$build/bin/fleet_bench" 10000
