# SPDX-License-Identifier: Apache-2.0
"""The figures against a plain oracle: every small list of findings, every way to hit, nothing clever."""

import itertools
import json
import random
from collections import Counter
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluate.made import PERIOD, START, benign, day, incident, line

from whosaw.errors import BadInput
from whosaw.evaluate.bootstrap import Interval, _of_pairs, _pairs, of_mean
from whosaw.evaluate.calibration import calibrated, calibration, distance, kolmogorov
from whosaw.evaluate.groups import ratios
from whosaw.evaluate.match import hits, match, ranked
from whosaw.evaluate.measure import (
    Period,
    average_precision,
    average_precision_of_pairs,
    pairs_of,
    times,
    twins,
    within,
)
from whosaw.evaluate.report import report


def test_a_hit_is_half_of_either_and_a_tenth():
    """All sizes up to twelve looks: by fractions."""
    for own, theirs in itertools.product(range(1, 13), repeat=2):
        for common in range(min(own, theirs) + 1):
            finding = line("f", 1, [f"c{i}" for i in range(common)] + [f"f{i}" for i in range(own - common)])
            planted = incident("i", [f"c{i}" for i in range(common)] + [f"t{i}" for i in range(theirs - common)])
            half, tenth = Fraction(1, 2), Fraction(1, 10)
            expected = common > 0 and (
                Fraction(common, own) >= half or (Fraction(common, theirs) >= half and Fraction(common, own) >= tenth)
            )
            assert hits(finding, planted) == expected, (own, theirs, common)
    assert not hits(line("f", 1, []), incident("i", ["x"]))
    assert not hits(line("f", 1, ["x"]), incident("i", []))


def test_one_finding_one_incident_best_first():
    """The second finding of an incident finds nothing; one that hits two takes that with most of its looks."""
    truth = [incident("i1", "abcd"), incident("i2", "ef"), benign("b1", "xy")]
    found = match(
        ranked(
            [line("f1", 9, "abef"), line("f2", 8, "cd"), line("f3", 7, "ef"), line("f4", 6, "xy"), line("f5", 5, "ef")]
        ),
        truth,
    )
    assert found.incident == ("i1", None, "i2", None, None)
    assert found.hits == (("i1", "i2"), ("i1",), ("i2",), (), ("i2",))
    assert found.benign == ((), (), (), ("b1",), ())


def test_the_newest_line_counts_and_the_first_enters():
    """A finding that grows is one; drawn at random it is none; among equals the order of the file."""
    lines = [
        line("f2", 3, "b", as_of=20),
        line("f1", 9, "a", as_of=10),
        line("f2", 5, "bc", as_of=30),
        line("f3", 5, "d", as_of=30),
        line("f0", 99, "z", floor=True),
    ]
    found = ranked(lines)
    assert [(f.newest.finding, f.newest.looks, f.entered) for f in found] == [
        ("f1", frozenset("a"), day(10)),
        ("f2", frozenset("bc"), day(20)),
        ("f3", frozenset("d"), day(30)),
    ]


def test_average_precision_is_the_area_under_every_step():
    """Every list of up to seven, in fractions, with up to three that are never found."""
    for length in range(8):
        for relevant in itertools.product((False, True), repeat=length):
            for missed in range(4):
                all_ = sum(relevant) + missed
                steps = [Fraction(sum(relevant[: i + 1]), i + 1) for i in range(length) if relevant[i]]
                expected = float(sum(steps) / all_) if all_ else 0.0
                assert average_precision(relevant, all_) == pytest.approx(expected)


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("pqrs"))), max_size=5), st.data())
def test_pairs_of_one_finding_come_at_once(shapes, data):
    """Each wanted pair counts with the precision after the whole finding that first brings it."""
    wanted = data.draw(st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from("pqrs"))))
    found = ranked([line(f"f{i}", 9 - i, "x", principals=w, persons=p) for i, (w, p) in enumerate(shapes)])
    blocks, seen, total = [set(itertools.product(w, p)) for w, p in shapes], set(), Fraction(0)
    for i, block in enumerate(blocks):
        after = set().union(*blocks[: i + 1])
        for pair in block - seen:
            if pair in wanted:
                total += Fraction(len(after & wanted), len(after))
        seen |= block
    expected = float(total / len(wanted)) if wanted else 0.0
    assert average_precision_of_pairs(found, wanted) == pytest.approx(expected)


def test_pairs_of_incidents_are_counted_once():
    """Two incidents of the same people at the same persons."""
    truth = [incident("i", "a", principals="ab", persons="pq"), incident("j", "b", principals="b", persons="qr")]
    assert pairs_of(truth) == {("a", "p"), ("a", "q"), ("b", "p"), ("b", "q"), ("b", "r")}


def test_a_budget_is_used_up_as_findings_enter():
    """Ten a month and thousand: what enters in the first month cannot be displaced later; what is left over is."""
    lines = [line(f"a{i:02d}", i, "x", as_of=30) for i in range(12)] + [
        line(f"b{i:02d}", 50 + i, "x", as_of=60) for i in range(30)
    ]
    found = ranked(lines)
    shown = [found[i].newest.finding for i in within(found, 10, PERIOD)]
    assert sorted(shown) == [f"a{i:02d}" for i in range(2, 12)] + [f"b{i:02d}" for i in range(20, 30)]
    few = [f for f in found if f.newest.finding > "a08"]
    assert len(within(few, 10, PERIOD)) == 20
    assert len(within(found[:1], 10, Period(1, START, day(1)))) == 1


def test_time_is_until_a_line_hit_it():
    """The first line that is about it, not the first of the finding; persons seen by then; the third of three."""
    truth = [incident("i", ["l1", "l2", "l3"], start=5), incident("j", ["m1"], start=0)]
    lines = [
        line("f", 1, ["x1", "x2", "x3", "l1"], as_of=10),
        line("f", 1, ["l1", "l2"], as_of=20),
        line("f", 1, ["l1", "l2", "l3"], as_of=30),
    ]
    looks = {"l1": (day(6), "p"), "l2": (day(12), "q"), "l3": (day(25), "r")}
    found = times(match(ranked(lines), truth), truth, looks)
    assert (found.found, found.days, found.persons, found.before_third) == (1, 15.0, 2, 1.0)
    late = times(match(ranked(lines[2:]), truth), truth, looks)
    assert (late.days, late.persons, late.before_third) == (25.0, 3, 0.0)
    unknown = times(match(ranked(lines), truth), truth, None)
    assert (unknown.days, unknown.persons, unknown.before_third) == (15.0, None, None)
    assert times(match((), truth), truth, looks).days is None


def test_twins_stand_above_below_or_nowhere():
    """Four pairs: right, wrong, only the incident found, none found."""
    truth = [incident(f"i{n}", [f"i{n}"]) for n in range(4)] + [benign(f"b{n}", [f"b{n}"], f"i{n}") for n in range(4)]
    lines = [
        line("f1", 9, ["i0"]),
        line("f2", 8, ["b0"]),
        line("f3", 7, ["b1"]),
        line("f4", 6, ["i1"]),
        line("f5", 5, ["i2"]),
    ]
    found = twins(match(ranked(lines), truth), truth)
    assert (found.above, found.below, found.neither, found.share) == (2, 1, 1, 0.625)
    assert twins(match((), []), []).share is None


@settings(deadline=None, max_examples=25)
@given(st.randoms(use_true_random=False))
def test_the_report_adds_up(draw):
    """Any findings and truth: counts agree with a plain count, figures lie below their ceilings and in their intervals."""
    truth = [
        incident(f"i{n}", draw.sample("abcdefghij", draw.randint(1, 4)), family=draw.choice(("one", "two")))
        for n in range(draw.randint(0, 4))
    ] + [benign(f"b{n}", draw.sample("klm", 2)) for n in range(draw.randint(0, 2))]
    lines = [
        line(f"f{n}", draw.randint(0, 5), draw.sample("abcdefghijklm", draw.randint(1, 5)), as_of=draw.choice((20, 60)),
             floor=draw.random() < 0.1)
        for n in range(draw.randint(0, 12))
    ]  # fmt: skip
    made = report(lines, truth, PERIOD)
    assert made.findings + made.floor == len(lines)
    assert made.found <= min(made.incidents, made.findings)
    assert sum(f.incidents for f in made.families) == made.incidents
    assert sum(f.found for f in made.families) == made.found
    for at in made.budgets:
        assert 0 <= at.recall <= at.recall_ceiling + 1e-9
        assert at.shown <= max(at.places, 1)
        assert at.precision <= at.precision_ceiling + 1e-9
    interval = made.intervals.average_precision
    assert 0 <= interval.low <= interval.high <= 1
    assert made == report(lines, truth, PERIOD)
    assert made.json()["twins"]["share"] == made.twins.share


def test_a_perfect_list_is_perfect():
    """Every incident found first: precision and recall are their ceilings, and there is no doubt about it."""
    truth = [incident(f"i{n}", [f"l{n}"], persons=f"{n}") for n in range(20)]
    lines = [line(f"f{n}", 99 - n, [f"l{n}"], persons=f"{n}") for n in range(20)]
    made = report(lines, truth, PERIOD)
    assert (made.average_precision, made.average_precision_of_pairs) == (1.0, 1.0)
    assert [(at.precision, at.recall) for at in made.budgets] == [(1.0, 1.0)] * 3
    assert made.intervals.average_precision.low == 1.0
    assert made.budgets[1].recall_ceiling == 1.0
    assert made.budgets[1].false_per_1000_staff_weeks == 0


def test_where_nobody_was_watched_nothing_is_measured():
    """No staff, or no time: BadInput."""
    for period in (Period(0, START, day(9)), Period(5, START, START), Period(5, START, START - timedelta(1))):
        with pytest.raises(BadInput):
            report([], [], period)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 5))
def test_average_precision_is_that_of_others(relevant, missed):
    """scikit-learn's, of a list without ties; what was never found counts as nothing."""
    score = pytest.importorskip("sklearn.metrics").average_precision_score
    if not any(relevant):
        assert average_precision(relevant, missed) == 0
        return
    theirs = score(relevant, [-rank for rank in range(len(relevant))])
    all_ = sum(relevant) + missed
    assert average_precision(relevant, all_) == pytest.approx(theirs * sum(relevant) / all_)


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("pqrs"))), max_size=5), st.data())
def test_pairs_drawn_once_are_the_pairs(shapes, data):
    """The bootstrap's figure with every incident once is the figure; one drawn twice weighs twice."""
    truth = [
        incident(f"i{n}", [f"l{n}"], principals=data.draw(st.sets(st.sampled_from("abc"))),
                 persons=data.draw(st.sets(st.sampled_from("pqrs"))))
        for n in range(3)
    ]  # fmt: skip
    truth = [each for each in truth if not any(pairs_of([each]) & pairs_of([o]) for o in truth if o.id < each.id)]
    lines = [line(f"f{i}", 9 - i, "x", principals=w, persons=p) for i, (w, p) in enumerate(shapes)]
    matched = match(ranked(lines), truth)
    pairs = _pairs(matched, truth)
    plain = average_precision_of_pairs(matched.findings, pairs_of(truth))
    assert _of_pairs(pairs, Counter(each.id for each in truth)) == pytest.approx(plain)
    assert _of_pairs(pairs, Counter()) == 0


def test_intervals_hold_what_they_are_about():
    """Of a mean: none of none, no width where all agree, and the mean inside where they do not."""
    assert of_mean([]) is None
    assert of_mean([0.5, 0.5]) == Interval(0.5, 0.5)
    draw = random.Random(3)
    values = [draw.random() for _ in range(200)]
    interval = of_mean(values)
    assert interval.low < sum(values) / 200 < interval.high
    assert 0.05 < interval.high - interval.low < 0.12  # 2 · 1.96 · 0.289 / √200 is 0.08


def test_kolmogorov_is_that_of_others():
    """scipy's exact one, of few and of many, to a hundredth where it matters."""
    kstest = pytest.importorskip("scipy.stats").kstest
    draw = random.Random(5)
    for n in (10, 50, 1000):
        for power in (1.0, 1.2, 0.9):
            ps = [draw.random() ** power for _ in range(n)]
            theirs = kstest(ps, "uniform")
            assert distance(ps) == pytest.approx(theirs.statistic)
            assert kolmogorov(distance(ps), n) == pytest.approx(theirs.pvalue, abs=0.015)
    assert kolmogorov(0.0, 0) == 1.0
    assert kolmogorov(1.0, 10_000) == 0.0
    assert distance([]) == 0.0


def test_a_jump_is_no_fault_and_what_is_beside_it_is():
    """P(X ≥ k) of Poisson counts is uniform once its jumps are filled, and is not before; p that are too small never are."""
    draw = random.Random(9)
    counts = [sum(draw.random() < 0.02 for _ in range(50)) for _ in range(3000)]
    ordered = sorted(counts)
    upper = {k: sum(c >= k for c in ordered) / len(ordered) for k in set(ordered)}
    units = [(upper[c], f"e-{i}", 1) for i, c in enumerate(counts)]
    fine = calibrated("s", {"principal": units})
    assert fine.distance_p > 0.01
    assert kolmogorov(distance([p for p, _, _ in units]), len(units)) < 1e-9
    assert calibrated("s", {"principal": units}) == fine
    assert calibrated("s", {"principal": [(p**2, unit, 1) for p, unit, _ in units]}).distance_p < 1e-6
    assert calibrated("s", {"pair": [(0.5, "x", 1), (1.0, "", 0)]}).units == 1
    assert calibrated("s", {}).distance_p == 1.0


def staff(**sizes):
    return {f"{group}{i}": {"country": group} for group, size in sizes.items() for i in range(size)}


def test_groups_are_compared_by_rate():
    """Largest over smallest with half a person more in each; small groups and unknown people say nothing."""
    people = {**staff(DE=99, IE=199, FR=49), "x": {}}
    (made,) = ratios(people, ["DE1", "DE2", "DE3", "IE1", "FR1", "nobody"])
    assert (made.attribute, [(g.name, g.people, g.named) for g in made.groups]) == (
        "country", [("DE", 99, 3), ("IE", 199, 1)]
    )  # fmt: skip
    assert made.ratio == pytest.approx((3.5 / 100) / (1.5 / 200))
    assert 1 <= made.by_chance[0] <= made.by_chance[1]
    assert ratios(staff(DE=99, IE=99), [])[0].ratio == 1.0
    assert ratios(staff(DE=500), ["DE1"]) == ()
    assert ratios({}, ["x"]) == ()


def test_chance_is_what_a_blind_choice_brings():
    """Against a plain count: of two groups alike, twenty named at random."""
    (made,) = ratios(staff(DE=60, IE=60), [f"DE{i}" for i in range(10)] + [f"IE{i}" for i in range(10)])
    draw, found = random.Random(1), []
    for _ in range(2000):
        a = sum(i < 60 for i in draw.sample(range(120), 20))
        found.append(max(a + 0.5, 20.5 - a) / min(a + 0.5, 20.5 - a))
    found.sort()
    assert made.by_chance[0] == pytest.approx(found[1000], rel=0.35)
    assert made.by_chance[1] == pytest.approx(found[1900], rel=0.35)
    assert made.ratio == 1.0


def test_a_report_of_nothing_is_whole():
    """No findings, or no incidents: zeros and nothings, no error, and JSON of it."""
    empty = report([], [incident("i", "a")], PERIOD)
    assert (empty.average_precision, empty.worst_family, empty.mean_family, empty.days_interval) == (
        0.0,
        "motive",
        0.0,
        None,
    )
    calm = report([line("f", 1, "a", principals=["DE1"])], [], PERIOD, staff=staff(DE=60, IE=60))
    assert (calm.worst_family, calm.mean_family, calm.twins_interval, calm.families) == (None, None, None, ())
    assert calm.groups[0].ratio == pytest.approx(3.0)
    json.dumps([empty.json(), calm.json()], allow_nan=False)


def test_calibration_has_one_side():
    """Uniform p and safe p are well; p that are too small are not."""
    draw = random.Random(1)
    uniform = [draw.random() for _ in range(4000)]
    assert calibration("s", uniform).excess_p > 0.01
    assert calibration("s", [1.0] * 500 + uniform).excess_p > 0.5
    wrong = calibration("s", [p**2 for p in uniform])
    assert wrong.excess_p < 1e-9
    assert wrong.ratios[0] > 5
    assert calibration("s", []).excess_p == 1.0
