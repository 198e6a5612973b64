#!/bin/bash
# A real server of Azure Blob Storage for tests: Azurite, the vendor's own stand-in, on loopback.
#   tests/doubles/azurite.sh COMMAND…
# Starts it twice in a temporary folder, once without TLS and once with, makes the container `tradewind` in each, and runs
# COMMAND with TRADEWIND_TEST_AZBLOB (the URL) and the account's key in its environment, TRADEWIND_TEST_AZBLOB_TLS (the
# same by https, with a SAS in the URL) and SSL_CERT_FILE; then stops all of it and removes the folder. Exit code: the
# command's; 77 where Azurite is missing (make test-deps installs it); 1 where a server does not come up, with its log.
# Needs no root. Nothing else on the machine is touched.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=$root/.deps/npm/node_modules/azurite/dist/src/blob/main.js
skip() {
  echo "azurite: $1 is not installed, so the real Azure Blob Storage is not tested; make test-deps installs it" >&2
  exit 77
}
for program in node curl openssl; do
  command -v "$program" >/dev/null || skip "$program"
done
[ -f "$server" ] || skip azurite

folder=$(mktemp -d /tmp/tradewind-azurite-XXXXXX)
pids=()
stop_all() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

fail() {
  echo "azurite: $1" >&2
  tail -n 20 "$folder"/*.log "$folder"/answer 2>/dev/null >&2
  exit 1
}

free_ports() { # two neighbours that are free now: without TLS, and with
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 20000))
    taken=no
    for each in 0 1; do
      (exec 3<>"/dev/tcp/127.0.0.1/$((port + each))") 2>/dev/null && taken=yes
    done
    [ $taken = yes ] || return 0
  done
  fail "no free ports"
}

account=tradewind
key=$(openssl rand -base64 32)
hex_key=$(printf %s "$key" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
sign() { # TEXT, with \n for line ends: its signature with the account's key
  printf '%b' "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex_key" -binary | openssl base64 -A
}

start() { # NAME PORT OPTION…
  name=$1
  (cd "$folder" && AZURITE_ACCOUNTS="$account:$key" exec node "$server" --silent --disableTelemetry \
    --inMemoryPersistence --blobHost 127.0.0.1 --blobPort "$2" "${@:3}") >"$folder/$name.log" 2>&1 </dev/null &
  pids+=($!)
}

await() { # PID ENDPOINT
  for _ in $(seq 150); do
    kill -0 "$1" 2>/dev/null || fail "a server ended"
    curl -so /dev/null --max-time 2 "$2" && return 0
    sleep 0.2
  done
  fail "$2 does not answer"
}

make_container() { # ENDPOINT: by one signed PUT
  date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')
  empty='\n\n\n\n\n\n\n\n\n\n\n\n'
  signature=$(sign "PUT${empty}x-ms-date:$date\nx-ms-version:2021-08-06\n/$account/$account/tradewind\nrestype:container")
  status=$(curl -s -o "$folder/answer" -w '%{http_code}' --max-time 60 -X PUT -H "x-ms-date: $date" \
    -H 'x-ms-version: 2021-08-06' -H "Authorization: SharedKey $account:$signature" -H 'Content-Length: 0' \
    "$1/tradewind?restype=container")
  [ "$status" = 201 ] || fail "making the container answered $status"
}

# A certificate that signs itself is its own authority, which the clients must be told of.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$folder/server.key" -out "$folder/server.pem" \
  2>>"$folder/steps.log" || fail "no certificate could be made"
export SSL_CERT_FILE=$folder/server.pem CURL_CA_BUNDLE=$folder/server.pem

free_ports
plain=http://127.0.0.1:$port/$account
safe=https://localhost:$((port + 1))/$account
start plain "$port"
start safe $((port + 1)) --cert "$folder/server.pem" --key "$folder/server.key"
await "${pids[0]}" "$plain"
await "${pids[1]}" "$safe"
make_container "$plain"
make_container "$safe"

# A SAS of the account: read, write, delete, list and create, of blobs, until tomorrow, by https alone.
end=$(date -u -d tomorrow +%Y-%m-%dT%H:%M:%SZ)
signature=$(sign "$account\nrwdlc\nb\nco\n\n$end\n\nhttps\n2021-08-06\n\n" | sed 's/+/%2B/g; s,/,%2F,g; s/=/%3D/g')
sas="sv=2021-08-06&ss=b&srt=co&sp=rwdlc&se=${end//:/%3A}&spr=https&sig=$signature"

export AZURE_STORAGE_ACCOUNT=$account AZURE_STORAGE_KEY=$key
export TRADEWIND_TEST_AZBLOB="azblob://tradewind/tests?account=$account&endpoint=$plain"
export TRADEWIND_TEST_AZBLOB_TLS="$safe/tradewind/tests?$sas"
"$@"
