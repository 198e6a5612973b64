#!/usr/bin/env bash
# Runs every fuzz target of a build for a while.
#   tests/fuzz.sh BUILD_DIR SECONDS JOBS
# Seeds come from tests/corpus/TARGET where it exists; what a run learns stays in BUILD_DIR/corpus/TARGET, and an input
# that breaks a target in BUILD_DIR/crashes/. Exit code 1 when any target broke, or when there is none.
set -euo pipefail
build=$1 seconds=$2 jobs=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mapfile -t targets < <(find "$build/bin" -maxdepth 1 -type f -executable -name '*_fuzz' | sort)
if [ ${#targets[@]} -eq 0 ]; then
  echo "fuzz: no fuzz targets in $build/bin" >&2
  exit 1
fi

run_one() { # TARGET
  local name seeds=()
  name=$(basename "$1")
  mkdir -p "$build/corpus/$name" "$build/crashes"
  [ -d "$root/tests/corpus/$name" ] && seeds=("$root/tests/corpus/$name")
  if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$build/crashes/$name-" "$build/corpus/$name" "${seeds[@]}" >"$build/$name.log" 2>&1; then
    echo "fuzz: $name clean after $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log") inputs"
  else
    echo "fuzz: $name BROKE; the end of $build/$name.log:" >&2
    tail -n 40 "$build/$name.log" >&2
    return 1
  fi
}
export -f run_one
export build seconds root

printf '%s\0' "${targets[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'run_one "$1"' _ {}
