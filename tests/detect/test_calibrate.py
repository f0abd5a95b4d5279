# SPDX-License-Identifier: Apache-2.0
"""p as it turns out: uniform on chance, whatever the formula assumed; and what is planted stays far out."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.detect.made import signal

from whosaw.detect.calibrate import calibrated
from whosaw.detect.defaults import load_defaults
from whosaw.detect.fuse import combined, fused, odds, of_newcomers, prices_of
from whosaw.detect.tails import at_least

DEFAULTS = load_defaults()
NUMBERS, FUSION = DEFAULTS.calibration, DEFAULTS.fusion


def units(ps, **more):
    return [replace(signal(float(p), unit=f"e-{i:06d}"), **more) for i, p in enumerate(ps)]


def said(ps, **more):
    return np.array([s.p for s in calibrated(units(ps, **more), NUMBERS)])


def counts(draw, spread, declared, number):
    """Tails of honest principals of this dispersion, told that it is `declared`; and the same with ties broken by lot."""
    n = draw.integers(20, 200, number)
    k = draw.poisson(n * 0.05 * (draw.gamma(1 / spread, spread, number) if spread else 1))
    at = np.array([at_least(int(a), int(b), 0.05, declared) for a, b in zip(k, n, strict=True)])
    above = np.array([at_least(int(a) + 1, int(b), 0.05, declared) for a, b in zip(k, n, strict=True)])
    return at, above + draw.uniform(size=number) * (at - above)


@pytest.mark.parametrize(("spread", "declared", "slack"), [(0, 0, 1.5), (0.5, 0.5, 1.5), (2, 2, 1.5), (2, 0.5, 3)])
def test_on_chance_it_is_what_it_says(spread, declared, slack):
    """Uniform; and not much less so far out where honest principals are four times as unequal as the formula was told."""
    draw = np.random.default_rng(7)
    tails = [counts(draw, spread, declared, 600) for _ in range(12)]
    smooth = np.concatenate([said(u) for _, u in tails])
    assert stats.kstest(smooth, "uniform").pvalue > 0.01
    for level in (0.05, 0.01, 0.001):
        expected = level * len(smooth)
        assert sum(smooth <= level) <= slack * expected + 3 * math.sqrt(expected)
        assert sum(np.concatenate([said(p) for p, _ in tails]) <= level) <= slack * expected + 3 * math.sqrt(expected)


def test_of_a_few_units_the_formula_is_believed():
    """With no more than a handful no rank is to be had: p is raised where the tail is heavy, and left where it is not."""
    draw = np.random.default_rng(8)
    for number in (1, 3, 20):
        light, heavy = draw.uniform(size=number) ** 0.7, draw.uniform(size=number) ** 5
        assert (said(light) >= light * (1 - 1e-12)).all()
        assert (said(light) <= light**0.5 + 1e-12).all()
        assert (said(heavy) >= heavy).all()
    assert said(heavy).min() > heavy.min() ** 0.5


def test_of_some_units_it_is_their_share():
    """Sixty of whom four have anything to be said of: being one of these is as seldom as that. One far out is not five in sixty."""
    weak = said([0.7, 0.6, 0.5, 0.4, *[1.0] * 56])
    assert weak[:4].max() <= 5 / 61
    assert weak[4:].min() == 1.0
    assert said([1e-9, 1e-9, *[1.0] * 58]).min() == pytest.approx(1e-9)
    # A formula that pays three times too much: what is not cut off is what it says all the same.
    draw = np.random.default_rng(12)
    safe = np.concatenate([said(np.minimum(1, 3 * draw.uniform(size=150))) for _ in range(8)])
    assert stats.kstest(safe[safe < 0.3] / 0.3, "uniform").pvalue > 0.01


@pytest.mark.parametrize("number", [60, 300, 3000])
def test_what_is_planted_does_not_make_itself_usual(number):
    """Five units far out stay far out, whether there are many others or few."""
    draw = np.random.default_rng(9)
    ps = np.concatenate([draw.uniform(size=number), np.full(5, 1e-9)])
    assert said(ps)[-5:].max() < 1e-6


@pytest.mark.parametrize(("number", "planted"), [(2, 2), (3, 2), (3, 3), (8, 4), (27, 6)])
def test_of_few_units_those_who_are_sought_do_not_make_each_other_usual(number, planted):
    """Two who look at the same nine persons are as far out as one, also where nobody else is tried."""
    rest = (np.arange(number - planted) + 0.5) / max(1, number - planted)
    assert said([*rest, *[1e-5] * planted])[-planted:].max() == pytest.approx(1e-5)


def test_of_few_units_that_are_all_far_out_none_stands_apart():
    """Twenty whose tails are five times too steep are compared with each other."""
    heavy = ((np.arange(20) + 0.5) / 20) ** 5
    assert said(heavy)[0] > heavy[0] ** 0.4


def test_larger_stays_larger_and_strata_are_apart():
    """Within a map the order is kept; a stratum of its own has its own map, a small one its kind's."""
    draw = np.random.default_rng(10)
    ps = np.sort(draw.uniform(size=800) ** 3)
    assert (np.diff(said(ps)) >= 0).all()
    wild = [replace(s, stratum="wild") for s in units(draw.uniform(size=400) ** 9)]
    calm = [replace(s, stratum="calm", unit=f"c{s.unit}") for s in units(draw.uniform(size=400))]
    few = [replace(s, stratum="few", unit=f"f{s.unit}") for s in units(draw.uniform(size=5))]
    both = calibrated([*wild, *calm, *few], NUMBERS)
    assert both[:400] == calibrated(wild, NUMBERS)
    assert both[400:800] == calibrated(calm, NUMBERS)
    assert {s.peers for s in both[:400]} == {"wild"}
    assert {s.peers for s in both[800:]} == {""}
    assert {s.unit for s in both} == {s.unit for s in (*wild, *calm, *few)}


def test_small_strata_share_a_map_without_the_large_ones():
    """Six rare types of sixty cases each are uniform among each other, whatever one frequent type is like."""
    draw = np.random.default_rng(13)
    frequent = [replace(s, stratum="frequent") for s in units(draw.uniform(size=2000) ** 3)]
    rare = [replace(s, stratum=f"rare-{i % 6}", unit=f"r{s.unit}") for i, s in enumerate(units(draw.uniform(size=360)))]
    both = calibrated([*frequent, *rare], NUMBERS)[2000:]
    alone = calibrated([replace(s, stratum="rare") for s in rare], NUMBERS)
    assert [s.p for s in both] == [s.p for s in alone]
    assert {s.peers for s in both} == {""}
    assert stats.kstest([s.p for s in both], "uniform").pvalue > 0.01


def test_one_that_is_next_to_nothing_does_not_say_where_the_tail_begins():
    """Four hundred of ten thousand left the engine, none above .1 but one: of all units two in a hundred have p up to .02."""
    ps = [0.9, *(0.1 * (np.arange(399) + 1) / 400)]
    made = said(ps, rest=9600)
    for share in (0.03, 0.02, 0.01):
        assert sum(made <= share) == pytest.approx(share * 10_000, rel=0.1)


def test_a_unit_is_counted_once():
    """Of three hundred units that differ, the hundredth is at one third."""
    assert said(np.arange(1, 301) / 300)[99] == pytest.approx(1 / 3)


def test_units_that_never_left_the_engine_count():
    """A pair that is looked at further is one in a thousand: being among the few that were is no small p."""
    ps = np.linspace(0.01, 0.2, 20)
    assert said(ps, rest=2000).max() <= 21 / 2021
    assert said(np.ones(300)).min() == 1.0
    assert said([]).size == 0


# ── one p for a finding ──


def drawn(draw, number, correlation, families):
    """Normal scores of so many families with one common cause, as p."""
    common = draw.normal(size=(number, 1)) * math.sqrt(correlation)
    return stats.norm.sf(common + draw.normal(size=(number, families)) * math.sqrt(1 - correlation))


WEIGHTS = [FUSION.weight(f) for f in ("context", "cover", "graph", "time", "concealment")]


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("jumps", [False, True])
def test_on_chance_a_fused_p_is_seldom_small(correlation, jumps):
    """P(p < .01) is not above .0114, also when families say the same thing, and when four of five p are 1."""
    draw = np.random.default_rng(11)
    ps = drawn(draw, 40_000, correlation, 5)
    if jumps:
        ps = np.where(ps < 0.2, ps, 1.0)
    made = np.array([combined(list(zip(WEIGHTS, row, strict=True))) for row in ps])
    assert sum(made < 0.01) <= 0.0118 * len(made) + 2 * math.sqrt(0.01 * len(made))
    assert sum(made < 0.01) >= 0.004 * len(made)


def test_one_strong_family_is_not_shouted_down():
    """Four silent families cost a factor of the weight; an absent one costs nothing; order is nothing."""
    strong = replace(signal(1e-9, unit="e-1"), family="graph")
    weak = replace(signal(0.01, unit="e-2"), family="time")
    ran = {"context": 1, "cover": 3, "graph": 2, "time": 1, "concealment": 1}
    p = fused([strong], ran, FUSION)
    assert p == pytest.approx(1e-9 * 2 / FUSION.graph, rel=1e-6)
    assert fused([strong], {"graph": 1}, FUSION) == pytest.approx(1e-9, rel=1e-6)
    assert fused([strong, weak], ran, FUSION) < p
    assert len({fused(order, ran, FUSION) for order in itertools.permutations([strong, weak, signal(1e-4)])}) == 1
    assert 0.5 < fused([replace(strong, p=1.0)], ran, FUSION) <= 1


def test_what_supports_does_not_carry():
    """A witness counts for as much as what it bears witness to, and no more; alone it is what it is."""
    opener = replace(signal(0.001, unit="e-1"), family="graph")
    witness = replace(signal(1e-9, unit="e-2"), family="time", opens=False)
    ran = {"graph": 1, "time": 1}
    p = fused([opener, witness], ran, FUSION)
    assert p == fused([opener, replace(witness, p=0.001)], ran, FUSION) < fused([opener], ran, FUSION)
    assert fused([opener, replace(witness, opens=True)], ran, FUSION) < 1e-7
    assert fused([witness], {"time": 1}, FUSION) == pytest.approx(1e-9, rel=1e-6)


def test_what_is_weak_is_put_in_order_too():
    """Where the combined p of two is all but 1, the smaller p still has the better odds; what is paid for is paid for here as well."""
    ran = {"graph": 5, "time": 3, "context": 3, "cover": 3}
    better, worse = (replace(signal(p, unit="e-1"), family="graph") for p in (0.02, 0.2))
    assert fused([worse], ran, FUSION) - fused([better], ran, FUSION) < 0.3
    assert odds([better], ran, FUSION) == pytest.approx(10 * odds([worse], ran, FUSION)) == pytest.approx(10)
    assert odds([better], ran, FUSION, {"unexplained": 4.0}) == pytest.approx(2.5)
    second = replace(signal(0.02, unit="e-2"), family="time")
    assert odds([better, second, worse], ran, FUSION) == pytest.approx(10 + 1 / 0.06)
    # What may support and never be a finding wins no more than what it bears witness to.
    witness = replace(second, p=1e-9, opens=False)
    assert odds([better, witness], ran, FUSION) == pytest.approx(10 + 1 / 0.06)


@pytest.mark.parametrize("p", [1e-300, 1e-15, 9.9e-9, 1.01e-8, 1e-3, 0.3, 0.9])
def test_one_family_alone_keeps_its_p(p):
    """What the combination does to one p is nothing, at every size."""
    assert combined([(0.2, p)]) == pytest.approx(max(p, 1e-15), rel=1e-6)


def test_newcomers_surprise_less():
    """In the first weeks the root of p, for signals that newcomers set off; for others and later p itself."""
    from tests.detect.made import seen

    new = replace(signal(1e-6, seen(tenure=3), seen(look="l-2", tenure=9)), signal="volume")
    old = replace(signal(1e-6, seen(tenure=3), seen(look="l-2", tenure=90)), signal="volume")
    assert of_newcomers(new, FUSION).p == pytest.approx(1e-3)
    assert of_newcomers(old, FUSION) is old
    assert of_newcomers(replace(new, signal="unexplained"), FUSION).p == 1e-6


def test_a_signal_that_tries_much_pays_for_it():
    """Twenty thousand circles for three hundred principals: a p of theirs costs so many times as much, gated ones counted."""
    whos = units([0.5] * 300)
    circles = [
        replace(s, signal="circle_sweep", kind="circle", stratum="ordinary/6", rest=14_000) for s in units([0.5] * 1000)
    ]
    prices = prices_of([*whos, *circles])
    assert prices == {"unexplained": 1.0, "circle_sweep: ordinary": 50.0}
    strong = replace(signal(1e-6, unit="c"), signal="circle_sweep", family="graph", kind="circle", stratum="ordinary/5")
    assert fused([strong], {"graph": 1}, FUSION, prices) == pytest.approx(5e-5, rel=1e-3)
    # No signal is surer than once in a million there: no tail was measured further out.
    assert fused([replace(strong, p=1e-40)], {"graph": 1}, FUSION, prices) == pytest.approx(5e-5, rel=1e-3)


def test_the_circles_of_the_protected_pay_for_themselves():
    """Three hundred of them beside fifteen thousand: half of all chances is theirs."""
    whos = units([0.5] * 300)
    few, many = (
        [
            replace(s, signal="circle_sweep", kind="circle", stratum=stratum, unit=f"{stratum} {s.unit}")
            for s in units([0.5] * n)
        ]
        for stratum, n in (("protected/5", 300), ("ordinary/5", 15_000))
    )
    assert prices_of([*whos, *few, *many]) == {
        "unexplained": 1.0,
        "circle_sweep: protected": 2.0,
        "circle_sweep: ordinary": 100.0,
    }
