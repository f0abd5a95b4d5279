# SPDX-License-Identifier: Apache-2.0
"""The rows of callers, held by SQLite and by PostgreSQL alike: one process with many threads, or many gates."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from tests.contracts.state import state_of

from whosaw.api.callers.rows import COMMAND, SETTINGS, CallerRows
from whosaw.errors import Busy

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request):
    made = state_of(request, request.param)
    yield made
    made.dispose()


@pytest.fixture
def rows(engine):
    return CallerRows(engine)


def clock():
    return AT


def change(rows, name, said, *, ordered=True, origin=COMMAND):
    rows.change(rows.state()[0], name, origin, said, ordered=ordered, clock=clock)


def test_what_is_written_holds_until_it_is_ended(rows):
    """Another in its place, or none; of another name nothing changes; what whosaw.toml said last is known all along."""
    change(rows, "desk", b"one")
    change(rows, "cron", b"two", ordered=False, origin=SETTINGS)
    change(rows, "desk", b"three")
    assert [(row.name, row.said) for row in rows.live()] == [("cron", b"two"), ("desk", b"three")]
    before = rows.settled("cron")
    change(rows, "cron", None)
    assert [row.name for row in rows.live()] == ["desk"]
    assert rows.settled("cron") == before is not None
    assert rows.settled("desk") is None
    assert rows.state()[0] == 4


def test_of_changes_at_once_each_is_made_on_top_of_what_was_seen(rows):
    """Eight at once on one state: one is made, seven are told."""
    number, done, told = rows.state()[0], [], []

    def work(name):
        try:
            rows.change(number, name, COMMAND, name.encode(), ordered=True, clock=clock)
            done.append(name)
        except Busy:
            told.append(name)

    _at_once([lambda n=n: work(f"tool-{n}") for n in range(8)])
    assert (len(done), len(told)) == (1, 7)
    assert [row.name for row in rows.live()] == done


def test_another_gate_sees_it_at_once(rows, engine):
    """Nothing is remembered between two readings."""
    other = CallerRows(engine)
    assert other.live() == ()
    change(rows, "desk", b"one")
    assert [row.name for row in other.live()] == ["desk"]
    change(other, "desk", None)
    assert rows.live() == ()


def test_of_a_token_at_eight_gates_one_is_the_first(rows, engine):
    """And all later ones are not, until it has expired."""
    found = []
    _at_once([lambda: found.append(CallerRows(engine).first(b"t" * 32, AT + timedelta(minutes=5), AT))] * 8)
    assert sorted(found) == [False] * 7 + [True]
    assert rows.first(b"t" * 32, AT + timedelta(minutes=9), AT + timedelta(minutes=4)) is False
    assert rows.first(b"t" * 32, AT + timedelta(minutes=9), AT + timedelta(minutes=5)) is True
    assert rows.first(b"u" * 32, AT + timedelta(minutes=9), AT) is True


def _at_once(works):
    ready = threading.Barrier(len(works))

    def run(work):
        ready.wait()
        work()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
