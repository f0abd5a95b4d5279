# SPDX-License-Identifier: Apache-2.0
"""Windows that slide, in memory and in a table: against a plain list of who took what when."""

import threading
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import postgres

from whosaw.directory.migrate import upgrade
from whosaw.errors import Unavailable
from whosaw.guard.quota_count import SPANS, InMemory, Lane
from whosaw.guard.quota_shared import Shared
from whosaw.store.pg import Database
from whosaw.store.sql_quota import SqlQuotaRows
from whosaw.store.state import shared_state_engine, state_engine

HOUR = Lane("hour/a", 3600, 3)
DAY = Lane("day/a", 86_400, 5)
ATTEMPTS = Lane("attempts/a", 3600, 6, always=True)


def several(person: str) -> Lane:
    return Lane("persons/a", 86_400, 2, person)


@pytest.fixture(scope="module")
def server():
    """What is committed and not waited for comes to the disk late, if ever."""
    with postgres.server("max_connections = 50\nwal_writer_delay = 10s") as pg:
        yield pg


@pytest.fixture(scope="module")
def shared(server):
    """Engines on one database, as two gates have them."""
    info = server.database()
    engines = [shared_state_engine(Database(info)) for _ in range(2)]
    upgrade(engines[0])
    yield engines
    for engine in engines:
        engine.dispose()


@pytest.fixture(params=["memory", "table", pytest.param("postgres", marks=pytest.mark.postgres)])
def counters(request, tmp_path):
    if request.param == "memory":
        yield InMemory()
        return
    if request.param == "postgres":
        engine, _ = request.getfixturevalue("shared")
        _emptied(engine)
        yield Shared(SqlQuotaRows(engine))
        return
    engine = state_engine(tmp_path / "state.db")
    upgrade(engine)
    yield Shared(SqlQuotaRows(engine))
    engine.dispose()


def _emptied(engine):
    with engine.begin() as db:
        db.exec_driver_sql("DELETE FROM quota")


class Plain:
    """The oracle: everything that was ever taken, and a window looked at anew each time. It forgets nothing."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str | None, int]] = []
        self.latest = 0

    def left(self, lane: Lane) -> tuple[int, int]:
        """At most and at least: a place may count for a sixtieth of its window longer."""
        counts = []
        for more in (0, lane.window // SPANS):
            since = self.latest - lane.window - more
            mine = [each for key, each, at in self.taken if key == lane.key and at > since]
            counts.append(len(mine) if lane.each is None else len(set(mine) - {lane.each}))
        return lane.limit - counts[0], lane.limit - counts[1]

    def take(self, lanes: list[Lane], at: int, fine: bool) -> None:
        self.taken += [(lane.key, lane.each, at) for lane in lanes if fine or lane.always]


STEPS = st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 30_000), st.booleans()), max_size=40)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_as_many_as_a_plain_list_says(steps):
    """Looks at three persons, given back or not, over days: what is left is what the list says, or stricter by a span."""
    counters, plain, at = InMemory(), Plain(), 1_700_000_000
    for person, later, back in steps:
        at += later
        plain.latest = max(plain.latest, at)
        lanes = [ATTEMPTS, HOUR, DAY, several(person)]
        bounds = [plain.left(lane) for lane in lanes]
        left, kept = counters.take(lanes, at)
        assert all(least <= n <= most for n, (most, least) in zip(left, bounds, strict=True))
        fine = all(n >= 1 for n in left)
        assert len(kept) == (4 if fine else 1)
        given_back = tuple(one for one in kept if not one[0].always)
        if back:
            counters.give_back(given_back)
        plain.take(lanes, at, fine and not back)


def test_the_last_place_and_no_other(counters):
    """Three an hour: the fourth finds none, takes nothing, and after the hour and a minute there are three again."""
    for left in (3, 2, 1):
        assert counters.take([HOUR], 1000)[0] == [left]
    assert counters.take([HOUR], 1000) == ([0], ())
    assert counters.left([HOUR], 1000 + 3600) == [0]
    assert counters.left([HOUR], 1000 + 3660) == [3]


def test_all_lanes_or_none(counters):
    """Where one lane is empty nothing is taken from the others; but an attempt is an attempt."""
    for _ in range(3):
        counters.take([HOUR], 0)
    left, kept = counters.take([ATTEMPTS, HOUR, DAY], 0)
    assert left == [6, 0, 5]
    assert [lane.key for lane, _ in kept] == ["attempts/a"]
    assert counters.left([ATTEMPTS, HOUR, DAY], 0) == [5, 0, 5]


def test_several_places_are_taken_all_or_none(counters):
    """Where fewer are left than are asked for none is taken; what is given back is given back whole."""
    many = Lane("many/a", 86_400, 100, places=60)
    left, kept = counters.take([many], 50_000)
    assert (left, len(kept)) == ([100], 1)
    assert counters.take([many], 50_000) == ([40], ())
    assert counters.take([Lane("many/a", 86_400, 100, places=40)], 50_000)[0] == [40]
    counters.give_back(kept)
    assert counters.left([many], 50_000) == [60]


def test_what_is_given_back_is_there_again(counters):
    """Also hours later: it comes back in its own span, and a person who was looked at once is none of those counted."""
    _, kept = counters.take([DAY, several("p")], 50_000)
    counters.take([DAY], 60_000)
    counters.give_back(kept)
    assert counters.left([DAY, several("q")], 60_000) == [4, 2]


def test_the_same_person_is_one_place(counters):
    """Two persons a day: the first two again and again, and no third."""
    for person in "pqpqqp":
        assert counters.take([several(person)], 0)[0][0] >= 1
    assert counters.take([several("r")], 0) == ([0], ())
    assert counters.left([several("")], 0) == [0]


def test_a_clock_that_goes_back_gives_nothing_back(counters):
    """Set back by a day, by years, and forward again: never more than before, and what was taken then lasts its window."""
    for _ in range(2):
        counters.take([HOUR], 1_000_000)
    assert counters.left([HOUR], 1_000_000 - 86_400) == [1]
    assert counters.take([HOUR], 10)[0] == [1]
    assert counters.left([HOUR], 10) == [0]
    assert counters.left([HOUR], 1_000_000 + 3599) == [0]
    assert counters.left([HOUR], 1_000_000 + 3660) == [3]


def test_of_many_at_once_each_place_is_taken_once(counters):
    """Forty threads and fifteen places in four windows: exactly as many get one as there are."""
    lanes = [Lane("hour/b", 3600, 15), Lane("unit/u", 86_400, 100)]
    got = []

    def ask():
        left, _ = counters.take(lanes, 0)
        got.append(min(left) >= 1)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 15


def test_two_gates_count_together(tmp_path):
    """Two processes' worth of counters over one table: what one takes the other has not."""
    engines = [state_engine(tmp_path / "state.db") for _ in range(2)]
    upgrade(engines[0])
    one, other = (Shared(SqlQuotaRows(engine)) for engine in engines)
    assert one.take([HOUR], 0)[0] == [3]
    assert other.take([HOUR], 0)[0] == [2]
    _, kept = one.take([HOUR], 0)
    assert other.left([HOUR], 0) == [0]
    other.give_back(kept)
    assert one.left([HOUR], 0) == [1]
    for engine in engines:
        engine.dispose()


class Failing:
    """``QuotaRows`` that fails before anything, or after everything: lost, and late."""

    def __init__(self, rows: SqlQuotaRows) -> None:
        self.rows, self.fate = rows, "ok"

    @contextmanager
    def turn(self):
        if self.fate == "lost":
            raise Unavailable("gone", part="quotas")
        with self.rows.turn() as turn:
            yield turn
        if self.fate == "late":
            raise Unavailable("gone after all", part="quotas")


@pytest.mark.parametrize(("fate", "left"), [("lost", 3), ("late", 2)])
def test_a_turn_that_fails_takes_a_place_or_none_and_grants_nothing(tmp_path, fate, left):
    """Lost or late, the caller hears of an error and of no place; the next turn counts what is there."""
    engine = state_engine(tmp_path / "state.db")
    upgrade(engine)
    rows = Failing(SqlQuotaRows(engine))
    counters = Shared(rows)
    rows.fate = fate
    with pytest.raises(Unavailable):
        counters.take([HOUR], 0)
    rows.fate = "ok"
    assert counters.left([HOUR], 0) == [left]
    engine.dispose()


def test_the_table_forgets_what_is_over(tmp_path):
    """A day later the rows of the day before are gone."""
    engine = state_engine(tmp_path / "state.db")
    upgrade(engine)
    counters = Shared(SqlQuotaRows(engine))
    for at in range(0, 10 * 86_400, 1200):
        counters.take([Lane(f"person/{at}", 86_400, 5)], at)
    with engine.connect() as db:
        kept = db.exec_driver_sql("SELECT count(*) FROM quota").scalar()
    assert kept <= 86_400 / 1200 + 5
    engine.dispose()


def spans_after(looks: int) -> list[int]:
    """How much is remembered at each tenth of so many looks in twelve days: a thousand principals, twenty thousand persons."""
    counters, found, days = InMemory(), [], 12 * 86_400
    for n in range(looks):
        who, person = n % 1000, n * 7919 % 20_000
        lanes = [
            Lane(f"attempts/{who}", 3600, 10**9, always=True), Lane(f"hour/{who}", 3600, 10**9),
            Lane(f"day/{who}", 86_400, 10**9), Lane(f"unit/{who % 40}", 86_400, 10**9),
            Lane(f"person/{person}", 86_400, 10**9), Lane(f"persons/{who}/x", 86_400, 60, str(person)),
        ]  # fmt: skip
        counters.take(lanes, n * days // looks)
        if n % (looks // 10) == looks // 10 - 1:
            found.append(len(counters))
    return found


@pytest.mark.slow
def test_memory_holds_a_day_and_no_more():
    """A hundred thousand looks in twelve days: what is remembered on the third day is what is remembered on the last."""
    found = spans_after(100_000)
    assert max(found[2:]) <= 1.1 * found[1]


@pytest.mark.slow
def test_memory_is_flat_over_ten_million_looks():
    """Ten million looks in twelve days: the same, and the process is no bigger than after the third day."""
    import resource

    found = spans_after(10_000_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"spans remembered at each million: {found}; peak memory of the process: {peak:,} KiB")
    assert max(found[2:]) <= 1.1 * found[1]


@pytest.mark.postgres
def test_a_server_that_dies_forgets_no_place_that_was_taken(server, shared):
    """Right after the answer, by either gate: the look may be recorded as soon as the server is back, and then its place counts."""
    _emptied(shared[0])
    one, other = (Shared(SqlQuotaRows(engine)) for engine in shared)
    for taken, gate in enumerate((one, other, one, other), 1):
        assert gate.take([DAY], 50_000)[0] == [6 - taken]
        server.restart()
        assert one.left([DAY], 50_000) == [5 - taken]
    _, kept = one.take([DAY], 50_000)
    one.give_back(kept)
    assert other.left([DAY], 50_000) == [1]
    server.restart()
    assert other.left([DAY], 50_000)[0] <= 1
