#!/bin/sh
# Sees to it that the Debian packages of the named groups (packages.txt) are installed.
#   packaging/deps.sh GROUP...         installs what is missing, and nothing else
#   packaging/deps.sh --list GROUP...  prints the packages of the groups, and installs nothing
# Uses sudo when not root. Exit codes: 0 all there, 1 could not install, 2 wrong usage.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
list=$here/packages.txt

fail() {
  echo "deps: $1" >&2
  exit "${2:-1}"
}

groups() { sed -n 's/^\[\(.*\)\]$/\1/p' "$list"; }

packages_of() { # GROUP
  groups | grep -qx -- "$1" || fail "there is no group '$1' in $list; groups are: $(groups | xargs)" 2
  awk -v want="[$1]" '/^\[/ { on = ($1 == want); next } on && $1 != "" && $1 !~ /^#/ { print $1 }' "$list"
}

is_installed() { # PACKAGE
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | head -c 9)" = installed ]
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing needs root, and there is no sudo here. As root, run: apt-get install --no-install-recommends $missing"
  fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@"; }

all_known_to_apt() { # the package lists are there and hold a candidate for each missing package
  for package in $missing; do
    apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' || return 1
  done
}

# shellcheck disable=SC2086  # $missing is a list of words
install_missing() {
  echo "deps: installing $missing"
  fresh=no
  if ! all_known_to_apt; then
    apt update || fail "apt-get update failed: see above; this machine needs network access to a Debian mirror."
    fresh=yes
    all_known_to_apt || fail "this system's archives do not have all of: $missing. Tradewind is built on Debian 12 (bookworm, main)."
  fi
  apt install -y --no-install-recommends $missing && return
  # Lists that are out of date name files that the mirror no longer has.
  [ $fresh = no ] && apt update && apt install -y --no-install-recommends $missing && return
  fail "apt-get could not install: $missing. See its message above."
}

only_list=no
if [ "${1:-}" = --list ]; then
  only_list=yes
  shift
fi
[ $# -gt 0 ] || fail "name one or more groups: $(groups | xargs)" 2

wanted=
for group in "$@"; do
  packages=$(packages_of "$group") || exit
  wanted="$wanted $packages"
done
wanted=$(printf '%s\n' $wanted | awk '!seen[$0]++')

if [ $only_list = yes ]; then
  printf '%s\n' "$wanted"
  exit
fi
if ! command -v dpkg-query >/dev/null; then
  echo "deps: this is no Debian system; going on in the hope that these are here in some other way:" $wanted >&2
  exit
fi
missing=
for package in $wanted; do
  is_installed "$package" || missing="$missing${missing:+ }$package"
done
if [ -z "$missing" ]; then
  echo "deps: all $(printf '%s\n' "$wanted" | wc -l) packages are installed ($*)"
  exit
fi
install_missing
