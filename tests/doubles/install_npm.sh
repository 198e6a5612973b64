#!/bin/bash
# Installs the servers for tests that come from npm: Azurite, the vendor's own stand-in for Azure Blob Storage.
#   tests/doubles/install_npm.sh
# They lie in .deps/npm of this repository, which git ignores, at the versions named here. Installs what is missing, and
# nothing twice; Debian's node and npm too where there are none. Exit code 1, with npm's own words, where that fails.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$root/.deps/npm
azurite=3.35.0

installed() { # PACKAGE: its version, or nothing
  sed -n 's/^  "version": "\(.*\)",\{0,1\}$/\1/p' "$folder/node_modules/$1/package.json" 2>/dev/null || true
}

if [ "$(installed azurite)" = "$azurite" ]; then
  echo "install_npm: azurite $azurite is installed"
  exit
fi
# Whichever node is here serves; Debian's comes with some hundred packages.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  "$root/packaging/deps.sh" npm
fi
mkdir -p "$folder"
# --ignore-scripts: it needs none, and what is only for tests should run nothing while it is installed.
npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "azurite@$azurite"
echo "install_npm: azurite $azurite is installed"
