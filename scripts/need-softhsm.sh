#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests of a token need a driver: SoftHSM 2, which keeps its keys in files. This sees to it that it is there; the tests make tokens of
# their own, in folders of theirs.
set -eu

no() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 2
}

if command -v softhsm2-util >/dev/null; then exit 0; fi
command -v apt-get >/dev/null || no "the tests need SoftHSM 2, and this machine has no apt-get to install it" "install it so that softhsm2-util is on the PATH"
AS_ROOT=
if [ "$(id -u)" != 0 ]; then
    AS_ROOT="sudo -n"
    sudo -n true 2>/dev/null || no "SoftHSM 2 is missing, and only root may install packages" "sudo sh scripts/need-softhsm.sh"
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
apt_get() {
    $AS_ROOT env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -y "$@" >"$said" 2>&1
}

echo "installing softhsm2"
# The list of packages may be empty (a fresh container); one look for a newer list, then no more.
if ! apt_get install --no-install-recommends softhsm2; then
    apt_get update || no "the package lists cannot be fetched: $(grep '^[EW]:' "$said" | head -n 1)" "needs the network, once"
    apt_get install --no-install-recommends softhsm2 || no "apt-get could not install softhsm2: $(grep '^E:' "$said" | head -n 1)" "needs the network, once"
fi
