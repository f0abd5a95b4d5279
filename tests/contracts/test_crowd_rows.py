# SPDX-License-Identifier: Apache-2.0
"""The contract of CrowdRows, held by the fake, by SQLite and by PostgreSQL alike."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.contracts.state import state_of

from whosaw.directory import migrate
from whosaw.errors import Unavailable
from whosaw.store.memory_crowd import MemoryCrowdRows
from whosaw.store.shown import ShownFile
from whosaw.store.sql_crowd import SqlCrowdRows
from whosaw.store.state import state_engine

PATIENCE_S = 20
OPEN = timedelta(minutes=15)
ONE, OTHER = bytes(16), bytes([1]) * 16


@pytest.fixture(params=["memory", "sqlite", "file", pytest.param("postgres", marks=pytest.mark.postgres)])
def rows(request, tmp_path):
    if request.param == "memory":
        yield MemoryCrowdRows()
    else:
        engine = state_of(request, "sqlite" if request.param == "file" else request.param)
        yield SqlCrowdRows(engine, ShownFile(tmp_path / "shown", OPEN) if request.param == "file" else None)
        engine.dispose()


def counts(rows, asked, period):
    """How many share each token in this period and the one before."""
    return list(rows.counts([(token, period, enough) for token, enough in asked]))


def kept(rows, handle):
    return rows.kept_all([(handle, bytes(32))])[0]


def test_shares_are_counted_once_in_their_periods_and_no_further_than_enough(rows):
    """One share in two periods is one; of another token, or another time, it is none; a count stops where it is enough."""
    people = [os.urandom(16) for _ in range(7)]
    assert rows.empty()
    rows.join([[(ONE, 5, each) for each in people], [(ONE, 6, each) for each in people[:3]], [(OTHER, 5, people[0])]])
    rows.join([[(ONE, 5, people[0])]])
    assert not rows.empty()
    assert counts(rows, [(ONE, 99), (ONE, 4), (OTHER, 99), (b"none" * 4, 99)], 5) == [7, 4, 1, 0]
    assert counts(rows, [(ONE, 99)], 6) == [7]
    assert counts(rows, [(ONE, 99)], 7) == [3]
    many = [(bytes([n]) * 16, 9) for n in range(20)]
    assert counts(rows, many, 5) == [7, 1, *[0] * 18]


def test_nobody_may_join_and_that_changes_nothing(rows):
    """A page of an import whose people all count already, or of values that are no addresses."""
    rows.join([])
    rows.join([[]])
    assert rows.empty()
    rows.join([[], [(ONE, 5, bytes(16))], []])
    assert counts(rows, [(ONE, 9)], 5) == [1]


def test_who_leaves_is_counted_no_more_and_what_was_shown_of_them_goes(rows):
    """Exactly these rows, and every look of this stream and of no other; again is fine."""
    mine, theirs = os.urandom(16), os.urandom(16)
    rows.join([[(ONE, 1, mine), (ONE, 1, theirs), (OTHER, 2, mine)]])
    for handle in (ONE, OTHER):
        rows.keep(handle, bytes(32), b"shown")
    for _ in range(2):
        rows.leave(ONE, [(ONE, 1, mine), (ONE, 1, mine), (OTHER, 2, mine)])
    assert counts(rows, [(ONE, 9), (OTHER, 9)], 2) == [1, 0]
    assert (kept(rows, ONE), kept(rows, OTHER)) == (None, b"shown")
    rows.leave(OTHER, [])


def test_what_was_shown_first_stays(rows):
    """Whoever comes second gets what the first one kept."""
    assert kept(rows, ONE) is None
    assert rows.keep(ONE, bytes(32), b"first") == b"first"
    assert rows.keep(ONE, bytes(32), b"second") == b"first" == kept(rows, ONE)


def test_many_who_keep_at_once_each_get_what_was_kept_of_their_look(rows):
    """Twelve looks, each asked by two at once: one answer for both, that of one of them, and it is what is found later."""
    asked = [(os.urandom(32), bytes([n])) for n in range(12) for _ in range(2)]
    asked = [(asked[n - n % 2][0], sealed + bytes([n % 2])) for n, (_, sealed) in enumerate(asked)]
    met = threading.Barrier(len(asked), timeout=PATIENCE_S)

    def keep(look, sealed):
        met.wait()
        return rows.keep(ONE, look, sealed)

    with ThreadPoolExecutor(len(asked)) as pool:
        answers = [each.result(PATIENCE_S) for each in [pool.submit(keep, *each) for each in asked]]
    for n in range(0, len(asked), 2):
        look = asked[n][0]
        assert answers[n] == answers[n + 1] == rows.kept_all([(ONE, look)])[0]
        assert answers[n] in (asked[n][1], asked[n + 1][1])


def test_where_nothing_can_be_kept_everybody_is_told_and_nothing_is(tmp_path):
    """The group fails as one; the next one is a group of its own."""
    engine = state_engine(tmp_path / "state.db")
    migrate.upgrade(engine)
    rows = SqlCrowdRows(engine)
    for statement, away in (
        ("ALTER TABLE prefixes_shown RENAME TO gone", True),
        ("ALTER TABLE gone RENAME TO prefixes_shown", False),
    ):
        with engine.begin() as db:
            db.exec_driver_sql(statement)
        if away:
            with ThreadPoolExecutor(4) as pool:
                for each in [pool.submit(rows.keep, ONE, bytes([n]) * 32, b"shown") for n in range(4)]:
                    assert isinstance(each.exception(PATIENCE_S), Unavailable)
    assert kept(rows, ONE) is None
    assert rows.keep(ONE, bytes(32), b"shown") == b"shown" == kept(rows, ONE)
    engine.dispose()


def test_all_of_a_join_or_nothing(rows):
    """A walk over pages that fails in the middle leaves nobody counted, so that it is done again."""

    def pages():
        yield [(ONE, 1, ONE)]
        raise ValueError

    with pytest.raises(ValueError):
        rows.join(pages())
    assert rows.empty()


def test_what_is_kept_at_once_is_kept_as_one_by_one(rows):
    """Each in its order; what was kept stays, also where the same look comes twice at once."""
    rows.keep(ONE, look(1), b"first")
    given = [(ONE, look(1), b"late"), (ONE, look(2), b"new"), (OTHER, look(1), b"theirs"), (ONE, look(2), b"again")]
    assert rows.keep_all(given) == [b"first", b"new", b"theirs", b"new"]
    assert rows.kept_all([name[:2] for name in given]) == [b"first", b"new", b"theirs", b"new"]
    assert rows.keep_all([]) == []


def look(number):
    return number.to_bytes(32)
