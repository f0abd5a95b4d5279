# SPDX-License-Identifier: Apache-2.0
"""Holes in numbered lines."""

from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.gaps import HOLES, Gap, Lines

SEEN = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 12)), max_size=40)


@settings(deadline=None, max_examples=300)
@given(SEEN)
def test_a_hole_is_every_line_below_the_highest_that_was_not_seen(seen):
    """In whatever order lines come, and however often."""
    lines = Lines()
    for session, line in seen:
        lines.see(session, line)
    missing = {(g.session, n) for g in lines for n in range(g.first, g.last + 1)}
    assert missing == {
        (session, n)
        for session in "ab"
        for n in range(1, max((m for s, m in seen if s == session), default=0))
        if (session, n) not in seen
    }
    assert sum(g.last - g.first + 1 for g in lines) == len(missing)


def test_a_gap_says_which_lines():
    """A sentence that an operator can look up."""
    lines = Lines()
    for line in (1, 2, 3, 7):
        lines.see("6b05eb4c.3fcc", line)
    assert [str(gap) for gap in lines] == ["lines 4 to 6 of session 6b05eb4c.3fcc are missing"]


def test_memory_is_bounded():
    """Sessions of long ago are forgotten, but not their holes; those beyond the limit are counted instead of kept."""
    lines = Lines(sessions=2)
    for session in "abc":
        lines.see(session, 2)
    lines.see("a", 1)
    assert list(lines) == [Gap("b", 1, 1), Gap("c", 1, 1)]
    assert len(lines._last) == 2
    many = Lines()
    for n in range(HOLES + 5):
        many.see("s", 2 * n + 2)
    assert len(list(many)) == HOLES
    assert many.uncounted == 5
