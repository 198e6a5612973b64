#!/bin/sh
# Measures what has a budget, each beside what a user would otherwise use, and prints one table (bench/measure.py).
# Nothing is asserted: machines differ. Exit code 1 when something could not be measured.
#   bench/run.sh [BUILD_DIR [--runs N] [--jobs N]]     BUILD_DIR: a release build with TRADEWIND_BENCH=ON (build)
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
[ $# -gt 0 ] || set -- "$root/build"
exec /usr/bin/python3 -B "$root/bench/measure.py" "$@"
