#!/bin/bash
# Installs the servers for tests that are written in Go: fake-gcs-server, a stand-in for Google Cloud Storage, Kubernetes' own API
# server, controllers and scheduler, as one program that kubernetes/main.go makes of Kubernetes' packages, and Kueue's manager.
#   tests/doubles/install_go.sh
# They lie in .deps/go of this repository, which git ignores, at the versions named here, in kubernetes/go.mod and in kueue/go.mod. Installs what
# is missing, and nothing twice. Building Kubernetes and Kueue takes minutes, and some GiB of Go's cache. Debian 12's Go is too old for
# them: where there is no newer one, this says so and ends with exit code 0, and the tests that need the servers are skipped.
# Exit code 1, with Go's own words, where installing fails.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$root/.deps/go
gcs=v1.56.1 # earlier ones let writers overwrite what they asked only to create
kubernetes=v1.34.4
kueue=v0.17.0
needs=1.26 # what they say in their go.mod

is_there() { # PROGRAM VERSION
  [ -x "$folder/$1" ] && [ "$(cat "$folder/$1.version" 2>/dev/null)" = "$2" ] || return 1
  echo "install_go: $1 $2 is installed"
}
# Whichever kubectl is here serves: others' packages of it do not stand beside Debian's.
command -v kubectl >/dev/null || "$root/packaging/deps.sh" kubectl
is_there fake-gcs-server $gcs && is_there kubernetes $kubernetes && is_there kueue $kueue && exit

found=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || found=
if [ -z "$found" ] || [ "$(printf '%s\n' "$needs" "$found" | sort -V | head -n 1)" != "$needs" ]; then
  echo "install_go: there is no Go of $needs or newer here (${found:-none}), so fake-gcs-server, Kubernetes and Kueue are not installed;" \
    "tests on them are skipped" >&2
  exit
fi
mkdir -p "$folder"

if ! is_there fake-gcs-server $gcs >/dev/null; then
  GOBIN=$folder GOFLAGS="-p=2" go install "github.com/fsouza/fake-gcs-server@$gcs"
  echo $gcs >"$folder/fake-gcs-server.version"
  is_there fake-gcs-server $gcs
fi

if ! is_there kubernetes $kubernetes >/dev/null; then
  cd "$root/tests/doubles/kubernetes"
  stamp=k8s.io/component-base/version
  GOFLAGS="-p=2 -mod=readonly -buildvcs=false" go build -trimpath -o "$folder/kubernetes" \
    -ldflags "-s -w -X $stamp.gitVersion=$kubernetes -X $stamp.gitMajor=1 -X $stamp.gitMinor=34" .
  echo $kubernetes >"$folder/kubernetes.version"
  is_there kubernetes $kubernetes
fi

# Of Kueue, the definitions of its objects too.
if ! is_there kueue $kueue >/dev/null; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp "$root/tests/doubles/kueue"/go.* "$work"
  cd "$work"
  GOFLAGS="-p=2 -mod=mod -buildvcs=false" go build -trimpath -ldflags "-s -w" -o "$folder/kueue" sigs.k8s.io/kueue/cmd/kueue
  rm -rf "$folder/kueue.crds"
  mkdir "$folder/kueue.crds"
  install -m 644 "$(GOFLAGS=-mod=mod go list -m -f '{{.Dir}}' sigs.k8s.io/kueue)"/config/components/crd/bases/kueue.*.yaml "$folder/kueue.crds"
  echo $kueue >"$folder/kueue.version"
  is_there kueue $kueue
fi
