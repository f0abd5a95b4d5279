# SPDX-License-Identifier: Apache-2.0
"""Who may read and review: every small company, held against an oracle that is written another way; and where findings go."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.review.court import BEGAN

from whosaw.facts.ports import StaffRow
from whosaw.policy.facts import PrincipalFacts
from whosaw.policy.independence import Approved, Chart
from whosaw.review.who import OVERSEER, Ground, One, against_reading, against_reviewing, route

STAFF, UNITS = "abcd", ("u", "w")
HERE = PrincipalFacts(function="support", active=True, suspended=False, regions=frozenset())


def one(who):
    return One(who=who, facts=HERE, tied=frozenset())


def climb(managers, who):
    """Oracle: the line above `who`, walked until it ends or repeats."""
    line = []
    while (who := managers[who]) is not None and who not in line:
        line.append(who)
    return line


def near(managers, units, who, named):
    """Oracle: `who` is named, or of the unit or the line of somebody named."""
    return any(
        who == each or units[who] == units[each] or each in climb(managers, who) or who in climb(managers, each)
        for each in named
    )


def companies(staff, units):
    for managers in product(*[[None, *(m for m in staff if m != w)] for w in staff]):
        for of in product(units, repeat=len(staff)):
            yield dict(zip(staff, managers, strict=True)), dict(zip(staff, of, strict=True))


@pytest.mark.parametrize("staff", ["abc", pytest.param(STAFF, marks=pytest.mark.slow)])
def test_no_finding_goes_to_or_is_read_by_or_given_to_who_is_near(staff):
    """Three people, or four under any managers, loops included, in two units; any of them review; one or two are named.

    Nobody who is named, of their unit or of their line may read it, may review it, or is in the unit that it goes to.
    """
    went = set()
    for managers, units in companies(staff, UNITS):
        rows = [StaffRow(who=w, unit=units[w], function="support", manager=managers[w]) for w in staff]
        since = Chart.between(rows, 0, 0)
        for named in ("a", "ab"):
            ground = Ground(
                named=tuple(named), since=since, lately=(), signed=frozenset(), watchers=frozenset(), control=frozenset()
            )  # fmt: skip
            away = [who for who in staff if not near(managers, units, who, named)]
            assert [who for who in staff if not against_reading(one(who), ground)] == away
            may = [who for who in staff if not against_reviewing(one(who), ground)]
            assert set(may) <= set(away)
            for watchers in (staff[2:], staff[1:]):
                here = {unit: [one(w) for w in watchers if units[w] == unit] for unit in UNITS}
                to = route(here, ground)
                went.add(to)
                if to != OVERSEER:
                    assert here[to]
                    assert all(member.who in may for member in here[to])
                    assert not any(units[each] == to for each in named)
                whole = Ground(
                    named=tuple(named), since=since, lately=(), signed=frozenset(), watchers=frozenset(watchers),
                    control=frozenset(),
                )  # fmt: skip
                if set(named) & set(watchers):
                    assert route(here, whole) == OVERSEER
    assert went == {OVERSEER, *UNITS}  # a rule that always says no would be safe and useless


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_where_somebody_was_before_counts(data):
    """Whoever shared a unit or a line with somebody named since the first look is as near as who does now."""
    rows = []
    for who in STAFF:
        cuts = sorted(data.draw(st.sets(st.integers(1, 9), max_size=2)))
        for start, end in pairwise([None, *cuts, None]):
            unit, boss = data.draw(st.sampled_from("uvwx")), data.draw(st.sampled_from([None, *STAFF]))
            rows.append(StaffRow(who=who, unit=unit, function="support", manager=None if boss == who else boss, valid_from=start, valid_to=end))  # fmt: skip
    first, now = 3, 10
    ground = Ground(named=("a",), since=Chart.between(rows, first, now), lately=(), signed=frozenset(), watchers=frozenset(), control=frozenset())  # fmt: skip
    spans = [r for r in rows if r.valid_to is None or r.valid_to > first]
    for who in "bcd":
        shared = {r.unit for r in spans if r.who == who} & {r.unit for r in spans if r.who == "a"}
        bosses = any((r.who, r.manager) in {(who, "a"), ("a", who)} for r in spans)
        if shared or bosses:
            assert against_reading(one(who), ground)
            assert against_reviewing(one(who), ground)
            assert route({"z": [one(who)]}, ground) == OVERSEER


def test_what_is_not_known_goes_to_the_overseer_and_stays_readable():
    """An account that is in no directory is what a finding may well be about."""
    rows = [StaffRow(who="c", unit="w", function="audit")]
    ground = Ground(named=("shadow",), since=Chart.between(rows, 0, 0), lately=(), signed=frozenset(), watchers=frozenset(), control=frozenset())  # fmt: skip
    assert against_reading(one("c"), ground) == ()
    assert {reason.code for reason in against_reviewing(one("c"), ground)} == {"named-unknown", "unit-unknown"}
    assert route({"w": [one("c")]}, ground) == OVERSEER


def test_a_favour_in_either_direction_counts():
    """Whom a principal approved, or who approved them: neither reviews, and a unit with them in it gets nothing."""
    rows = [StaffRow(who=w, unit=w, function="audit") for w in "acd"]
    for pair in (("a", "c"), ("c", "a")):
        ground = Ground(named=("a",), since=Chart.between(rows, 0, 0), lately=(Approved(*pair, BEGAN),), signed=frozenset(), watchers=frozenset(), control=frozenset())  # fmt: skip
        assert [r.code for r in against_reviewing(one("c"), ground)] == ["approved-for-named"]
        assert route({"c": [one("c")], "d": [one("d")]}, ground) == "d"
