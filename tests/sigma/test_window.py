# SPDX-License-Identifier: Apache-2.0
"""Windows that slide, against an oracle that tries every one of them."""

from hypothesis import given
from hypothesis import strategies as st

from whosaw.facts.columns import SECOND
from whosaw.sigma.window import Match, spans

MATCHES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 2), st.one_of(st.none(), st.integers(0, 3))), max_size=9
).map(
    lambda drawn: [
        Match(t * SECOND, f"l-{i}", rule, "e-1", None, None, value)
        for i, (t, rule, value) in enumerate(sorted(drawn, key=str))
    ]
)
KINDS = ("event_count", "value_count", "value_sum", "temporal", "temporal_ordered")


def count(window, kind):
    """As the specification of correlations words it."""
    if kind == "event_count":
        return len(window)
    if kind == "value_count":
        return len({m.value for m in window} - {None})
    if kind == "value_sum":
        return sum(m.value or 0 for m in window)
    if kind == "temporal":
        return len({m.rule for m in window})
    longest = 0
    for m in window:
        longest += m.rule == longest and longest < 3
    return longest


@given(matches=MATCHES, kind=st.sampled_from(KINDS), seconds=st.integers(1, 8), least=st.integers(1, 4))
def test_spans_are_the_windows_that_hold_enough_joined_where_they_share_a_match(matches, kind, seconds, least):
    matches.sort(key=lambda m: m.t)
    windows = []
    for end, last in enumerate(matches):
        window = [n for n in range(end + 1) if last.t - matches[n].t < seconds * SECOND]
        if (much := count([matches[n] for n in window], kind)) >= least:
            windows.append((window, much))
    joined = []
    for window, much in windows:
        if joined and joined[-1][0] & set(window):
            joined[-1] = (joined[-1][0] | set(window), max(joined[-1][1], much))
        else:
            joined.append((set(window), much))
    made = spans(matches, kind, seconds, least, 3)
    assert [({matches.index(m) for m in span.matches}, span.most) for span in made] == joined


def test_a_window_is_open_at_its_beginning():
    """Of two events that are exactly a day apart, one is in each day."""
    two = [Match(t * SECOND, f"l-{t}", 0, "e-1", None, None) for t in (0, 60)]
    assert spans(two, "event_count", 60, 2, 1) == []
    assert spans(two, "event_count", 61, 2, 1)[0].most == 2
