# SPDX-License-Identifier: Apache-2.0
"""Whether people of some groups are suspected wrongly more often than others: by country, function, site and time here.

    false findings within the budget ──▶ whom they name ──▶ per group: named, of so many ──▶ largest rate / smallest

A few findings over many people differ by chance alone, so beside each ratio stands what chance brings: as many people
drawn without a look at their group, again and again.

Invariant: groups under 50 people say nothing; half a person is added to each, so that a rate of none is a number.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

ATTRIBUTES = ("country", "function", "site", "tenure")
SMALLEST = 50
_DRAWS = 400
_SEED = 20220701


@dataclass(frozen=True, slots=True)
class Group:
    """So many of `people` are named by false findings."""

    name: str
    people: int
    named: int

    @property
    def rate(self) -> float:
        return (self.named + 0.5) / (self.people + 1)


@dataclass(frozen=True, slots=True)
class Ratio:
    """`ratio`: of the largest to the smallest rate. `by_chance`: what chance alone brings, in the middle and in one of twenty."""

    attribute: str
    groups: tuple[Group, ...]
    ratio: float
    by_chance: tuple[float, float]


def ratios(staff: Mapping[str, Mapping[str, str]], named: Collection[str]) -> tuple[Ratio, ...]:
    """Per attribute that splits the staff into two groups or more. `staff`: attributes by principal."""
    wrong = frozenset(named) & staff.keys()
    found = (_ratio(attribute, {who: of[attribute] for who, of in staff.items() if of.get(attribute)}, wrong)
             for attribute in ATTRIBUTES)  # fmt: skip
    return tuple(each for each in found if each is not None)


def _ratio(attribute: str, group_of: Mapping[str, str], wrong: Collection[str]) -> Ratio | None:
    people = Counter(group_of.values())
    large = sorted(name for name, count in people.items() if count >= SMALLEST)
    if len(large) < 2:
        return None
    able = [who for who in sorted(group_of) if group_of[who] in set(large)]
    groups = _groups(large, people, Counter(group_of[who] for who in wrong if who in group_of))
    draw = random.Random(_SEED)  # noqa: S311  the same draws every time are what is wanted
    many = sum(group.named for group in groups)
    chance = sorted(
        largest(_groups(large, people, Counter(group_of[who] for who in draw.sample(able, many))))
        for _ in range(_DRAWS)
    )
    return Ratio(attribute, groups, largest(groups), (chance[_DRAWS // 2], chance[round(0.95 * (_DRAWS - 1))]))


def _groups(names: Collection[str], people: Mapping[str, int], named: Mapping[str, int]) -> tuple[Group, ...]:
    return tuple(Group(name, people[name], named.get(name, 0)) for name in names)


def largest(groups: Collection[Group]) -> float:
    """The largest rate over the smallest."""
    rates = [group.rate for group in groups]
    return max(rates) / min(rates)
