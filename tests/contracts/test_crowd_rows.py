# SPDX-License-Identifier: Apache-2.0
"""The contract of CrowdRows, held by the fake, by SQLite and by PostgreSQL alike."""

import os

import pytest
from tests.contracts.state import state_of

from whosaw.store.memory_crowd import MemoryCrowdRows
from whosaw.store.sql_crowd import SqlCrowdRows

ONE, OTHER = bytes(16), bytes([1]) * 16


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def rows(request):
    if request.param == "memory":
        yield MemoryCrowdRows()
    else:
        engine = state_of(request, request.param)
        yield SqlCrowdRows(engine)
        engine.dispose()


def counts(rows, asked, period):
    """How many share each token in this period and the one before; that nothing was kept is of no matter here."""
    return list(rows.looked(ONE, bytes(32), [(token, period, enough) for token, enough in asked])[1])


def kept(rows, handle):
    return rows.looked(handle, bytes(32), [(ONE, 0, 1)])[0]


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


def test_all_of_a_join_or_nothing(rows):
    """A walk over pages that fails in the middle leaves nobody counted, so that it is done again."""

    def pages():
        yield [(ONE, 1, ONE)]
        raise ValueError

    with pytest.raises(ValueError):
        rows.join(pages())
    assert rows.empty()
