#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests run queries against a real PostgreSQL with pgAudit and read what it logged. This sees to it that one is there.
#
#   need-postgres.sh          install what is missing; nothing where it is there already
#   need-postgres.sh find     only print the folder of its programs; exit 1 where there is none
#
# Installed are the distribution's own packages. No cluster is made, none is started, and no setting stays changed: the
# tests run their own server in a folder of theirs (tests/postgres.py).
set -eu

OLDEST=15 # the first with log_destination = 'jsonlog'
DEBIAN=/usr/lib/postgresql
SETTINGS=/etc/postgresql-common/createcluster.conf

# Versions of PostgreSQL servers, newest first, as Debian and Ubuntu lay them out.
versions() {
    for server in "$DEBIAN"/*/bin/postgres; do
        version=${server#"$DEBIAN"/}
        version=${version%%/*}
        case $version in '' | *[!0-9]*) continue ;; esac
        if [ -x "$server" ] && [ "$version" -ge "$OLDEST" ]; then echo "$version"; fi
    done | sort -rn
}

find_server() {
    for version in $(versions); do
        if [ -e "$DEBIAN/$version/lib/pgaudit.so" ]; then
            echo "$DEBIAN/$version/bin"
            return 0
        fi
    done
    # Elsewhere: the one that pg_config on the path belongs to.
    library=$(pg_config --pkglibdir 2>/dev/null) || return 1
    version=$(pg_config --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    [ "${version:-0}" -ge "$OLDEST" ] && [ -x "$(pg_config --bindir)/postgres" ] || return 1
    [ -e "$library/pgaudit.so" ] || [ -e "$library/pgaudit.dylib" ] || return 1
    pg_config --bindir
}

no() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 2
}

apt_get() {
    $AS_ROOT env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -y "$@" >"$said" 2>&1
}

known() {
    apt-cache show "$1" >/dev/null 2>&1
}

# The packages that are missing: pgAudit for the newest server that it exists for, else a server as well.
packages() {
    for version in $(versions); do
        if known "postgresql-$version-pgaudit"; then
            echo "postgresql-$version-pgaudit"
            return 0
        fi
    done
    version=$(apt-cache depends --important postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    if [ "${version:-0}" -ge "$OLDEST" ] && known "postgresql-$version-pgaudit"; then
        echo "postgresql-$version postgresql-$version-pgaudit"
    fi
}

# Debian makes and starts a cluster with the first server, on the port that others may count on. We need none.
without_cluster() {
    apt_get install --no-install-recommends postgresql-common || return 1
    $AS_ROOT cp -p "$SETTINGS" "$SETTINGS.whosaw"
    echo "create_main_cluster = false" | $AS_ROOT tee -a "$SETTINGS" >/dev/null
    apt_get install --no-install-recommends "$@" && done=0 || done=1
    restore
    return $done
}

restore() {
    if [ -e "$SETTINGS.whosaw" ]; then $AS_ROOT mv -f "$SETTINGS.whosaw" "$SETTINGS"; fi
}

install_packages() {
    echo "installing $*"
    case $1 in
    *-pgaudit) apt_get install --no-install-recommends "$@" ;;
    *) without_cluster "$@" ;;
    esac
}

if [ "${1:-}" = find ]; then
    find_server || exit 1
    exit 0
fi
if find_server >/dev/null; then exit 0; fi

by_hand="install PostgreSQL $OLDEST or later and pgaudit, so that pg_config on the PATH finds both; or run the tests without: python -m pytest -m 'not postgres'"
command -v apt-get >/dev/null || no "the tests need PostgreSQL with pgAudit, and this machine has no apt-get to install them" "$by_hand"
AS_ROOT=
if [ "$(id -u)" != 0 ]; then
    AS_ROOT="sudo -n"
    sudo -n true 2>/dev/null || no "PostgreSQL or its pgAudit is missing, and only root may install packages" \
        "sudo sh scripts/need-postgres.sh"
fi

said=$(mktemp)
trap 'restore; rm -f "$said"' EXIT
trap 'exit 130' HUP INT TERM
wanted=$(packages)
# The list of packages may be empty (a fresh container) or too old to fetch from; one look for a newer list, then no more.
# shellcheck disable=SC2086  # several packages are several words
if [ -z "$wanted" ] || ! install_packages $wanted; then
    apt_get -o APT::Update::Error-Mode=any update || no "the package lists cannot be fetched: $(grep '^[EW]:' "$said" | head -n 1)" "needs the network, once; $by_hand"
    wanted=$(packages)
    [ -n "$wanted" ] || no "this distribution has no package of pgAudit for PostgreSQL $OLDEST or later" "$by_hand"
    install_packages $wanted || no "apt-get could not install $wanted: $(grep '^E:' "$said" | head -n 1)" "needs the network, once; $by_hand"
fi
find_server >/dev/null || no "$wanted was installed, but no server with pgAudit is in $DEBIAN" "$by_hand"
