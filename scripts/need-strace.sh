#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The sweep of system calls needs strace. This sees to it that one is there; whether it may trace is for the sweep to say.
set -eu

no() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 2
}

if command -v strace >/dev/null; then exit 0; fi
[ "$(uname -s)" = Linux ] || exit 0 # the sweep says aloud that it was skipped
command -v apt-get >/dev/null || no "the sweep needs strace, and this machine has no apt-get to install it" "install strace"
AS_ROOT=
if [ "$(id -u)" != 0 ]; then
    AS_ROOT="sudo -n"
    sudo -n true 2>/dev/null || no "strace is missing, and only root may install packages" "sudo sh scripts/need-strace.sh"
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
apt_get() {
    $AS_ROOT env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -y "$@" >"$said" 2>&1
}

echo "installing strace"
# The list of packages may be empty (a fresh container); one look for a newer list, then no more.
if ! apt_get install --no-install-recommends strace; then
    apt_get update || no "the package lists cannot be fetched: $(grep '^[EW]:' "$said" | head -n 1)" "needs the network, once"
    apt_get install --no-install-recommends strace || no "apt-get could not install strace: $(grep '^E:' "$said" | head -n 1)" "needs the network, once"
fi
