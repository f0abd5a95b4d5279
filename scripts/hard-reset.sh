#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A virtual machine is reset in the middle of what it writes, and what its disk then has is checked: `make cuts` for real.
#
#   hard-reset.sh DOMAIN HOST [ROUNDS]
#
# DOMAIN: a running domain of libvirt that may be reset (`virsh reset`: no shutdown, no sync, as if the power went).
# HOST:   how ssh reaches it without a password. In its home lies a checkout of this repository with `make test` behind it.
# The disk of the domain must not lie about syncs: cache="none" or "directsync", never "unsafe".
#
#   here                                      in the machine
#   ssh: python -m tests.disk.reset live ──▶  records and publishes without an end, and prints each receipt it was given
#   a second or a few later: virsh reset      ✝
#   ssh again, with the receipts: check ───▶  fsck of what was left, a start, fsck, and every receipt that came back to us
#
# A receipt counts once its line has arrived here, so nothing that the machine itself remembers is believed.
# It is in no test run: it needs a machine that may be killed.
set -eu

[ $# -ge 2 ] || { sed -n '3,9p' "$0" >&2; exit 2; }
domain=$1 host=$2 rounds=${3:-20} round=0
kept=$(mktemp)
trap 'rm -f "$kept"' EXIT

there() {
    ssh -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=1 -o ServerAliveCountMax=2 "$host" \
        "cd whosaw && .venv/bin/python -m tests.disk.reset $1 hard-reset-data"
}

until_back() {
    for _ in $(seq 120); do
        ssh -o BatchMode=yes -o ConnectTimeout=2 "$host" true 2>/dev/null && return 0
        sleep 1
    done
    echo "error: $host did not come back within two minutes" >&2
    exit 7
}

while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    there live >>"$kept" &
    child=$!
    sleep "$(awk 'BEGIN { srand(); print 2 + 5 * rand() }')"
    virsh reset "$domain" >/dev/null
    wait "$child" || true
    until_back
    # The last line may have been cut on its way; a whole one ends with a dot.
    grep '\.$' "$kept" | there check || { echo "error: round $round: a promise is broken, see above" >&2; exit 3; }
    echo "round $round: $(grep -c '\.$' "$kept") receipts kept"
done
