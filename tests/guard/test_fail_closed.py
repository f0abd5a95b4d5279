# SPDX-License-Identifier: Apache-2.0
"""Fail closed, stay up: each fault in a real house; what a look gets, which part is named, and that it goes on by itself.

The table stands in docs/operate.md, and a test compares them.
"""

import errno
import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import postgres
from tests.directory.town import HOUR, write
from tests.guard.gate import COMPANY, SUMMER
from tests.guard.test_house import Clock
from tests.store.disk import Room
from tests.vault.crowds import fill

from whosaw.config import StoreSettings
from whosaw.directory.load import load
from whosaw.errors import Unavailable, WhosawError
from whosaw.guard.answer import Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.model.look_body import LookBody
from whosaw.store import files
from whosaw.web.health import OK, Health
from whosaw.wiring import build, house

PAGE = Path(__file__).parents[2] / "docs/operate.md"
BEGIN, END = "<!-- the faults, as tests/guard/test_fail_closed.py injects them -->\n", "<!-- up to here -->\n"
ORIGIN = "log.example.org/whosaw"
PATIENCE = 60.0


@dataclass(frozen=True)
class Fault:
    """`name`: for people. `gets`: what a look gets: rule ids, or the part that is Unavailable. `part`: what health names."""

    name: str
    gets: str
    part: str
    inject: object
    principal: str = "ana"


# ── how each is injected ──


@contextmanager
def engine_broken(here, _patch):
    policies = here.policy.policies
    object.__setattr__(here.policy, "policies", object())
    try:
        yield
    finally:
        object.__setattr__(here.policy, "policies", policies)


@contextmanager
def disk_full(_here, patch):
    with patch.context() as now:
        now.setattr(files, "_write_all", Room(0).write_all)
        yield


@contextmanager
def disk_read_only(_here, patch):
    def refuse(_fd, _data):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with patch.context() as now:
        now.setattr(files, "_write_all", refuse)
        yield


@contextmanager
def clock_back(here, _patch):
    here.clock.at -= HOUR
    try:
        yield
    finally:
        here.clock.at += HOUR


@contextmanager
def state_removed(here, _patch):
    path = here.folder / "private" / "state.db"
    path.rename(path.with_suffix(".away"))
    try:
        yield
    finally:
        path.with_suffix(".away").rename(path)


@contextmanager
def state_corrupt(here, _patch):
    path = here.folder / "private" / "state.db"
    with here.engine.connect() as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path.rename(path.with_suffix(".away"))
    path.write_bytes(b"this was a database once" * 1000)
    try:
        yield
    finally:
        path.unlink()
        path.with_suffix(".away").rename(path)


def table_gone(name, file="state.db"):
    @contextmanager
    def inject(here, _patch):
        with closing(sqlite3.connect(here.folder / "private" / file)) as db:
            db.execute(f"ALTER TABLE {name} RENAME TO away")
            try:
                yield
            finally:
                db.execute(f"ALTER TABLE away RENAME TO {name}")

    return inject


class Silent:
    """A port that raises what a part raises that is down."""

    def __init__(self, part):
        self.part = part

    def __getattr__(self, _name):
        def down(*_):
            raise Unavailable(f"the {self.part} cannot be read", part=self.part)

        return down


@contextmanager
def quotas_unread(here, _patch):
    counters, here.quota._counters = here.quota._counters, Silent("quotas")
    try:
        yield
    finally:
        here.quota._counters = counters


@contextmanager
def cases_silent(here, _patch):
    cases, here.guard._cases = here.guard._cases, Silent("case system")
    try:
        yield
    finally:
        here.guard._cases = cases


@contextmanager
def nothing(_here, _patch):
    yield


FAULTS = (
    Fault("the policy engine fails", "question-unreadable", "engine", engine_broken),
    Fault("a purpose or a case that nobody knows", "case-unknown", "", nothing),
    Fault("the disk is full", "Unavailable: journal", "journal", disk_full),
    Fault("the disk cannot be written", "Unavailable: journal", "journal", disk_read_only),
    Fault("the clock is set back by an hour", "Unavailable: clock", "clock", clock_back),
    Fault("state.db is removed", "facts-unavailable", "state", state_removed),
    Fault("state.db is overwritten", "facts-unavailable", "state", state_corrupt),
    Fault("the directory cannot be read", "facts-unavailable", "directory", table_gone("staff")),
    Fault("the keyring cannot be read", "Unavailable: keyring", "keyring", table_gone("keyring", "keys.db")),
    Fault("sealed values cannot be read", "Unavailable: sealed values", "sealed values", table_gone("sealed")),
    Fault("names cannot be kept, and somebody is new", "Unavailable: names", "names", table_gone("names"), "new"),
    Fault("the quotas cannot be counted", "quota-unread", "quotas", quotas_unread),
    Fault("the system that keeps the case breaks the answer", "facts-unavailable", "", cases_silent),
)  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """One house for all of it, never started again."""
    folder, clock = tmp_path_factory.mktemp("closed") / "data", Clock()
    build(folder, ORIGIN, clock=clock)
    settings = folder / "whosaw.toml"  # looking again and again until it goes on is no reason to stop
    many = "\n".join(
        f"{name} = 100000" for name in ("looks_an_hour", "looks_a_day", "attempts_an_hour", "person_looks_a_day")
    )
    settings.write_text(f"{settings.read_text()}\n[quota]\n{many}\n")
    write(folder.parent / "tables", COMPANY, regions=None)
    with house(folder, clock=clock) as opened:
        furnish(opened, clock)
        yield opened


def furnish(here, clock) -> None:
    load(
        here.folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
        remember=here.names.remember, clock=clock,
    )  # fmt: skip
    here.vault.put("mira", Field.IP, "203.0.113.77", SUMMER - 5 * HOUR, "mira signs in")
    fill(here.vault._crowd, "203.0.113.77", SUMMER - 5 * HOUR)


def look(here, key, principal="ana", case="T-100"):
    """What a look gets: `shown`, the rules that refused it, or the part that was not there."""
    asked = (Asked.parse("ip:network"),)
    try:
        answer = here.guard.look(Look(f"l-{key}", principal, "mira", asked, "subject_request", case, f"k-{key}"))
    except WhosawError as error:
        part = getattr(error, "part", type(error).__name__)
        return f"Unavailable: {'journal' if part.startswith('segments/') else part}"
    return "shown" if isinstance(answer, Shown) else " ".join(rule.id for rule in answer.decision.rules)


def failing(here) -> set[str]:
    return {part for part, said in Health(here).parts().items() if said != OK}


def until(wanted, ask):
    """What `ask` says once it says `wanted`, or at the end of patience. The house starts what it must by itself."""
    end = time.monotonic() + PATIENCE
    while (found := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.5)
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_refused_named_and_over_without_a_restart(here, monkeypatch, fault):
    """Shown before; refused or Unavailable while it lasts, and exactly this part named; shown after, in the same house."""
    key = fault.name.replace(" ", "-")[:20]
    assert until("shown", lambda: look(here, f"{key}-0-{time.monotonic_ns()}")) == "shown"
    case = "T-404" if fault.inject is nothing else "T-100"
    with fault.inject(here, monkeypatch):
        first = look(here, f"{key}-1", fault.principal, case)
        assert first == fault.gets or fault.gets in first.split()
        assert look(here, f"{key}-2", fault.principal, case) != "shown"
        assert failing(here) == ({fault.part} if fault.part else set())
    assert until("shown", lambda: look(here, f"{key}-3-{time.monotonic_ns()}")) == "shown"
    assert until(set(), lambda: failing(here)) == set()
    # The key of a look that got no answer gets one now, and the same again.
    assert look(here, f"{key}-1", fault.principal, case) == look(here, f"{key}-1", fault.principal, case)


def test_nothing_was_shown_that_is_not_on_record(here):
    """After all of it: every look that was shown stands in the log, permitted; the vault opened for nothing else."""
    assert look(here, "last") == "shown"
    here.journal.publish_now()
    bodies = [frame.body for frame in here.journal.reader().frames() if b'"kind":"look"' in frame.body]
    permitted = {LookBody.decode(body).look for body in bodies if b'"decision":"permit"' in body}
    assert "l-last" in permitted
    assert len(permitted) >= 2 * len(FAULTS)


@pytest.mark.postgres
def test_a_database_that_is_stopped_and_started(tmp_path):
    """PostgreSQL dies under an open gate: nothing is shown, `state` is named; with the server the gate goes on."""
    began = time.monotonic()

    def clock():
        from datetime import timedelta

        return SUMMER + timedelta(seconds=time.monotonic() - began)

    with postgres.server("max_connections = 60") as pg:
        data = tmp_path / "data"
        build(data, ORIGIN, store=StoreSettings(database=pg.database()), clock=lambda: SUMMER - HOUR)
        write(tmp_path / "tables", COMPANY, regions=None)
        with house(data, clock=clock) as here:
            furnish(here, clock)
            assert look(here, "pg-0") == "shown"
            with pg.stopped():
                said = []
                asking = threading.Thread(target=lambda: said.append(look(here, "pg-1")))
                asking.start()
                assert "state" in failing(here)
                asking.join(PATIENCE)
                assert said != ["shown"]
            assert until("shown", lambda: look(here, f"pg-{time.monotonic_ns()}")) == "shown"
            assert until(True, lambda: "state" not in failing(here))


def rendered() -> str:
    rows = ["| what fails | what a look gets | `/health` names |", "|---|---|---|"]
    for fault in FAULTS:
        unavailable = fault.gets.startswith("Unavailable")
        gets = f"exit code 7, {fault.gets.partition(': ')[2]}" if unavailable else f"refused: `{fault.gets}`"
        rows.append(f"| {fault.name} | {gets} | {f'`{fault.part}`' if fault.part else 'nothing: the gate is well'} |")
    rows.append("| PostgreSQL is stopped | exit code 7 | `state` |")
    return "\n".join(rows) + "\n"


def test_the_page_has_this_table():
    """docs/operate.md shows what is tested here, row for row."""
    _, _, rest = PAGE.read_text().partition(BEGIN)
    assert rest.partition(END)[0] == rendered()
