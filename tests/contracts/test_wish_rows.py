# SPDX-License-Identifier: Apache-2.0
"""The rows of wishes, held by SQLite and by PostgreSQL alike: one gate takes a wish, once, or its command takes it back."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.contracts.state import state_of

from whosaw.wishes.rows import WishRows

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FIRST, SECOND, THIRD = (f"{number:032x}" for number in range(3))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def rows(request):
    engine = state_of(request, request.param)
    made = WishRows(engine)
    for number, id_ in enumerate((FIRST, SECOND, THIRD)):
        made.wish(id_, b"said", AT + timedelta(seconds=number))
    yield made
    engine.dispose()


def test_a_wish_is_taken_once_and_answered_once(rows):
    """The answer is read once, and then gone."""
    assert [wish.id for wish in rows.waiting()] == [FIRST, SECOND, THIRD]
    rows.answer(FIRST, b"before it was taken")
    assert rows.answered(FIRST) is None
    assert (rows.take(FIRST), rows.take(FIRST)) == (True, False)
    assert [wish.id for wish in rows.waiting()] == [SECOND, THIRD]
    assert rows.answered(FIRST) is None
    rows.answer(FIRST, b"done")
    rows.answer(FIRST, b"done twice")
    assert (rows.answered(FIRST), rows.answered(FIRST)) == (b"done", None)


def test_a_wish_that_was_withdrawn_is_taken_by_nobody(rows):
    """And one that was taken cannot be withdrawn: something may have been done."""
    assert rows.withdraw(FIRST) is True
    assert rows.take(FIRST) is False
    assert rows.take(SECOND) is True
    assert rows.withdraw(SECOND) is False


def test_what_nobody_reads_is_forgotten(rows):
    """What was taken, old enough, and nothing that waits."""
    rows.take(FIRST)
    rows.take(THIRD)
    assert rows.forget(AT) == 0
    assert rows.forget(AT + timedelta(seconds=1)) == 1
    rows.answer(THIRD, b"done")
    assert rows.answered(THIRD) == b"done"
    assert [wish.id for wish in rows.waiting()] == [SECOND]
