# SPDX-License-Identifier: Apache-2.0
"""Places, lots and routes: so many and no more, drawn as anybody can draw again, and never to one's own."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.detect.budget import Places, chosen, places
from whosaw.detect.defaults import load_defaults
from whosaw.detect.lines import time
from whosaw.detect.lot import at, drawn, numbers, seed_of
from whosaw.detect.route import OVERSEER, Member, Reviewers

NUMBERS = load_defaults().budget


@given(st.floats(0.1, 500), st.integers(1, 100_000), st.floats(0, 4000))
def test_places_are_what_was_asked_for(budget, staff, days):
    """Top, lot and floor add up; one of each end at least; more days never take a place away."""
    made = places(budget, staff, days, NUMBERS)
    assert made.all == max(2, round(budget * staff / 1000 * days / (365.25 / 12)))
    assert made.top >= 1
    assert made.floor >= 1
    assert places(budget, staff, days + 30, NUMBERS).all >= made.all


@settings(deadline=None)
@given(
    st.lists(st.floats(0.1, 20), max_size=60).map(lambda s: sorted(s, reverse=True)),
    st.integers(0, 9),
    st.integers(0, 4),
)
def test_the_strongest_enter_and_some_by_lot(scores, top, lot):
    """The first ones, and from the next few so many others; each once."""
    free = Places(top, lot, 1)
    keys = [str(i) for i in range(len(scores))]
    first, others = chosen(scores, keys, free, b"seed", NUMBERS)
    assert first == list(range(min(top, len(scores))))
    assert set(others) <= set(range(len(first), len(first) + 5 * free.all))
    assert len(others) == min(lot, len(scores) - len(first), 5 * free.all)


def test_a_lot_is_in_proportion_and_needs_no_order():
    """Three of weight 1 and one of 3: half of the first draws are its; any order of things gives the same draw."""
    weights = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 3.0}
    first = [drawn(seed_of("s", str(i)), weights, 1)[0] for i in range(4000)]
    assert abs(first.count("d") / 4000 - 0.5) < 0.03
    for order in itertools.permutations(weights):
        assert drawn(b"x", {name: weights[name] for name in order}, 3) == drawn(b"x", weights, 3)
    assert drawn(b"x", {"a": 0.0}, 5) == []
    assert seed_of("a", "bc") != seed_of("ab", "c")
    assert all(0 < at(b"y", str(i)) < 1 for i in range(1000))


def test_numbers_are_alike():
    """Each of seven about as often; the same seed again."""
    found = list(itertools.islice(numbers(b"s", 7), 7000))
    assert all(800 < found.count(i) < 1200 for i in range(7))
    assert list(itertools.islice(numbers(b"s", 7), 50)) == found[:50]


# ── who reviews ──


def company(draw):
    units = {f"u{i}": draw.choice(("audit", "support", "legal")) for i in range(draw.randint(1, 5))}
    whos = [f"e{i}" for i in range(draw.randint(2, 14))]
    members = []
    for i, who in enumerate(whos):
        unit = draw.choice(list(units))
        members.append(Member(who, unit, units[unit], draw.choice([None, *whos[:i]])))
    return members


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_nobody_reviews_their_own(draw):
    """Every company: the unit that reviews has nobody of the finding, of their unit, above or below them, or of their team."""
    members = company(draw)
    by = {m.who: m for m in members}
    principals = draw.sample(sorted(by), draw.randint(1, 2))
    to = Reviewers(members, ["audit"]).route(principals)

    def line(who):
        found, at_ = [], by[who].manager
        while at_ is not None:
            found.append(at_)
            at_ = by[at_].manager
        return found

    if any(by[who].function == "audit" for who in principals):
        assert to == OVERSEER
    if to == OVERSEER:
        return
    for reviewer in (m for m in members if m.unit == to and m.function == "audit"):
        for who in principals:
            assert by[who].unit != to
            assert reviewer.who not in [who, *line(who)]
            assert who not in line(reviewer.who)
            assert not set(line(who)[:2]) & set(line(reviewer.who)[:2])


def test_where_it_is_not_known_the_overseer_does():
    """Somebody who is in no directory; nobody who could review."""
    members = [Member("a", "u", "audit", None), Member("s", "v", "support", None)]
    reviewers = Reviewers(members, ["audit"])
    assert reviewers.route(["s"]) == "u"
    assert reviewers.route(["s", "nobody"]) == reviewers.route(["a"]) == OVERSEER
    assert Reviewers([], ["audit"]).route(["s"]) == OVERSEER


def test_a_time_has_its_fraction_only_where_it_has_one():
    """To the microsecond, and in UTC."""
    assert time(0) == "1970-01-01T00:00:00Z"
    assert time(1_500_000) == "1970-01-01T00:00:01.5Z"
    assert time(1_000_001) == "1970-01-01T00:00:01.000001Z"
