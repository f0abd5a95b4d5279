# SPDX-License-Identifier: Apache-2.0
"""How grave looks without a reason are, beside all others of that kind here.

    pairs of principal and person, looked at without a reason ──▶ their traits
      nothing    no reason however weak, and none filed since     protected   that, at a protected person
      caseless   no look named a case                             place       addresses, locations or messages
      weeks      the weeks in which it was done, few of them; those under one case are one
    each as seldom as it is in such work ──added up──▶ rank among all pairs of the company ──▶ −log10 of its share

A missing link is missing from whomever it hits, and whoever is sought was chosen. So among findings that chance brings as easily
those come first whose looks are of the kind that missing links seldom bring. A house where nobody names a case learns nothing
from that, and one where half of the looks at protected persons have weak reasons learns much from one without any. A case whose
link to the person is missing lacks it in every week in which it is worked on: that is one accident, however long it lasts.

Invariants: nothing counts of the one who looked but their function, as what its work is like; a pair with a reason weighs nothing.
Design: docs/adr/0240, 0281
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from whosaw.detect.among import among
from whosaw.detect.defaults import Grave
from whosaw.detect.evidence import PLACE
from whosaw.detect.expected import WEEK
from whosaw.detect.signal import Evidence, World
from whosaw.facts.columns import FIELDS
from whosaw.facts.extra import need

# In the order in which they are said.
_SAID: Mapping[str, str] = {
    "place": "Mostly addresses, locations or messages were looked at.",
    "protected": "Mostly protected persons were looked at, and no reason, however weak, was on file.",
    "nothing": "Mostly no reason was on file, however weak, and none that counts has been filed since.",
    "caseless": "Mostly no case was named.",
}
_TRAITS = tuple(_SAID)
_AGAIN = "Mostly it went on in other weeks."
# Between the two ids of a pair. Where an id has it, too, some more pairs are read than were asked for.
_AND = "\x1e"
# Values that differ by rounding alone are one.
_DIGITS = 9


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """What one principal did at one person without a reason: which of _TRAITS (1 or 0), in how many weeks and cases, for which work."""

    function: str
    weeks: int
    traits: tuple[int, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Pair:
        return cls(row["function"] or "", row["weeks"], tuple(row[name] for name in _TRAITS))


@dataclass(frozen=True, slots=True)
class Gravity:
    """`shares`: of all kinds of pairs how many of the company's are as grave, as a share. `pairs`: those that were asked for."""

    shares: Mapping[Pair, float]
    pairs: Mapping[tuple[str, str], Pair] = field(repr=False)

    def of(self, looks: Iterable[Evidence]) -> float:
        """The mean −log10 share over all pairs of `looks`; 0 where none is about a person."""
        pairs = {(look.who, look.person) for look in looks if look.person is not None}
        known = [self.pairs[pair] for pair in pairs if pair in self.pairs]
        return math.fsum(-math.log10(self.shares[pair]) for pair in known) / len(pairs) if pairs else 0.0

    def said(self, looks: Iterable[Evidence]) -> tuple[str, ...]:
        """In words the traits that more than half of these pairs have."""
        pairs = {(look.who, look.person) for look in looks if look.person is not None}
        known = [self.pairs[pair] for pair in pairs if pair in self.pairs]
        half = len(pairs) / 2
        said = [_SAID[name] for place, name in enumerate(_TRAITS) if sum(p.traits[place] for p in known) > half]
        return (*said, _AGAIN) if sum(p.weeks > 1 for p in known) > half else tuple(said)


def gravity(world: World, looks: Iterable[Evidence]) -> Gravity:
    """What the pairs of `looks` weigh that have no reason, beside those of everybody."""
    pairs = world.once("gravity", lambda: _pairs(world), large=True)
    kinds = pairs.group_by("function", "weeks", *_TRAITS).aggregate(n=pairs.who.count())
    counted: Counter[Pair] = Counter()
    for row in world.facts.rows(kinds, ("function", "weeks", *_TRAITS), "gravity"):
        counted[Pair.of(row)] += int(row["n"] or 0)
    wanted = {f"{look.who}{_AND}{look.person}" for look in looks if look.person is not None}
    # Of those asked for alone: all that some principals did would be more than the driver takes.
    asked = among(pairs.mutate(pair=pairs.who + _AND + pairs.person), "pair", wanted).drop("pair")
    mine: list[Any] = world.facts.rows(asked, ("who", "person"), "gravity")
    return Gravity(shares(counted, world.defaults.gravity), {(r["who"], r["person"]): Pair.of(r) for r in mine})


def _pairs(world: World) -> Any:
    """Per principal and person looked at without a reason: function, weeks, _TRAITS."""
    ibis = need("ibis", "watching")
    looks = world.looks
    looks = looks.filter(looks.judged == 1, looks.u == 1, looks.person.notnull())
    looks = looks.select(
        "who",
        "person",
        "function",
        "protected",
        "case",
        week=looks.day // WEEK,
        weak=ibis.ifelse((looks.weight_then > 0) | (looks.weight_now >= world.templates.explained_from), 1, 0),
        some=ibis.ifelse(looks.weight_then > 0, 1, 0),
        named=ibis.ifelse(looks["case"].notnull(), 1, 0),
        place=ibis.greatest(*(looks[FIELDS[each]] for each in PLACE)),
    )
    pairs = looks.group_by("who", "person").aggregate(
        weeks=ibis.least(
            looks.week.nunique(),
            looks.week.nunique(where=looks["case"].isnull()) + looks["case"].nunique(),
            world.defaults.gravity.weeks,
        ),
        **{name: looks[name].max() for name in ("function", "protected", "weak", "some", "named", "place")},
    )
    return pairs.select(
        "who",
        "person",
        "function",
        weeks=pairs.weeks.cast("int64"),
        place=pairs.place.cast("int64"),
        protected=(pairs.protected * (1 - pairs.some)).cast("int64"),
        nothing=(1 - pairs.weak).cast("int64"),
        caseless=(1 - pairs.named).cast("int64"),
    )


def shares(counted: Mapping[Pair, int], numbers: Grave) -> dict[Pair, float]:
    """Per kind of pair the share of all, `counted`, that are at least as grave. Of few pairs of a function the company's rates hold."""
    all_ = sum(counted.values())
    if not all_:
        return {}
    functions: Counter[str] = Counter()
    for pair, n in counted.items():
        functions[pair.function] += n
    surprise = [_surprise(counted, place, all_, functions, numbers.prior) for place in range(len(_TRAITS))]
    weeks = {
        least: -math.log(sum(n for pair, n in counted.items() if pair.weeks >= least) / all_)
        for least in {pair.weeks for pair in counted}
    }
    gravity_of = {
        pair: round(
            weeks[pair.weeks]
            + math.fsum(surprise[place][pair.function] for place, trait in enumerate(pair.traits) if trait),
            _DIGITS,
        )
        for pair in counted
    }
    by_value: Counter[float] = Counter()
    for pair, n in counted.items():
        by_value[gravity_of[pair]] += n
    values = sorted(by_value, reverse=True)
    as_grave = dict(zip(values, accumulate(by_value[value] for value in values), strict=True))
    return {pair: as_grave[gravity_of[pair]] / all_ for pair in counted}


def _surprise(
    counted: Mapping[Pair, int], place: int, all_: int, functions: Mapping[str, int], prior: int
) -> dict[str, float]:
    """Per function −ln of the rate of a trait, as if `prior` more of its pairs had been as everybody's are."""
    have: Counter[str] = Counter()
    for pair, n in counted.items():
        have[pair.function] += n * pair.traits[place]
    everybody = sum(have.values()) / all_
    rates = {function: (have[function] + prior * everybody) / (n + prior) for function, n in functions.items()}
    return {function: -math.log(rate) if rate else 0.0 for function, rate in rates.items()}
