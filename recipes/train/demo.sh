#!/usr/bin/env bash
# The main job: trains a small GPT on the King James text, on local zones that stand for suppliers. It loses its machine
# twice, once without a word and once with notice, and is moved once on request. Ends with the proof that no step was
# lost, the receipt, a sample of what the model writes, and the loss curve. Nothing leaves this machine, nothing is charged.
#   recipes/train/demo.sh [FOLDER]     FOLDER: where everything of it lies (build/demo); it is made anew
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${1:-$root/build/demo}
tradewind=${TRADEWIND:-$root/build/bin/tradewind}
marker=$folder/.tradewind-demo
export TRADEWIND_HOME=$folder
unset TRADEWIND_SERVER

bold() { if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
fail() { echo "demo: $*" >&2; exit 1; }
tw() { "$tradewind" "$@"; }
member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

mover=
cleanup() {
  if [ -n "$mover" ]; then kill "$mover" 2>/dev/null || true; fi
  tw server stop >/dev/null 2>&1 || true
}

[ -x "$tradewind" ] || fail "there is no $tradewind; run 'make build' first"
if [ -e "$folder" ]; then
  [ -e "$marker" ] || fail "$folder is there and not from an earlier run of this script; name another folder"
  tw cancel demo >/dev/null 2>&1 || true
  tw server stop >/dev/null 2>&1 || true
  rm -rf "$folder"
fi
mkdir -p "$folder/config"
touch "$marker"
cp "$here/zones.yaml" "$folder/config/zones.yaml"
trap cleanup EXIT

# Waits until the job has trained for a while on its third machine, then asks for the move.
move_when_ready() {
  local step place
  for _ in $(seq 600); do
    sleep 0.5
    read -r step place < <(tw job demo --json 2>/dev/null |
      python3 -c 'import json, sys; j = json.load(sys.stdin); print(int(j["step"]), j["location"] if j["state"] == "running" else "-")') || continue
    if [ "$place" = local/island ] && [ "$step" -ge 560 ]; then
      tw move demo --to local/cape --wait --json >"$folder/move.json" 2>"$folder/move.log"
      return
    fi
  done
}

bold "1. What this job would cost on real clouds"
tw plan "$here/task.yaml" --infra aws --infra gcp --infra azure -n 6

bold "2. The same job here: three machines on spot, two of which will be taken back, and one move on request"
move_when_ready &
mover=$!
tw run "$here/task.yaml" --name demo --infra local || fail "the job did not end well: $tradewind job demo, with TRADEWIND_HOME=$folder"
wait "$mover" || fail "the move failed: $(cat "$folder/move.log")"
mover=
[ -s "$folder/move.json" ] || fail "the job ended before it could be moved"

bold "3. The move"
member from <"$folder/move.json" | sed 's/^/from           /'
member to <"$folder/move.json" | sed 's/^/to             /'
member downtime_s <"$folder/move.json" | sed 's/^/downtime       /; s/$/ s/'
member step_saved <"$folder/move.json" | sed 's/^/saved at step  /'
member step_resumed <"$folder/move.json" | sed 's/^/resumed at     /'
member digest_equal <"$folder/move.json" | sed 's/^/digests equal  /'

bold "4. The proof: every step counted exactly once, every byte restored as it was saved"
tw checkpoint verify demo

bold "5. The receipt"
tw job demo --receipt

bold "6. What the model writes"
tw logs demo | awk '/^step /{text=""; next} /^done: /{exit} {text = text $0 "\n"} END {printf "%s", text}' | fold -s -w 100

tw job demo --svg "$folder/loss.svg"
echo "The loss curve, with the interruptions marked: $folder/loss.svg"
echo "Look around: TRADEWIND_HOME=${folder@Q} ${tradewind@Q} job demo"
