# SPDX-License-Identifier: Apache-2.0
"""Tails on chance alone: what they call seldom is seldom. Each null is drawn, thousands of times, and nothing is planted."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.detect.tails import at_least, in_common, members, poisson, rank, share, shared, split, wealth

LEVELS = (0.1, 0.01, 0.001)


def seldom(ps, slack=1.0):
    """Of `ps` at most so many lie below each level, give or take what drawing them does."""
    for level in LEVELS:
        expected = level * slack * len(ps)
        assert sum(p <= level for p in ps) <= expected + 4 * math.sqrt(expected) + 1, level


def test_what_falls_after_by_chance_seldom_surprises():
    """Controls and cases with one share: the share is measured on few, the split of even fewer."""
    draw = np.random.default_rng(1)
    ps = []
    for _ in range(8000):
        true, many = draw.uniform(0.1, 0.7), int(draw.integers(200, 2000))
        controls = int(draw.binomial(many, true))
        seen = int(draw.integers(1, 30))
        after = int(draw.binomial(seen, true))
        ps.append(split(after, seen - after, share(controls, many - controls)))
    seldom(ps, 1.15)


def test_members_of_a_set_met_by_chance_seldom_surprise():
    """Persons drawn by how popular they are: the larger of the two tails holds, where one of them alone does not."""
    draw = np.random.default_rng(2)
    ps, narrow = [], []
    for _ in range(40):
        weights = draw.pareto(1.2, 400) + 0.2
        weights /= weights.sum()
        in_set = draw.choice(400, 15, replace=False, p=weights)  # those whom many know
        mark = np.zeros(400, dtype=bool)
        mark[in_set] = True
        for _ in range(100):
            n = int(draw.integers(5, 60))
            seen = draw.choice(400, n, replace=False, p=weights)
            k = int(mark[seen].sum())
            ps.append(members(k, n, 15, 400, n * float(weights[mark].sum())))
            narrow.append(members(k, n, 15, 400, 1e-9))
    seldom(ps)
    assert sum(p <= 0.001 for p in narrow) > 8


def test_persons_in_common_by_chance_seldom_surprise():
    """Two principals draw from one popularity: the tail of what they share, for all pairs of them."""
    draw = np.random.default_rng(3)
    ps = []
    for _ in range(15):
        weights = draw.pareto(2.5, 2000) + 0.5
        weights /= weights.sum()
        sizes = draw.integers(5, 60, 40)
        sets = [set(draw.choice(2000, int(n), replace=False, p=weights)) for n in sizes]
        lookers = {}
        for seen in sets:
            for person in seen:
                lookers[person] = lookers.get(person, 0) + 1
        both, pairs = sum(d * (d - 1) for d in lookers.values()), sum(lookers.values())
        for i, one in enumerate(sets):
            ps += [shared(len(one & o), in_common(len(one), len(o), both, pairs)) for o in sets[:i]]
    seldom(ps, 1.2)


def test_coming_back_by_chance_seldom_surprises():
    """Whoever watches day after day and stops where it looks worst is still right: that is what wealth pays for."""
    draw = random.Random(4)
    ps = []
    for _ in range(6000):
        r = draw.choice((0.002, 0.01, 0.05))
        ps.append(wealth([day for day in range(1, 181) if draw.random() < r], r))
    seldom(ps)
    assert wealth([5, 9, 20, 31, 47], 0.005) < 0.001
    assert wealth([], 0.01) == 1.0


def test_a_count_of_the_unequal_seldom_surprises():
    """Principals whose own rates differ as much as the dispersion says."""
    draw = np.random.default_rng(5)
    for spread in (0.2, 1.0):
        means = draw.gamma(1 / spread, spread, 8000)
        ps = [at_least(int(draw.poisson(40 * 0.05 * m)), 40, 0.05, spread) for m in means]
        seldom(ps)


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 6))
def test_a_rank_counts_itself_in(reference, x):
    """Never 0, 1 for the smallest, and as many as are at least as large."""
    found = rank(x, sorted(reference))
    assert found == (1 + sum(r >= x for r in reference)) / (1 + len(reference))


@settings(deadline=None)
@given(st.data())
def test_members_are_counted_as_from_an_urn(data):
    """The hypergeometric tail in fractions, where the Poisson one is next to nothing."""
    among = data.draw(st.integers(1, 60))
    of, n = data.draw(st.integers(0, among)), data.draw(st.integers(0, among))
    k = data.draw(st.integers(0, min(of, n)))
    exact = Fraction(
        sum(math.comb(of, i) * math.comb(among - of, n - i) for i in range(k, min(of, n) + 1) if n - i <= among - of),
        math.comb(among, n),
    )
    assert members(k, n, of, among, 1e-300) == pytest.approx(float(exact), rel=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 99))
def test_a_split_is_a_binomial_tail(after, before, percent):
    """In fractions."""
    pi, n = Fraction(percent, 100), after + before
    exact = sum(math.comb(n, i) * pi**i * (1 - pi) ** (n - i) for i in range(after, n + 1))
    assert split(after, before, percent / 100) == pytest.approx(float(exact), rel=1e-9)


def test_nothing_is_no_surprise():
    """None of them: p is 1, whatever was expected."""
    assert poisson(0, 0.0) == split(0, 5, 0.1) == members(0, 5, 5, 10, 0.1) == shared(0, 0.0) == 1.0
    assert poisson(1, 0.0) == 0.0
    with pytest.raises(ValueError, match="members"):
        members(6, 5, 9, 10, 1.0)
    with pytest.raises(ValueError, match="rate"):
        wealth([1], 1.0)
