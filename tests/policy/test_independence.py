# SPDX-License-Identifier: Apache-2.0
"""Independence: every small company, held against an oracle that is written another way."""

from datetime import timedelta
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inquiry.room import BEGAN

from whosaw.facts.ports import StaffRow
from whosaw.policy.independence import REASONS, RETURNED, Approved, Chart, Ground, Reason, against, apart, independent

STAFF = "abcd"
UNITS = ("u", "w")


def chart(managers, units):
    """A company at one moment, from the manager (or None) and the unit of each."""
    rows = [
        StaffRow(who=w, unit=u, function="support", manager=m) for w, m, u in zip(STAFF, managers, units, strict=True)
    ]
    return Chart.between(rows, 0, 0)


def every_company():
    """Every choice of managers for four people, loops included, and of two units."""
    for managers in product(*[[None, *(m for m in STAFF if m != w)] for w in STAFF]):
        for units in product(UNITS, repeat=len(STAFF)):
            yield dict(zip(STAFF, managers, strict=True)), dict(zip(STAFF, units, strict=True))


def climb(managers, who):
    """Oracle: the line above `who`, as a list of steps, walked until it ends or repeats."""
    line = []
    while (who := managers[who]) is not None and who not in line:
        line.append(who)
    return line


def expected_of_two(managers, units, one, other):
    said = set()
    if one == other:
        said.add("same")
    if other in climb(managers, one) or one in climb(managers, other):
        said.add("line")
    if set(climb(managers, one)[:2]) & set(climb(managers, other)[:2]):
        said.add("common-manager")
    if units[one] == units[other]:
        said.add("same-unit")
    return said


def expected_apart(managers, units, one, named):
    said = set()
    for each in named:
        if one == each:
            said.add("approver-named")
        if units[one] == units[each]:
            said.add("approver-unit-of-named")
        if each in climb(managers, one) or one in climb(managers, each):
            said.add("approver-line-of-named")
    return said


def test_every_small_company_agrees_with_the_oracle():
    """Four people under any managers, loops included, in any of two units: every pair, every one or two named."""
    both = [*((a,) for a in STAFF), *combinations(STAFF, 2)]
    yes = 0
    for managers, units in every_company():
        now = chart(managers.values(), units.values())
        for one, other in product(STAFF, repeat=2):
            said = {reason.code for reason in independent(one, other, now)}
            assert said == expected_of_two(managers, units, one, other), (managers, units, one, other)
            yes += not said
        for named in both:
            said = {reason.code for reason in apart("a", "approver", named, now, tied=frozenset())}
            assert said == expected_apart(managers, units, "a", named), (managers, units, named)
    assert yes  # some are independent: a rule that always says no would be safe and useless


def test_independence_goes_both_ways():
    """Whoever is not independent of me: I am not independent of them, for the same reasons."""
    for managers, units in every_company():
        now = chart(managers.values(), units.values())
        for one, other in combinations(STAFF, 2):
            assert independent(one, other, now) == independent(other, one, now)


@pytest.mark.parametrize(
    ("levels", "common"), [((1, 1), True), ((1, 2), True), ((2, 2), True), ((1, 3), False), ((3, 2), False)]
)
def test_a_common_manager_counts_within_two_levels(levels, common):
    """The manager of both, or the manager's manager; further up everybody meets somewhere."""
    rows = []
    for name, far in zip("xy", levels, strict=True):
        line = [f"{name}{n}" for n in range(far)] + ["top"]
        rows += [StaffRow(who=w, unit=w, function="support", manager=m) for w, m in pairwise(line)]
    rows.append(StaffRow(who="top", unit="top", function="executive"))
    said = [reason.code for reason in independent("x0", "y0", Chart.between(rows, 0, 0))]
    assert said == (["common-manager"] if common else [])


def test_a_matrix_has_two_lines():
    """Two managers at once are two reporting lines, and either is one too many."""
    rows = [
        StaffRow(who="r", unit="u", function="support", manager="m"),
        StaffRow(who="r", unit="u", function="support", manager="n"),
        StaffRow(who="n", unit="n", function="support"),
    ]
    now = Chart.between(rows, 0, 0)
    assert [r.code for r in independent("r", "n", now)] == ["line"]


def test_what_is_not_known_forbids():
    """No row, or a row without a unit: nobody can say that they are in another one."""
    rows = [StaffRow(who="r", unit="u", function="support"), StaffRow(who="a", unit=None, function="support")]
    now = Chart.between(rows, 0, 0)
    for approver in ("a", "nobody"):
        assert [r.code for r in independent("r", approver, now)] == ["unit-unknown"]
    assert [r.code for r in apart("r", "requester", ["nobody"], now, tied=frozenset())] == ["named-unknown"]
    assert apart("r", "requester", ["a"], now, tied=frozenset()) == ()


spans = st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(0, 9))


@given(
    st.lists(st.tuples(st.sampled_from(STAFF), st.sampled_from(UNITS), spans), max_size=6),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_a_chart_holds_all_that_held_at_some_time(rows, one, other):
    """A row counts if one instant of the span, ends included, lies in it: tried instant by instant."""
    start, end = sorted((one, other))
    made = [
        StaffRow(who=who, unit=unit, function="support", valid_from=since, valid_to=until)
        for who, unit, (since, until) in rows
        if since is None or until is None or since < until
    ]
    units = {}
    for row in made:
        held = [
            t
            for t in range(start, end + 1)
            if (row.valid_from is None or row.valid_from <= t) and (row.valid_to is None or t < row.valid_to)
        ]
        if held:
            units.setdefault(row.who, set()).add(row.unit)
    assert Chart.between(made, start, end).units == units


def test_a_unit_left_after_the_looks_is_still_theirs():
    """Moving out of the unit of those named launders nothing, for the time since their first look."""
    rows = [
        StaffRow(who="a", unit="theirs", function="support", valid_to=50),
        StaffRow(who="a", unit="elsewhere", function="support", valid_from=50),
        StaffRow(who="n", unit="theirs", function="support"),
    ]
    assert [r.code for r in apart("a", "approver", ["n"], Chart.between(rows, 40, 60), tied=frozenset())] == [
        "approver-unit-of-named"
    ]
    assert apart("a", "approver", ["n"], Chart.between(rows, 50, 60), tied=frozenset()) == ()


@pytest.mark.parametrize(
    ("requester", "approver", "ago", "said"),
    [
        ("a", "r", timedelta(0), ["returned"]),
        ("a", "r", RETURNED, ["returned"]),
        ("a", "r", RETURNED + timedelta(seconds=1), []),
        ("a", "r", timedelta(seconds=-1), []),
        ("r", "a", timedelta(0), []),
        ("a", "x", timedelta(0), []),
    ],
)
def test_an_approval_is_not_returned(requester, approver, ago, said):
    """Whom I approved for may not approve for me, for thirty days; the same two in the same roles may go on."""
    now = Chart.between([StaffRow(who=w, unit=w, function="support") for w in "ra"], 0, 0)
    lately = [Approved(requester, approver, BEGAN - ago)]
    assert [r.code for r in independent("r", "a", now, lately, BEGAN)] == said


def test_every_reason_has_a_sentence_that_names_nobody():
    """One sentence each, ended; an unknown code, from a later version, has one too."""
    for code, sentence in REASONS.items():
        assert Reason(code).sentence == sentence
        assert sentence.endswith(".")
        assert len(code) <= 40
    assert Reason("from-the-future").sentence


# ── an approval of a look ──


def staff(who, unit, manager=None, since=None, until=None):
    return StaffRow(who=who, unit=unit, function="support", manager=manager, valid_from=since, valid_to=until)


def ground(rows, **changes):
    """A request of r's, on a chart of these rows."""
    given = {
        "requester": "r", "at": BEGAN, "chart": Chart.between(rows, 0, 100), "lately": (), "fresh": True,
        "parties": frozenset(), "gaining": frozenset(),
    }  # fmt: skip
    return Ground(**(given | changes))


def codes(approver, on, **more):
    return [reason.code for reason in against(approver, on, **more)]


APART = (staff("r", "u"), staff("a", "w"))


def test_two_who_have_nothing_to_do_with_each_other():
    """Somebody is independent, or the rules would be safe and useless."""
    assert codes("a", ground(APART)) == []


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({"fresh": False}, {}, ["directory-stale"]),
        ({"parties": frozenset("a")}, {}, ["party"]),
        ({}, {"related": True}, ["party"]),
        ({"tied": frozenset("a")}, {}, ["tied"]),
        ({"gaining": frozenset("w")}, {}, ["gains"]),
        ({"gaining": frozenset("u")}, {}, []),
        ({"lately": (Approved("a", "r", BEGAN),)}, {}, ["returned"]),
        ({"lately": (Approved("x", "r", BEGAN), Approved("a", "x", BEGAN))}, {}, ["favour-by-way-of"]),
        ({"lately": (Approved("x", "r", BEGAN - RETURNED * 2), Approved("a", "x", BEGAN))}, {}, []),
        ({"lately": (Approved("r", "a", BEGAN),) * 9}, {}, []),
    ],
)
def test_each_thing_that_ties_an_approver_to_a_look(changes, more, said):
    """One after the other, on ground that is otherwise fine; nine approvals in one direction are a pattern, no tie."""
    assert codes("a", ground(APART, **changes), **more) == said


def test_a_unit_reorganised_the_day_before_is_still_the_unit():
    """Chart and line of the last 30 days: whoever moved out yesterday is in here."""
    moved = [
        staff("r", "u"),
        staff("a", "u", "m", until=99),
        staff("a", "w", "n", since=99),
        staff("m", "m"),
        staff("n", "n"),
    ]
    assert codes("a", ground(moved)) == ["same-unit"]
    assert codes("m", ground([*moved, staff("r", "u", "m", until=98)])) == ["line"]


@pytest.mark.parametrize(
    ("far", "said"),
    [
        ((1, 1), ["common-manager", "sister-unit"]),
        ((3, 2), ["sister-unit"]),
        ((3, 3), []),
        ((2, 2), ["common-manager", "sister-unit"]),
    ],
)
def test_sister_units_under_one_boss(far, said):
    """Each of the two at the end of a line in their unit; the unit's head reports to the boss of both."""
    rows = [staff("boss", "top")]
    for name, unit, levels in (("r", "u", far[0]), ("a", "w", far[1])):
        line = [name, *(f"{name}{n}" for n in range(1, levels)), "boss"]
        rows += [staff(who, unit, up) for who, up in pairwise(line)]
    assert codes("a", ground(rows)) == said


def test_every_small_company_against_the_oracle_of_an_approval():
    """With nothing but a chart, an approval asks for no less than opening a name, and for no stale directory."""
    for managers, units in every_company():
        on = ground([], requester="a", chart=chart(managers.values(), units.values()))
        for other in STAFF[1:]:
            said = set(codes(other, on))
            assert said - {"sister-unit"} == expected_of_two(managers, units, "a", other)
            heads = [
                {managers[w] for w in STAFF if units[w] == units[x] and units.get(managers[w]) != units[x]}
                for x in ("a", other)
            ]
            near = {*climb(managers, "a")[:2], *climb(managers, other)[:2]}
            assert ("sister-unit" in said) == (units["a"] != units[other] and bool(heads[0] & heads[1] & near - {None}))


def test_who_is_tied_to_one_of_those_named_is_not_apart():
    now = Chart.between([staff("a", "u"), staff("n", "v")], 0, 9)
    assert [r.code for r in apart("a", "approver", ["n"], now, tied=frozenset({"n"}))] == ["approver-tied-to-named"]
    assert apart("a", "approver", ["n"], now, tied=frozenset({"m"})) == ()
