#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: sh scripts/need-package.sh PACKAGE PROGRAM WHAT      sees to it that PROGRAM, from the distribution's PACKAGE, is there for WHAT
set -eu

[ $# -eq 3 ] || { echo "usage: sh scripts/need-package.sh PACKAGE PROGRAM WHAT" >&2; exit 2; }
PACKAGE=$1 PROGRAM=$2 WHAT=$3

no() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 2
}

if command -v "$PROGRAM" >/dev/null; then exit 0; fi
command -v apt-get >/dev/null || no "$WHAT needs $PACKAGE, and this machine has no apt-get to install it" "install it so that $PROGRAM is on the PATH"
AS_ROOT=
if [ "$(id -u)" != 0 ]; then
    AS_ROOT="sudo -n"
    sudo -n true 2>/dev/null || no "$WHAT needs $PACKAGE, and only root may install packages" "sudo apt-get install --no-install-recommends $PACKAGE"
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
apt_get() {
    $AS_ROOT env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -y "$@" >"$said" 2>&1
}

echo "installing $PACKAGE"
# The list of packages may be empty (a fresh container); one look for a newer list, then no more.
if ! apt_get install --no-install-recommends "$PACKAGE"; then
    apt_get update || no "the package lists cannot be fetched: $(grep '^[EW]:' "$said" | head -n 1)" "needs the network, once"
    apt_get install --no-install-recommends "$PACKAGE" || no "apt-get could not install $PACKAGE: $(grep '^E:' "$said" | head -n 1)" "needs the network, once"
fi
