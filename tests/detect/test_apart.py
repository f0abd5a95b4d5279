# SPDX-License-Identifier: Apache-2.0
"""Who of a finding stands apart: one place of a list is for one matter."""

import random
from dataclasses import replace

from tests.detect.test_join import ANN, BEN, NUMBERS, of, units

from whosaw.detect.apart import apart

TEAM = of(1e-9, ANN + BEN, "audit", "unit")
OF_ANN, OF_BEN = of(1e-8, ANN, "ann"), of(1e-7, BEN, "ben")


def test_people_whom_only_their_team_puts_together_stand_apart():
    """Nobody in common: what is counted of the team is no part of either, however strong; strongest first, in any order."""
    for part in ([TEAM, OF_ANN, OF_BEN], [OF_BEN, TEAM, OF_ANN]):
        assert [[s.unit for s in made] for made in apart([part], NUMBERS)] == [["ann"], ["ben"]]


def test_who_shares_persons_belongs_together():
    """One in five of the one with fewer, and not one in six; and whoever shares with two of them brings these together."""
    for fewer, groups in ((5, [["ann", "ben", "unit"]]), (6, [["ann"], ["ben"]])):
        pairs = [("ben", "0"), *(("ben", str(i)) for i in range(10, 9 + fewer))]
        of_ann = of(1e-8, [*ANN, *(("ann", f"a-{i}") for i in range(9))], "ann")
        part = [of_ann, of(1e-7, pairs, "ben"), of(1e-9, [*ANN, *pairs], "unit", "unit")]
        assert units(apart([part], NUMBERS)) == groups
    both = of(1e-7, [("cid", "0"), ("cid", "10")], "cid")
    assert units(apart([[TEAM, OF_ANN, OF_BEN, both]], NUMBERS)) == [["ann", "audit", "ben", "cid"]]


def test_a_list_that_was_shared_out_is_one_matter():
    """A circle, a case, a group that names both; and accounts that stand in no directory, which may be one human's."""
    for kind in ("circle", "case", "group", "unlisted"):
        part = [OF_ANN, OF_BEN, of(0.5, ANN + BEN, "both", kind)]
        assert apart([part], NUMBERS) == [part]


def test_a_finding_of_which_no_part_may_be_one_stays_whole():
    """The team's alone; and of several parts one that may not open goes with what is said of the team."""
    assert apart([[TEAM]], NUMBERS) == [[TEAM]]
    quiet = replace(OF_BEN, opens=False)
    assert units(apart([[TEAM, OF_ANN, quiet]], NUMBERS)) == [["ann"]]


def test_nothing_is_said_of_fewer_than_it_was_counted_of():
    """Of findings of all kinds: each signal that is left is whole, and stands once."""
    draw = random.Random(5)
    for _ in range(200):
        part = []
        for nth in range(draw.randint(1, 6)):
            pairs = [(draw.choice("abcd"), str(draw.randint(0, 8))) for _ in range(draw.randint(1, 6))]
            part.append(of(10 ** -draw.randint(1, 9), pairs, f"u{nth}", draw.choice(("principal", "unit", "circle"))))
        made = apart([part], NUMBERS)
        left = [s for signals in made for s in signals]
        assert made
        assert all(any(s is was for was in part) for s in left)
        assert len({id(s) for s in left}) == len(left)
