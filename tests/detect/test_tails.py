# SPDX-License-Identifier: Apache-2.0
"""Tails against exact fractions, and what is usual against honest principals."""

import math
import random
from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.detect.defaults import load_defaults
from whosaw.detect.others import Counted, Others
from whosaw.detect.tails import Sums, again, at_least, dispersion, mixed, poissons, rate, times
from whosaw.detect.tally import tallies
from whosaw.detect.toml import shipped

getcontext().prec = 60
COUNTS = load_defaults().counts
PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)).map(lambda p: (min(p), max(p))), max_size=12)


def poisson(k, mean: Fraction):
    """P(X ≥ k), to sixty digits: the upper terms summed, so nothing cancels."""
    m = Decimal(mean.numerator) / Decimal(mean.denominator)
    term = (-m).exp()
    for i in range(1, k + 1):
        term = term * m / i
    total = Decimal(0)
    for i in range(k, k + 600):
        total += term
        term = term * m / (i + 1)
    return float(total)


def negative_binomial(k, mean: Fraction, size: int):
    """P(X ≥ k) in fractions, for a whole size: 1 minus the terms below."""
    q = mean / (size + mean)
    below = sum(math.comb(i + size - 1, i) * q**i for i in range(k)) * (1 - q) ** size
    return float(1 - below)


@settings(deadline=None)
@given(k=st.integers(1, 40), n=st.integers(1, 300), percent=st.integers(1, 60))
def test_without_dispersion_it_is_the_poisson_tail(k, n, percent):
    """P(X ≥ k), not P(X > k), to ten digits."""
    assert at_least(k, n, percent / 100, 0.0) == pytest.approx(poisson(k, Fraction(n * percent, 100)), rel=1e-9)


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(1e-9, 50.0)), max_size=20))
def test_of_very_many_each_is_as_if_it_was_alone(asked):
    """To the last digit, or findings would depend on how many others there are."""
    ks, means = [k for k, _ in asked], [mean for _, mean in asked]
    assert poissons(ks, means) == [at_least(k, 1, mean, 0.0) for k, mean in asked]


def asked_again(k, n, share: Fraction, loyal: Fraction):
    """P(X ≥ k) by Pólya's urn in fractions: each further request goes where one did, or where anybody's does."""
    ways = {0: Fraction(1)}
    for i in range(n):
        to: dict[int, Fraction] = {}
        for j, p in ways.items():
            more = (share * (1 - loyal) + j * loyal) / (1 - loyal + i * loyal)
            to[j + 1] = to.get(j + 1, Fraction(0)) + p * more
            to[j] = to.get(j, Fraction(0)) + p * (1 - more)
        ways = to
    return float(sum((p for j, p in ways.items() if j >= k), Fraction(0)))


@settings(deadline=None)
@given(n=st.integers(1, 25), k=st.integers(0, 25), share=st.integers(1, 19), loyal=st.integers(0, 19))
def test_whoever_asks_again_asks_the_same(n, k, share, loyal):
    """Like balls that are put back with another of their colour; by lot for 0."""
    k = min(k, n)
    exact = asked_again(k, n, Fraction(share, 20), Fraction(loyal, 20))
    assert again(k, n, share / 20, loyal / 20) == pytest.approx(exact, rel=1e-9)


def test_where_everybody_asks_one_alone_many_say_no_more_than_one():
    assert again(1, 30, 0.02, 1.0) == again(30, 30, 0.02, 1.0) == 0.02
    assert again(0, 30, 0.02, 0.5) == again(3, 3, 1.0, 0.5) == 1.0


@settings(deadline=None)
@given(k=st.integers(1, 40), n=st.integers(1, 300), percent=st.integers(1, 60), size=st.integers(1, 12))
def test_with_dispersion_it_is_the_negative_binomial_tail(k, n, percent, size):
    """For whole sizes, to nine digits."""
    exact = negative_binomial(k, Fraction(n * percent, 100), size)
    assert at_least(k, n, percent / 100, 1 / size) == pytest.approx(exact, rel=1e-8)


@settings(deadline=None)
@given(k=st.integers(1, 30), n=st.integers(1, 200), percent=st.integers(1, 50), tenths=st.integers(0, 30))
def test_a_tail_falls_with_k_and_rises_with_the_rate(k, n, percent, tenths):
    """More is more surprising; less so where more is usual. Nothing is a probability above 1."""
    p = at_least(k, n, percent / 100, tenths / 10)
    assert 0 <= at_least(k + 1, n, percent / 100, tenths / 10) <= p <= 1
    assert at_least(k, n, (percent + 5) / 100, tenths / 10) >= p
    assert at_least(0, n, percent / 100, tenths / 10) == 1


@given(PAIRS, PAIRS)
def test_sums_add_and_subtract(a, b):
    """What is taken out again leaves what was there, without rounding."""
    assert Sums.of([*a, *b]) - Sums.of(b) == Sums.of(a)
    assert Sums.of(a) + Sums.of(b) == Sums.of([*b, *a])
    assert Sums.of(a).units == sum(1 for _, n in a if n)


@given(PAIRS, st.integers(1, 99), st.integers(0, 400))
def test_rate_and_dispersion_are_what_they_say(pairs, percent, prior):
    """The rate in fractions; the dispersion from its definition, and never below none."""
    wider = Fraction(percent, 100)
    k, n = sum(k for k, _ in pairs), sum(n for _, n in pairs)
    if n + prior:
        assert rate(Sums.of(pairs), float(wider), prior) == pytest.approx(float((k + prior * wider) / (n + prior)))
    r = float(wider)
    spread = sum((k - r * n) ** 2 for k, n in pairs)
    squares = sum(n * n for _, n in pairs)
    expected = max(0.0, (spread - r * n) / (r * r * squares)) if squares else 0.0
    assert dispersion(Sums.of(pairs), r) == pytest.approx(expected, abs=1e-6)


def test_what_is_measured_is_mixed_with_what_is_declared():
    """Nobody known: the declared one. As many known as the prior: half and half."""
    assert mixed(0.0, 0, 0.5, 50) == 0.5
    assert mixed(0.1, 50, 0.5, 50) == pytest.approx(0.3)
    assert mixed(0.1, 10**9, 0.5, 50) == pytest.approx(0.1)
    assert mixed(0.7, 0, 0.5, 0) == 0.5
    assert times(0.3, 6) == 1.0
    assert times(0.01, 6) == pytest.approx(0.06)


# ── what is usual ──


def counted(who, unit, function, k, n):
    return Counted(f"e-{who}", unit, function, "boss", k, n)


def crowd(draw, spread, staff=60):
    """Honest principals whose own rates differ by `spread` (1/s)."""
    rows = []
    for who in range(staff):
        own = 0.04 * (draw.gammavariate(1 / spread, spread) if spread else 1)
        n = draw.randint(5, 60)
        rows.append(counted(who, f"u{who % 8}", f"f{who % 4}", sum(draw.random() < own for _ in range(n)), n))
    return rows


@pytest.mark.parametrize(("spread", "times_said"), [(0, 1), (0.5, 1), (1, 2)])
def test_honest_principals_surprise_no_more_often_than_said(spread, times_said):
    """Of thousands of honest principals at most one in a hundred has a p below a hundredth; two in a hundred where they
    are twice as unequal as `defaults.toml` declares."""
    draw, ps = random.Random(11), []
    for _ in range(40):
        rows = crowd(draw, spread)
        others = Others(rows, COUNTS)
        for row in rows:
            usual = others.usual("principal", row.who, row.unit, row.function)
            ps.append(at_least(row.k, row.n, usual.rate, usual.inverse_s))
    assert len(ps) == 2400
    assert sum(p <= 0.01 for p in ps) <= times_said * 24 + 10  # two standard errors
    assert sum(p <= 0.1 for p in ps) <= times_said * 240 + 30


def test_two_who_snoop_do_not_hide_each_other():
    """What is usual is the same with two more who stand apart, in other units."""
    rows = crowd(random.Random(3), 0)
    snoops = [counted("s1", "u1", "f1", 14, 20), counted("s2", "u2", "f2", 14, 20)]
    with_, without = Others([*rows, *snoops], COUNTS), Others(rows, COUNTS)
    for who, unit, function in (("e-s1", "u1", "f1"), ("e-s2", "u2", "f2"), ("e-x", "u5", "f1")):
        a, b = (o.usual("principal", who, unit, function) for o in (with_, without))
        assert a.rate == pytest.approx(b.rate, rel=0.05)
        assert a.inverse_s == pytest.approx(b.inverse_s, abs=0.05)


def test_what_a_machine_does_is_usual_for_nobody():
    """One that looks at thousands without a reason, or at thousands with one, changes nothing for people."""
    rows = crowd(random.Random(3), 0)
    for k in (40, 4000):
        machine = counted("m", "u1", "service", k, 4000)
        for kind, id_ in (("principal", "e-0"), ("unit", "u0"), ("function", "f0")):
            usual = (Others(of, COUNTS).usual(kind, id_, "u0", "f0") for of in (rows, [*rows, machine]))
            assert len(set(usual)) == 1


def test_nobody_is_compared_with_their_own():
    """Whatever a unit, a function or a manager's people do, what they are compared with stays the same."""
    rows = crowd(random.Random(5), 0.5)
    for kind, id_, unit, function, is_own in (
        ("principal", "e-0", "u0", "f0", lambda r: r.unit == "u0"),
        ("unit", "u0", "u0", "f0", lambda r: r.unit == "u0"),
        ("function", "f1", "u1", "f1", lambda r: r.function == "f1"),
    ):
        # Small counts: large ones would be left out for standing apart, and prove nothing.
        busier = [
            Counted(r.who, r.unit, r.function, r.manager, min(r.n, r.k + 1), r.n) if is_own(r) else r for r in rows
        ]
        answers = []
        for given_ in (rows, busier):
            usual = Others([r for r in given_ if not is_own(r)], COUNTS).usual(kind, id_, unit, function)
            answers.append((usual.rate, usual.inverse_s))
        assert answers[0] == answers[1]
        whole = Others(rows, COUNTS).usual(kind, id_, unit, function)
        assert whole.others <= len([r for r in rows if not is_own(r)])


@pytest.mark.parametrize(("busy", "of", "usual_there"), [(8, 8, True), (2, 8, False), (4, 4, False)])
def test_what_most_of_a_team_have_in_a_window_is_usual_there(busy, of, usual_there):
    """All of a unit look without a reason that week: nobody of it stands apart. Two of eight, or a unit of four: they do."""
    team = [counted(f"t{i}", "u9", "f9", 20 if i < busy else 2, 60) for i in range(of)]
    others = Others([*crowd(random.Random(3), 0), *team], COUNTS)
    apart = others.usual("principal", "e-t0", "u9", "f9")
    for kind, id_ in (("principal", "e-t0"), ("unit", "u9")):
        assert (others.usual(kind, id_, "u9", "f9", 0).rate > 2 * apart.rate) == usual_there
    assert others.usual("principal", "e-t0", "u9", "f9", 1) == apart  # of another window nothing is known


@pytest.mark.parametrize(
    ("busy", "of", "usual_there"), [(20, 20, True), (13, 13, True), (12, 12, False), (4, 20, False)]
)
def test_what_the_others_of_a_large_team_have_is_usual_there(busy, of, usual_there):
    """A ward comes back to its patients, and nobody of it stands apart; four of it do, and so does a small team."""
    team = [counted(f"t{i}", "u9", "f9", 20 if i < busy else 2, 60) for i in range(of)]
    rows = crowd(random.Random(3), 0)
    others, without = Others([*rows, *team], COUNTS), Others(rows, COUNTS)
    elsewhere = without.usual("principal", "e-t0", "u9", "f9")
    assert (others.usual("principal", "e-t0", "u9", "f9").rate > 3 * elsewhere.rate) == usual_there
    # Of the team itself nobody is left to say so.
    assert others.usual("unit", "u9", "u9", "f9").rate == pytest.approx(elsewhere.rate)


def test_a_team_is_large_where_it_is_more_than_a_finding_names():
    """Where findings name thirty, twenty of a ward may all be in it."""
    more = shipped("defaults.toml").replace(b"most_principals = 12", b"most_principals = 30")
    team = [counted(f"t{i}", "u9", "f9", 20, 60) for i in range(20)]
    rows = [*crowd(random.Random(3), 0), *team]
    few, many = (Others(rows, of).usual("principal", "e-t0", "u9", "f9") for of in (COUNTS, load_defaults(more).counts))
    assert few.rate > 3 * many.rate


def test_a_large_team_that_has_less_than_others_excuses_nobody_less():
    quiet = [counted(f"t{i}", "u9", "support", 0, 60) for i in range(20)]
    others = Others([*(counted(i, f"u{i % 9}", "support", 12, 60) for i in range(90)), *quiet], COUNTS)
    assert others.usual("principal", "e-t0", "u9", "support").rate > 0.15


def test_where_there_are_few_units_only_oneself_is_left_out():
    """With two org units, leaving out one's own would leave half a company: others of the unit stay."""
    rows = [counted(i, f"u{i % 2}", "support", 1, 30) for i in range(20)]
    usual = Others(rows, COUNTS).usual("principal", "e-0", "u0", "support")
    assert usual.others == 19
    assert usual.stratum == "everybody"


def test_nobody_known_means_the_declared_numbers():
    """In an empty company what is usual is what `defaults.toml` says."""
    usual = Others([], COUNTS).usual("principal", "e-0", None, None)
    assert (usual.rate, usual.inverse_s, usual.others) == (COUNTS.rate, COUNTS.dispersion, 0)


def test_a_large_function_has_a_rate_of_its_own():
    """Support with many unlinked looks is compared with support, not with everybody."""
    rows = [counted(i, f"u{i % 9}", "support" if i % 2 else "fraud", 6 if i % 2 else 0, 40) for i in range(200)]
    others = Others(rows, COUNTS)
    support, fraud = (others.usual("principal", "e-1", "u1", f) for f in ("support", "fraud"))
    assert (support.stratum, fraud.stratum) == ("support", "fraud")
    assert support.rate > 2 * fraud.rate


def test_whose_map_it_is_does_not_depend_on_what_was_found():
    """Of a function with a rate of its own all are in its stratum, also those who have nothing to be said of."""
    n = [
        {"kind": "principal", "id": f"e-{i}", "unit": f"u{i % 9}", "function": "support", "manager": "m", "days": 90,
         "block": 0, "n": 40}
        for i in range(80)
    ]  # fmt: skip
    k = [{"kind": "principal", "id": f"e-{i}", "label": "all", "days": 90, "block": 0, "k": 1} for i in range(9)]
    made = tallies(n, k, COUNTS, signal="protected_person", family="context")
    assert {t.stratum for t in made} == {"support"}
    assert sum(t.p < 1 for t in made) == 9
