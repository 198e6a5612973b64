#!/bin/bash
# Installs the servers for tests that are written in Go: fake-gcs-server, a stand-in for Google Cloud Storage.
#   tests/doubles/install_go.sh
# It lies in .deps/go of this repository, which git ignores, at the version named here: earlier ones let writers overwrite
# what they asked only to create. Installs what is missing, and nothing twice. Debian 12's Go is too old for it: where there
# is no newer one, this says so and ends with exit code 0, and the tests that need the server are skipped.
# Exit code 1, with Go's own words, where installing fails.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$root/.deps/go
server=v1.56.1
needs=1.26 # what that version says in its go.mod

stamp=$folder/fake-gcs-server.version
if [ -x "$folder/fake-gcs-server" ] && [ "$(cat "$stamp" 2>/dev/null)" = $server ]; then
  echo "install_go: fake-gcs-server $server is installed"
  exit
fi
found=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || found=
if [ -z "$found" ] || [ "$(printf '%s\n' "$needs" "$found" | sort -V | head -n 1)" != "$needs" ]; then
  echo "install_go: there is no Go of $needs or newer here (${found:-none}), so fake-gcs-server is not installed;" \
    "tests on it are skipped" >&2
  exit
fi
mkdir -p "$folder"
GOBIN=$folder GOFLAGS="-p=2" go install "github.com/fsouza/fake-gcs-server@$server"
echo $server >"$stamp"
echo "install_go: fake-gcs-server $server is installed"
