# SPDX-License-Identifier: Apache-2.0
"""How often signals are right: counted from how findings ended last, with an interval that holds what it says."""

from datetime import UTC, datetime
from math import comb

from hypothesis import given
from hypothesis import strategies as st

from whosaw.model.share import wilson
from whosaw.review.precision import NOT_WORTH, WORTH, measured
from whosaw.review.record import Seen
from whosaw.review.state import Ended, Standing, State
from whosaw.review.words import Resolution

AT = datetime(2026, 7, 1, tzinfo=UTC)


def ended(resolution, *signals):
    return Ended(at=AT, resolution=resolution, why=("x",), by=("r",), seen=Seen(1, 1, b""), signals=signals)


@given(st.lists(st.lists(st.sampled_from(Resolution), max_size=3), max_size=20))
def test_only_how_it_ended_last_counts(all_):
    """Whatever was found out in between; what never ended says nothing."""
    standings = [Standing(state=State.REOPENED, ended=tuple(ended(r, "volume") for r in each)) for each in all_]
    last = [each[-1] for each in all_ if each]
    found = measured(standings)
    if not last:
        assert found == ()
        return
    (one,) = found
    assert dict(one.counts) == {r: last.count(r) for r in Resolution}
    assert (one.worth, one.not_worth) == (sum(r in WORTH for r in last), sum(r in NOT_WORTH for r in last))
    assert one.ended == len(last)
    if one.worth + one.not_worth:
        assert one.low <= one.worth / (one.worth + one.not_worth) <= one.high
    else:
        assert one.low is one.high is None


def test_each_signal_of_a_finding_is_counted():
    found = measured(
        [Standing(ended=(ended(Resolution.MISUSE, "a", "b"),)), Standing(ended=(ended(Resolution.JUSTIFIED, "b"),))]
    )
    assert [(m.signal, m.worth, m.not_worth) for m in found] == [("a", 1, 0), ("b", 1, 1)]


def test_the_interval_covers_what_is_true():
    """Over every outcome of so many findings: on average the true share is in the interval about 19 times of 20."""
    for of in (5, 20, 60):
        means = []
        for true in [i / 50 for i in range(1, 50)]:
            inside = (
                comb(of, hits) * true**hits * (1 - true) ** (of - hits)
                for hits in range(of + 1)
                if wilson(hits, of)[0] <= true <= wilson(hits, of)[1]
            )
            means.append(sum(inside))
        assert 0.93 < sum(means) / len(means) < 0.98
        assert min(means) > 0.8


def test_the_ends_are_ends():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 9)[0] == 0.0
    assert wilson(9, 9)[1] == 1.0
