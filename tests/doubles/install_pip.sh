#!/bin/bash
# Installs the servers for tests that come from PyPI: moto, a stand-in for AWS.
#   tests/doubles/install_pip.sh
# They lie in .deps/python of this repository, which git ignores, at the versions named here. Installs what is missing, and nothing
# twice. Where this machine's Python makes no folder of its own for packages (Debian's python3-venv), this says so and ends with exit
# code 0, and the tests that need the servers are skipped. Exit code 1, with pip's own words, where installing fails.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$root/.deps/python
moto=5.2.5

if [ "$(cat "$folder/moto.version" 2>/dev/null)" = "$moto" ]; then
  echo "install_pip: moto $moto is installed"
  exit
fi
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "install_pip: this Python makes no virtual environments (python3-venv is missing), so moto is not installed; tests on it are" \
    "skipped" >&2
  exit
fi
rm -rf "$folder"
python3 -m venv "$folder"
# Without what is only for its other services: cfn-lint and the like.
"$folder/bin/pip" install --quiet --disable-pip-version-check "moto[ec2]==$moto" flask flask-cors
echo $moto >"$folder/moto.version"
echo "install_pip: moto $moto is installed"
