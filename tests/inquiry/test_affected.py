# SPDX-License-Identifier: Apache-2.0
"""Everyone affected, against a slow oracle over small worlds."""

from hypothesis import given
from hypothesis import strategies as st
from tests.inquiry.room import Told

from whosaw.facts.columns import SECOND
from whosaw.inquiry.affected import TOGETHER, affected

HOUR = 3600 * SECOND


def seen(look, t, who, person, explained):
    return Told(look=look, leaf=1, t=t, who=who, person=person, explained=explained, sentence="")


looks = st.lists(
    st.tuples(
        st.integers(0, 5).map(lambda h: h * HOUR // 2), st.sampled_from("ab"), st.sampled_from([*"pqrs", None]), st.booleans(),
    ),
    max_size=8,
).map(lambda rows: [seen(f"l{n}", *row) for n, row in enumerate(rows)])  # fmt: skip


@given(looks)
def test_agrees_with_the_definition(given_looks):
    """Without a reason: affected. With one only, within an hour of one without by the same principal: alongside."""
    without, beside = affected(given_looks)
    bad = [x for x in given_looks if not x.explained and x.person is not None]
    assert {a.person for a in without} == {x.person for x in bad}
    together = {
        x.person
        for x in given_looks
        for y in bad
        if x.person is not None and x.who == y.who and abs(x.t - y.t) <= TOGETHER
    }
    assert {a.person for a in beside} == together - {a.person for a in without}
    for group in (without, beside):
        assert list(group) == sorted(group, key=lambda a: (a.first, a.person))
        for one in group:
            theirs = [x for x in given_looks if x.person == one.person]
            assert one.looks == len(theirs)
            assert one.unexplained == len([x for x in theirs if not x.explained])
            assert (one.first, one.last) == (min(x.t for x in theirs), max(x.t for x in theirs))
            assert one.by == tuple(sorted({x.who for x in theirs}))
            assert one.together == (len(one.by) > 1)


@given(looks, st.randoms())
def test_order_of_rows_is_nothing(given_looks, random):
    """Whatever order an engine gives rows in, the answer is the same."""
    shuffled = list(given_looks)
    random.shuffle(shuffled)
    assert affected(shuffled) == affected(given_looks)


def test_a_claimed_look_counts_once():
    """One look that two count for is one look at the person, by both."""
    (one,), _ = affected([seen("l", 0, "a", "p", False), seen("l", 0, "b", "p", False)])
    assert (one.looks, one.unexplained, one.by) == (1, 1, ("a", "b"))


def test_an_hour_is_an_hour():
    """At the hour together, a microsecond later apart; another principal's hour counts for nobody else."""
    bad = seen("l0", 0, "a", "p", False)
    _, (beside,) = affected([bad, seen("l1", TOGETHER, "a", "q", True), seen("l2", TOGETHER + 1, "a", "r", True)])
    assert beside.person == "q"
    assert affected([bad, seen("l1", 0, "b", "q", True)])[1] == ()
