# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL with pgAudit for tests: its own folder, its own socket, no port, gone when the tests are.

    with postgres.server() as pg, pg.recording() as log:
        with pg.connect("mira") as db:
            db.execute("select ip from users where id = 42")
    log["jsonlog"], log["csvlog"]      what the server wrote meanwhile, the same records in both formats

`make test` installs it (scripts/need-postgres.sh); without it, tests that ask for it are skipped and say so.
"""

import atexit
import functools
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
shared_preload_libraries = 'pgaudit'
logging_collector = on
log_destination = 'jsonlog,csvlog'
log_directory = '{folder}/log'
log_filename = 'server.log'
log_rotation_age = 0
log_rotation_size = 0
log_timezone = 'UTC'
log_min_messages = warning
pgaudit.role = 'whosaw_watch'
pgaudit.log_rows = on
pgaudit.log_parameter = on
fsync = off
full_page_writes = off
autovacuum = off
max_connections = 20
shared_buffers = 16MB
"""
_FILES = {"jsonlog": "server.json", "csvlog": "server.csv"}
_PATIENCE = 30.0  # seconds; a server that has not answered by then will not
_REMOVED = 300.0  # to stop it, and to remove hundreds of databases


@functools.cache
def programs() -> Path:
    """The folder of initdb and pg_ctl; skips the test where no server with pgAudit is installed."""
    found = subprocess.run(
        ["sh", ROOT / "scripts/need-postgres.sh", "find"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("no PostgreSQL with pgAudit here; `make test` installs them (scripts/need-postgres.sh)")
    return Path(found.stdout.strip())


class Server:
    """A server that runs."""

    def __init__(self, folder: Path, account: str | None = None) -> None:
        self.folder, self._account = folder, account
        self._numbers = itertools.count(1)

    def connect(self, user: str = "postgres", **more: object) -> psycopg.Connection:
        """A connection that commits each statement, and stands for nobody unless told to."""
        given = {"dbname": "postgres", "application_name": "", "autocommit": True, **more}
        return psycopg.connect(host=str(self.folder), user=user, **given)

    def database(self, like: str | None = None) -> str:
        """A new database; what to connect to it with. `like`: what to connect to another with, of which it is a copy."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as db:
            db.execute(f"create database {name}" + (f" template {urlsplit(like).path[1:]}" if like else ""))
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def restart(self) -> None:
        """The server dies as in a power cut, and is there again when this returns."""
        command = [programs() / "pg_ctl", "-D", self.folder / "data", "-s", "-w", "-m", "immediate"]
        _run([*command, "-l", self.folder / "start.log", "restart"], self._account)

    @contextmanager
    def stopped(self):
        """The server is dead inside, and there again when this is left."""
        command = [programs() / "pg_ctl", "-D", self.folder / "data", "-s", "-w"]
        _run([*command, "-m", "immediate", "stop"], self._account)
        try:
            yield
        finally:
            _run([*command, "-l", self.folder / "start.log", "start"], self._account)

    @contextmanager
    def standby(self):
        """Another server that repeats what this one does, and answers questions meanwhile."""
        folder = _folder(self._account)
        try:
            data = folder / "data"
            copy = [
                programs() / "pg_basebackup",
                "-D",
                data,
                "-h",
                self.folder,
                "-U",
                "postgres",
                "-R",
                "-N",
                "-c",
                "fast",
            ]
            _run(copy, self._account)
            with open(data / "postgresql.conf", "a") as conf:
                conf.write(f"unix_socket_directories = '{folder}'\nlog_directory = '{folder}/log'\n")
            with _running([programs() / "pg_ctl", "-D", data], folder, self._account):
                yield Server(folder, self._account)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def recording(self):
        """Yields a dict that holds, afterwards, what the server logged meanwhile, by format."""
        since = {form: size for form, (size, _) in self._after(f"begin {uuid.uuid4()}").items()}
        made: dict[str, bytes] = {}
        yield made
        for form, (_, text) in self._after(f"end {uuid.uuid4()}").items():
            made[form] = text[since[form] :]

    def _after(self, mark: str) -> dict[str, tuple[int, bytes]]:
        """Both files once they hold the record of `mark`, which another process writes: size and content up to there."""
        with self.connect() as db:
            db.execute(f"do $$ begin raise log '{mark}'; end $$")
        found: dict[str, tuple[int, bytes]] = {}
        until = time.monotonic() + _PATIENCE
        while len(found) < len(_FILES):
            for form, name in _FILES.items():
                text = (self.folder / "log" / name).read_bytes()
                if mark.encode() in text and text.endswith(b"\n"):
                    found.setdefault(form, (len(text), text))
            if time.monotonic() > until:
                raise TimeoutError("the server's log does not show what was logged")
        return found


@contextmanager
def server(more: str = ""):
    """A server of its own, stopped when the block is left, and also when this process dies. `more`: settings of its own."""
    bin_ = programs()
    # Not below pytest's folder: PostgreSQL does not run as root, and another account must be able to enter.
    account = _account()
    folder = _folder(account)
    try:
        data = folder / "data"
        _run(["cp", "-a", _empty(account), data], account)
        with open(data / "postgresql.conf", "a") as conf:
            conf.write(SETTINGS.format(folder=folder) + more)
        with _running([bin_ / "pg_ctl", "-D", data], folder, account):
            yield Server(folder, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _empty(account: str | None) -> Path:
    """The data of a server that was never started: made once in a process, because initdb takes longer than a start."""
    folder = _folder(account)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _run(
        [
            programs() / "initdb", "-D", folder / "data",
            "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync",
        ],
        account,
    )  # fmt: skip
    return folder / "data"


def _folder(account: str | None) -> Path:
    """A new folder that the account of the server may write to and everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="whosaw-pg-"))
    os.chmod(folder, 0o755)
    if account:
        os.chown(folder, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
    return folder


@contextmanager
def _running(pg_ctl, folder: Path, account: str | None):
    # The shell waits for its input to end: that happens when the block is left and when this process is killed.
    script = '"$@" start -w -s -l "$LOG" </dev/null && echo started; read -r _; "$@" stop -s -m immediate -t 10; rm -rf "$PWD"'
    shell = subprocess.Popen(
        ["sh", "-c", script, "sh", *pg_ctl],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder, **_as(account, {"LOG": str(folder / "start.log")}),
    )  # fmt: skip
    try:
        if shell.stdout.readline() != "started\n":
            raise RuntimeError(f"the server did not start: {(folder / 'start.log').read_text()[-500:]}")
        yield
    finally:
        shell.communicate(timeout=_REMOVED)


def _run(command, account: str | None) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **_as(account, {}))


def _as(account: str | None, more: dict[str, str]) -> dict[str, object]:
    env = {"PATH": os.defpath, "LC_ALL": "C", **more}
    if account is None:
        return {"env": env}
    return {"env": env, "user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def _account() -> str | None:
    """The account that the server runs as, where we are root."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
