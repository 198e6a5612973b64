#!/bin/bash
# A stand-in for AWS that others wrote, for tests: moto, on loopback.
#   tests/doubles/moto.sh COMMAND…
# Starts it in a temporary folder, and runs COMMAND with TRADEWIND_TEST_MOTO (its endpoint) in its environment; then stops it and
# removes the folder. Exit code: the command's; 77 where moto is missing (make test-deps installs it); 1 where it does not come up, with
# its log. Needs no root. Nothing else on the machine is touched.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=$root/.deps/python/bin/moto_server
skip() {
  echo "moto: $1 is not installed, so EC2 as others have it is not tested; make test-deps installs it" >&2
  exit 77
}
command -v curl >/dev/null || skip curl
[ -x "$server" ] || skip moto

double=moto
. "$root/tests/doubles/two_servers.sh"

free_ports
export TRADEWIND_TEST_MOTO=http://127.0.0.1:$port
# A key of the user's would be taken for moto's own checks, and must not be seen by it.
(cd "$folder" && env -i PATH="$PATH" HOME="$folder" "$server" -H 127.0.0.1 -p "$port") >"$folder/moto.log" 2>&1 </dev/null &
pids+=($!)
await "${pids[0]}" "$TRADEWIND_TEST_MOTO/moto-api/data.json"
"$@"
