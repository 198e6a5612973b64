#!/bin/bash
# A server of Google Cloud Storage for tests: fake-gcs-server, which others test their clients on, on loopback.
#   tests/doubles/fake_gcs.sh COMMAND…
# Starts it in memory, once without TLS and once with, makes the bucket `tradewind` in each, proves that it honours the
# condition that ledgers rest on, and runs COMMAND with TRADEWIND_TEST_GCS (the URL), TRADEWIND_TEST_GCS_TLS (the same by
# https) and SSL_CERT_FILE in its environment; then stops all of it. Exit code: the command's; 77 where the server is missing
# (make test-deps installs it); 1 where it does not come up, with its log. Needs no root. Nothing else on the machine is
# touched.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=$root/.deps/go/fake-gcs-server
skip() {
  echo "fake_gcs: $1 is not installed, so Google Cloud Storage is tested on our own fake alone; make test-deps installs it" >&2
  exit 77
}
for program in curl openssl; do
  command -v "$program" >/dev/null || skip "$program"
done
[ -x "$server" ] || skip fake-gcs-server

double=fake_gcs
. "$root/tests/doubles/two_servers.sh"

start() { # NAME PORT OPTION…
  "$server" -backend memory -host 127.0.0.1 -port "$2" -log-level warn "${@:3}" >"$folder/$1.log" 2>&1 </dev/null &
  pids+=($!)
}

post() { # STATUS TARGET TYPE BODY
  status=$(curl -s -o "$folder/answer" -w '%{http_code}' --max-time 60 -X POST -H "Content-Type: $3" -d "$4" "$2")
  [ "$status" = "$1" ] || fail "$2 answered $status, not $1"
}

prepare() { # ENDPOINT: a bucket, in which a second create of one object is refused
  create="$1/upload/storage/v1/b/tradewind/o?uploadType=media&name=proof&ifGenerationMatch=0"
  post 200 "$1/storage/v1/b?project=tradewind" application/json '{"name":"tradewind"}'
  post 200 "$create" text/plain first
  post 412 "$create" text/plain second
}

make_certificate

free_ports
plain=http://127.0.0.1:$port
safe=https://localhost:$((port + 1))
start plain "$port" -scheme http
start safe $((port + 1)) -scheme https -cert-location "$folder/server.pem" -private-key-location "$folder/server.key"
await "${pids[0]}" "$plain"
await "${pids[1]}" "$safe"
prepare "$plain"
prepare "$safe"

export TRADEWIND_TEST_GCS="gs://tradewind/tests?endpoint=$plain"
export TRADEWIND_TEST_GCS_TLS="gs://tradewind/tests?endpoint=$safe&anonymous=yes"
"$@"
