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

double=azurite
. "$root/tests/doubles/two_servers.sh"

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

make_container() { # ENDPOINT: by one signed PUT
  date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')
  empty='\n\n\n\n\n\n\n\n\n\n\n\n'
  signature=$(sign "PUT${empty}x-ms-date:$date\nx-ms-version:2021-08-06\n/$account/$account/tradewind\nrestype:container")
  status=$(curl -s -o "$folder/answer" -w '%{http_code}' --max-time 60 -X PUT -H "x-ms-date: $date" \
    -H 'x-ms-version: 2021-08-06' -H "Authorization: SharedKey $account:$signature" -H 'Content-Length: 0' \
    "$1/tradewind?restype=container")
  [ "$status" = 201 ] || fail "making the container answered $status"
}

make_certificate

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
