# SPDX-License-Identifier: Apache-2.0
"""Looks in groups, at two gates on one database: each goes by what the other has written, and none by a database that is gone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta

import psycopg
import pytest
from tests import postgres
from tests.directory.town import write
from tests.guard.gate import COMPANY, HOUR, SUMMER
from tests.vault.crowds import fill

from whosaw.directory.load import load
from whosaw.errors import Busy, OutcomeUnknown, Unavailable
from whosaw.guard import suspension
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.settings.store import StoreSettings
from whosaw.wiring import build, house

pytestmark = pytest.mark.postgres
ORIGIN = "log.example.org/whosaw"
A_DAY = 30  # looks of one principal
BEGAN = time.monotonic()


def clock():
    return SUMMER + timedelta(seconds=time.monotonic() - BEGAN)


@pytest.fixture(scope="module")
def server():
    with postgres.server("max_connections = 100") as pg:
        yield pg


@pytest.fixture(scope="module")
def gates(server, tmp_path_factory):
    """Two houses, open; everybody has a queue's case of their own, and mira an address that many share."""
    folder = tmp_path_factory.mktemp("gates")
    data = folder / "data"
    build(data, ORIGIN, store=StoreSettings(database=server.database()), clock=lambda: SUMMER - HOUR)
    settings = data / "whosaw.toml"
    settings.write_text(f"{settings.read_text()}\n[journal]\npublish_every_ms = 20\n[quota]\nlooks_a_day = {A_DAY}\n")
    with ExitStack() as stack:
        one, two = (stack.enter_context(house(data, clock=clock)) for _ in range(2))
        told(one, folder)
        one.vault.put("mira", Field.IP, "203.0.113.77", SUMMER - 5 * HOUR, "mira signs in")
        fill(one.vault._crowd, "203.0.113.77", SUMMER - 5 * HOUR)
        yield one, two, folder


def told(here, folder, **changes):
    """What the tables say from now on, by this gate."""
    more = [{**COMPANY["staff"][0], "staff_id": f"help-{n}"} for n in range(6)]
    tables = {**COMPANY, "staff": [*COMPANY["staff"], *more]} | changes
    load(
        write(folder / "tables", tables, regions=None), engine=here.engine, journal=here.journal, names=here.pseudonyms,
        remember=here.names.remember, clock=clock,
    )  # fmt: skip


def asked(name, principal="ana", case="T-100"):
    return Look(f"l-{name}", principal, "mira", (Asked.parse("ip:network"),), "subject_request", case, f"k-{name}")


def rules(answer):
    return [rule.id for rule in answer.decision.rules]


def test_what_one_gate_writes_the_next_look_at_the_other_goes_by(gates):
    """Suspended, let go, left, and a case that is closed: each by one gate, and refused by the very next look at the other."""
    one, two, folder = gates
    assert type(two.guard.look(asked("w1"))) is Shown
    suspension.suspend("ana", "misuse", "a3", one.suspension, key="w1")
    assert "principal-suspended" in rules(two.guard.look(asked("w2")))
    one.suspension.rows.lift(one.names.remember("ana"), clock())
    assert type(two.guard.look(asked("w3"))) is Shown
    staff = [row for row in COMPANY["staff"] if row["staff_id"] != "ana"]
    told(one, folder, staff=staff)
    assert type(two.guard.look(asked("w4"))) is Refused
    told(two, folder)
    assert type(one.guard.look(asked("w5"))) is Shown
    closed = [{**case, "closed": "2026-06-20T09:00:00Z"} for case in COMPANY["cases"]]
    told(two, folder, cases=closed)
    assert type(one.guard.look(asked("w6"))) is Refused
    told(one, folder)
    assert type(two.guard.look(asked("w7"))) is Shown
    one.vault.put("mira", Field.IP, "198.51.100.7", SUMMER, "mira signs in again")
    assert len(two.guard.look(asked("w8")).values) == 2


def test_two_gates_at_once_show_as_many_looks_as_the_quota_has(gates):
    """Sixteen threads, half of them at each gate, ask for more than there are: exactly so many are shown, and all are on record."""
    one, two, _ = gates
    looks = [asked(f"q{n}", "help-0") for n in range(A_DAY + 18)]
    with ThreadPoolExecutor(16) as pool:
        made = [pool.submit((one, two)[n % 2].guard.look, look) for n, look in enumerate(looks)]
        answers = [each.result(60) for each in made]
    shown = [answer for answer in answers if isinstance(answer, Shown)]
    assert len(shown) == A_DAY
    assert {tuple(rules(answer)) for answer in answers if isinstance(answer, Refused)} == {("quota-principal",)}
    left = {name: (limit, n) for name, limit, n in two.quota.shown(two.names.remember("help-0"), clock())}
    assert left["day"] == (A_DAY, 0)
    # Of the other lanes those that were refused took nothing; but an attempt is an attempt.
    assert left["hour"][0] - left["hour"][1] == A_DAY
    assert left["attempts"][0] - left["attempts"][1] == len(looks)


class Cut:
    """Ends all connections to the database right before, or right after, the nth statement of this thread."""

    def __init__(self, conninfo):
        self._conninfo, self._mine, self._left, self._after = conninfo, None, 0, False
        self._real = psycopg.Cursor.execute

    def arm(self, nth, after):
        self._mine, self._left, self._after = threading.get_ident(), nth, after

    def done(self):
        """Whether it was reached."""
        self._mine, reached = None, self._left <= 0
        return reached

    def execute(self, cursor, *args, **more):
        if self._mine == threading.get_ident():
            self._left -= 1
            if self._left == 0:
                return self._cut(lambda: self._real(cursor, *args, **more))
        return self._real(cursor, *args, **more)

    def _cut(self, does):
        mine, self._mine = self._mine, None
        try:
            if self._after:
                made = does()
                self._end()
                return made
            self._end()
            return does()
        finally:
            self._mine = mine

    def _end(self):
        with psycopg.connect(self._conninfo, autocommit=True) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )


@pytest.mark.parametrize("after", [False, True])
def test_a_database_that_goes_away_at_any_statement_of_a_look_shows_nothing_without_a_record(gates, monkeypatch, after):
    """All connections are cut at each of its statements. What is shown is on record; the same key again gets the answer; no place is made."""
    one, _, _ = gates
    principal = f"help-{1 + after}"
    cut = Cut(one.settings.store.database)

    def execute(cursor, *args, **more):
        return cut.execute(cursor, *args, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute)
    first = asked(f"before-{principal}", principal)
    assert type(one.guard.look(first)) is Shown
    reached, keys = 0, [first.key]
    for nth in range(1, 40):
        look = asked(f"{principal}-{nth}", principal)
        cut.arm(nth, after)
        answer = None
        with suppress(Unavailable, OutcomeUnknown, Busy):
            answer = one.guard.look(look)
        if not cut.done():
            break
        reached, keys = nth, [*keys, look.key]
        if isinstance(answer, Shown):
            assert one.journal.find(f"guard/{one.names.remember(principal)}", look.key) is not None
        assert isinstance(insists_on(lambda look=look: one.guard.look(look)), Shown | Refused)
    assert reached >= 10
    who = one.names.remember(principal)
    recorded = [insists_on(lambda key=key: one.journal.find(f"guard/{who}", key)) for key in keys]
    permitted = [made for made in recorded if b'"decision":"permit"' in made.leaves[-1].body]
    left = {name: n for name, _, n in insists_on(lambda: one.quota.shown(who, clock()))}
    assert left["day"] <= A_DAY - len(permitted)
    assert len({made.leaves[-1].index for made in recorded}) == len(keys)


def insists_on(ask):
    until = time.monotonic() + 60
    while True:
        try:
            return ask()
        except (Unavailable, OutcomeUnknown, Busy):
            assert time.monotonic() < until
            time.sleep(0.05)
