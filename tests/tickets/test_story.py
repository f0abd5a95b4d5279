# SPDX-License-Identifier: Apache-2.0
"""Histories read backwards: any history that leads to what stands now gives the same answer as one that was watched."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.tickets.story import ANY, UNKNOWN, Change, Since, Story, Stroke, What, Words, seen, traced

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
STEP = timedelta(minutes=1)
VALUES = ("a", "b", "c")
HANDS = (("h1",), ("h2",), None)


def story(start, changes, now, *, from_the_start=True, what=What.PERSON):
    return Story(
        "1", AT, ("maker",), {What.OPEN: frozenset({"open"}), what: frozenset(now)}, tuple(changes), from_the_start
    )


@st.composite
def histories(draw):
    """A start, changes as they happened, and what was watched: since when and by whom each value stands."""
    values = set(draw(st.sets(st.sampled_from(VALUES))))
    start, changes = frozenset(values), []
    watched = {value: Since(AT, ("maker",)) for value in values}
    for number in range(draw(st.integers(0, 8))):
        after = draw(st.sets(st.sampled_from(VALUES)))
        at, by = AT + STEP * (number + 1), draw(st.sampled_from(HANDS))
        changes.append(Change.of(Stroke(at, number, by), What.PERSON, values, after))
        watched = {value: watched[value] if value in values else Since(at, by) for value in after}
        values = after
    return start, changes, frozenset(values), watched


@settings(max_examples=100)
@given(histories(), st.randoms(use_true_random=False))
def test_what_was_watched_is_what_is_traced(history, random):
    """Whatever order the pages came in."""
    start, changes, now, watched = history
    random.shuffle(changes)
    assert traced(story(start, changes, now), What.PERSON) == watched


@settings(max_examples=80)
@given(histories(), st.data())
def test_a_history_with_a_hole_never_says_more_than_one_that_is_whole(history, data):
    """One change left out: each value is unknown, or was seen to be so, or (never added in what is left) older than said.

    Where a system mentions how things began, there is no third."""
    start, changes, now, watched = history
    if not changes:
        return
    hole = data.draw(st.integers(0, len(changes) - 1))
    left = changes[:hole] + changes[hole + 1 :]
    found = traced(story(start, left, now, from_the_start=False), What.PERSON)
    for value, since in found.items():
        assert since == UNKNOWN or since == watched[value] or since.at <= watched[value].at


def test_a_value_that_no_change_mentions_is_as_old_as_the_case_or_unknown():
    """By what the system promises to mention."""
    assert traced(story({"a"}, [], {"a"}), What.PERSON) == {"a": Since(AT, ("maker",))}
    assert traced(story({"a"}, [], {"a"}, from_the_start=False), What.PERSON) == {"a": UNKNOWN}


def test_changes_of_one_moment_keep_their_order():
    """Removed and added again within a second."""
    one = Change.of(Stroke(AT + STEP, 1, ("h1",)), What.PERSON, {"a"}, ())
    two = Change.of(Stroke(AT + STEP, 2, ("h2",)), What.PERSON, (), {"a"})
    assert traced(story({"a"}, [two, one], {"a"}), What.PERSON) == {"a": Since(AT + STEP, ("h2",))}


def test_a_system_of_one_type_says_so_in_the_settings():
    """`*=TYPE`, where no case says its own."""
    bare = Story("1", AT, ("maker",), {What.OPEN: frozenset({"open"})}, (), True)
    assert seen(bare, Words({ANY: "fraud_report"}, {})).type == "fraud_report"
    assert seen(bare, Words({}, {})).type == "other"


def test_closed_and_nobody_says_when_is_never_open():
    """So that no look falls before it."""
    shut = Story("1", AT, ("maker",), {What.OPEN: frozenset()}, (), True)
    assert seen(shut, Words({}, {})).closed == AT


def test_an_opening_that_the_history_does_not_explain_has_an_unknown_hand():
    """Open now, closed last: who opened it again is not told."""
    shut = Change.of(Stroke(AT + STEP, 0, ("h1",)), What.OPEN, {"open"}, ())
    case = seen(Story("1", AT, ("maker",), {What.OPEN: frozenset({"open"})}, (shut,), True), Words({}, {}))
    assert case.openers == (("maker",), None)
