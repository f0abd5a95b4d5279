# SPDX-License-Identifier: Apache-2.0
"""How grave looks without a reason are, beside all others of that kind here.

    pairs of principal and person, looked at without a reason ──▶ their traits
      nothing    no reason however weak, and none filed since     protected   that, at a protected person
      caseless   no look named a case that may be its reason      place       addresses, locations or messages
      weeks      the weeks in which it was done, few of them; those under one case on file are one
    each as seldom as it is in such work ──added up──▶ rank among all pairs of people of late ──▶ −log10 of its share

A missing link is missing from whomever it hits, and whoever is sought was chosen. So among findings that chance brings as easily
those come first whose looks are of the kind that missing links seldom bring. A house where nobody names a case learns nothing
from that, and one where half of the looks at protected persons have weak reasons learns much from one without any. A case whose
link to the person is missing lacks it in every week in which it is worked on: that is one accident, however long it lasts; a
case that is made up, borrowed or long over is none, and as good as no case (named_case.py). Whoever comes back after half a year
begins anew, as everywhere, and what is usual is what was so in the last one: what a tool did not record years ago excuses nobody,
and one reason in ten years is none.

Invariants: nothing counts of the one who looked but their function, as what its work is like; a pair with a reason weighs nothing;
what machines do is usual for nobody.                                       Design: docs/adr/0240, 0281, 0285, 0302
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from whosaw.detect.among import among
from whosaw.detect.defaults import Grave
from whosaw.detect.evidence import PLACE
from whosaw.detect.expected import WEEK
from whosaw.detect.named_case import with_case
from whosaw.detect.signal import MACHINES, Evidence, World
from whosaw.facts.columns import DAY, FIELDS
from whosaw.facts.extra import need

# In the order in which they are said.
_SAID: Mapping[str, str] = {
    "place": "Mostly addresses, locations or messages were looked at.",
    "protected": "Mostly protected persons were looked at, and no reason, however weak, was on file.",
    "nothing": "Mostly no reason was on file, however weak, and none that counts has been filed since.",
    "caseless": "Mostly no case was named.",
}
_TRAITS = tuple(_SAID)
_CASELESS = _TRAITS.index("caseless")
_AGAIN = "Mostly the same person was looked at again in other weeks."
# Where some of these looks name one.
_NONE_THAT = "Mostly no case was named that was open then, and theirs or about the person."
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
    """`shares`: of all kinds of pairs how many of the company's are as grave, as a share. `pairs`: those that were asked for, by
    principal, person and how many times `days` (a half-year) before the day `last` it was.
    """

    shares: Mapping[Pair, float]
    pairs: Mapping[tuple[str, str, int], Pair] = field(repr=False)
    last: int
    days: int

    def of(self, looks: Iterable[Evidence]) -> float:
        """The mean −log10 share over all pairs of `looks`; 0 where none is about a person."""
        all_, known = self._known(looks)
        shares_ = (-math.log10(self.shares.get(pair, 1.0)) for pair, _ in known)
        return math.fsum(shares_) / all_ if all_ else 0.0

    def _known(self, looks: Iterable[Evidence]) -> tuple[int, list[tuple[Pair, bool]]]:
        """How many pairs `looks` are, and those of them that have no reason, each with whether one of its looks names a case all the same."""
        pairs: dict[tuple[str, str, int], bool] = {}
        for look in looks:
            if look.person is not None:
                key = look.who, look.person, (self.last - look.t // DAY) // self.days
                pairs[key] = pairs.get(key, False) or (look.case is not None and not look.explained)
        return len(pairs), [(self.pairs[pair], named) for pair, named in pairs.items() if pair in self.pairs]

    def said(self, looks: Iterable[Evidence]) -> tuple[str, ...]:
        """In words the traits that more than half of these pairs have."""
        all_, known = self._known(looks)
        half = all_ / 2
        most = {name for place, name in enumerate(_TRAITS) if sum(p.traits[place] for p, _ in known) > half}
        said = [text for name, text in _SAID.items() if name in most]
        if "caseless" in most and any(named and p.traits[_CASELESS] for p, named in known):
            said[-1] = _NONE_THAT
        return (*said, _AGAIN) if sum(p.weeks > 1 for p, _ in known) > half else tuple(said)


def gravity(world: World, looks: Iterable[Evidence]) -> Gravity:
    """What the pairs of `looks` weigh that have no reason, beside those of everybody."""
    pairs = world.once("gravity", lambda: _pairs(world), large=True)
    kinds = pairs.group_by("ago", "function", "weeks", *_TRAITS).aggregate(n=pairs.count())
    counted: dict[int, Counter[Pair]] = {}
    for row in world.facts.rows(kinds, ("ago", "function", "weeks", *_TRAITS), "gravity"):
        counted.setdefault(int(row["ago"] or 0), Counter())[Pair.of(row)] += int(row["n"] or 0)
    wanted = {f"{look.who}{_AND}{look.person}" for look in looks if look.person is not None}
    # Of those asked for alone: all that some principals did would be more than the driver takes.
    asked = among(pairs.mutate(pair=pairs.who + _AND + pairs.person), "pair", wanted).drop("pair")
    mine: list[Any] = world.facts.rows(asked, ("who", "person", "ago"), "gravity")
    return Gravity(
        shares(_usual(counted), (kind for of in counted.values() for kind in of), world.defaults.gravity),
        {(r["who"], r["person"], r["ago"]): Pair.of(r) for r in mine},
        world.as_of // DAY,
        world.defaults.first_days,
    )


def _usual(counted: Mapping[int, Mapping[Pair, int]]) -> Mapping[Pair, int]:
    """The pairs of people in the last half-year in which they had any."""
    for _, of in sorted(counted.items()):
        if people := {pair: n for pair, n in of.items() if pair.function != MACHINES}:
            return people
    return {}


def _pairs(world: World) -> Any:
    """Per principal, person and half-year (ago) in which one looked at the other without a reason: function, weeks, _TRAITS."""
    ibis = need("ibis", "watching")
    looks = world.looks
    looks = with_case(world, looks.filter(looks.judged == 1, looks.u == 1, looks.person.notnull()))
    looks = looks.select(
        "who",
        "person",
        "function",
        "protected",
        named="cased",
        # What cannot be the reason is not one whose link is missing.
        accident=ibis.ifelse(looks.cased == 1, looks["case"], ibis.null("string")),
        week=looks.day // WEEK,
        ago=(world.as_of // DAY - looks.day) // world.defaults.first_days,
        weak=ibis.ifelse((looks.weight_then > 0) | (looks.weight_now >= world.templates.explained_from), 1, 0),
        some=ibis.ifelse(looks.weight_then > 0, 1, 0),
        place=ibis.greatest(*(looks[FIELDS[each]] for each in PLACE)),
    )
    pairs = looks.group_by("who", "person", "ago").aggregate(
        weeks=ibis.least(
            looks.week.nunique(),
            looks.week.nunique(where=looks.accident.isnull()) + looks.accident.nunique(),
            world.defaults.gravity.weeks,
        ),
        **{name: looks[name].max() for name in ("function", "protected", "weak", "some", "named", "place")},
    )
    return pairs.select(
        "who",
        "person",
        "function",
        ago=pairs.ago.cast("int64"),
        weeks=pairs.weeks.cast("int64"),
        place=pairs.place.cast("int64"),
        protected=(pairs.protected * (1 - pairs.some)).cast("int64"),
        nothing=(1 - pairs.weak).cast("int64"),
        caseless=(1 - pairs.named).cast("int64"),
    )


def shares(counted: Mapping[Pair, int], asked: Iterable[Pair], numbers: Grave) -> dict[Pair, float]:
    """Per kind of pair that is `asked` the share of all, `counted`, that are at least as grave, and of one at least. Of few pairs of a
    function the company's rates hold.
    """
    all_, asked = sum(counted.values()), set(asked)
    if not all_:
        return {}
    functions = Counter({pair.function: 0 for pair in asked})
    for pair, n in counted.items():
        functions[pair.function] += n
    surprise = [_surprise(counted, place, all_, functions, numbers.prior) for place in range(len(_TRAITS))]
    weeks = {
        least: -math.log(max(1, sum(n for pair, n in counted.items() if pair.weeks >= least)) / all_)
        for least in {pair.weeks for pair in (*counted, *asked)}
    }

    def grave(pair: Pair) -> float:
        of = (surprise[place][pair.function] for place, trait in enumerate(pair.traits) if trait)
        return round(weeks[pair.weeks] + math.fsum(of), _DIGITS)

    by_value: Counter[float] = Counter()
    for pair, n in counted.items():
        by_value[grave(pair)] += n
    values = sorted(by_value)
    below = [0, *accumulate(by_value[value] for value in values)]
    return {pair: max(1, all_ - below[bisect_left(values, grave(pair))]) / all_ for pair in asked}


def _surprise(
    counted: Mapping[Pair, int], place: int, all_: int, functions: Mapping[str, int], prior: int
) -> dict[str, float]:
    """Per function −ln of the rate of a trait, as if `prior` more of its pairs had been as everybody's are. What nobody has is as seldom
    as what one has.
    """
    have: Counter[str] = Counter()
    for pair, n in counted.items():
        have[pair.function] += n * pair.traits[place]
    everybody = max(1, sum(have.values())) / all_
    prior = max(1, prior)
    return {f: -math.log((have[f] + prior * everybody) / (n + prior)) for f, n in functions.items()}
