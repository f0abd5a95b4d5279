# SPDX-License-Identifier: Apache-2.0
"""Looks at oneself, one's household, family, contacts, colleagues and managers.

    k persons with a tie of one kind, of n looked at      λ = n · Σ lookers of those tied / Σ lookers of everybody:
                                                              what as many looks would hit by chance
    Poisson tail per kind ──smallest, paid for──▶ one signal per principal who has any ties

Oneself and one's own reporting line count whatever reason is on file: a case about oneself is somebody else's work. Of the
others only looks without a reason do. A person whom everybody looks at is hit by chance more often, and so weighs less. To look
at oneself is no rarer than it is among others of the function: there are people who try what they build on themselves.

*Innocent*: staff who are customers, addresses that several share, people who follow each other.
*Beaten by*: asking a colleague to look (lockstep, approval_ring); ties that nobody recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import at_least, times
from whosaw.detect.tally import judged
from whosaw.detect.wording import days_of, many, often, people, usual
from whosaw.facts.columns import Cell

NAME = "relationship"
FAMILY: Family = "context"
NEEDS = frozenset({"look", "staff"})
# Whatever reason is on file.
ALWAYS = ("self", "line")
_CALLED: Mapping[str, tuple[str, str]] = {
    "household": ("person of their own household", "persons of their own household"),
    "family": ("member of their own family", "members of their own family"),
    "contact": ("person they are in contact with", "persons they are in contact with"),
    "coworker": ("colleague", "colleagues"),
    "same_unit": ("colleague of the same unit", "colleagues of the same unit"),
    "line": ("person of their own reporting line", "persons of their own reporting line"),
}
_OTHER = ("person close to them", "persons close to them")
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`others`: so many people who never look at their own account are mixed into those of a function."""

    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied(Signal):
    """`tie`: the kind that surprises most."""

    tie: str


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    looks, degree = judged(world), world.prepared("degree")
    return {
        "looked": looks.group_by("who").aggregate(
            unit=looks.unit.max(),
            function=looks.function.max(),
            n=looks.person.nunique(),
            without=looks.person.nunique(where=looks.u == 1),
        ),
        "ties": _ties(world, looks, degree),
        "everybody": degree.aggregate(lookers=degree.lookers.sum(), persons=degree.person.nunique()),
    }


def _ties(world: World, looks: Any, degree: Any) -> Any:
    """Per principal and kind: how many are tied, how many others looked at them, and at whom the principal did."""
    tie = world.prepared("tie").distinct()
    own = looks.group_by(o_who=looks.who, o_person=looks.person).aggregate(without=looks.u.max())
    of = degree.select(d_person=degree.person, lookers=degree.lookers)
    tie = tie.left_join(of, tie.person == of.d_person).drop("d_person")
    tie = tie.left_join(own, [tie.who == own.o_who, tie.person == own.o_person])
    looked = tie.o_who.notnull().cast("int64")
    # One's own look is no sign that everybody looks at them.
    tie = tie.mutate(looked=looked, without=tie.without.fill_null(0), others=tie.lookers.fill_null(0) - looked)
    return tie.group_by("who", "kind").aggregate(
        tied=tie.count(), others=tie.others.sum(), k=tie.looked.sum(), k_without=tie.without.sum()
    )


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Tied]:
    """A signal for every principal who looked at anybody and has a tie."""
    whos: dict[Any, Any] = {row["who"]: row for row in rows["looked"]}
    ties: dict[str, list[Any]] = {}
    for row in rows["ties"]:
        if row["who"] in whos:
            ties.setdefault(cast("str", row["who"]), []).append(row)
    everybody: Any = rows["everybody"][0]
    # One more than were seen, each: who was never looked at may be.
    total = (everybody["lookers"] or 0) + everybody["persons"]
    habits = _habits(whos, ties, world.defaults.of(NAME, NUMBERS).others)
    return [_signal(who, whos[who], ties[who], total, habits) for who in sorted(ties)] if total else []


def _habits(whos: Mapping[Any, Any], ties: Mapping[str, Sequence[Any]], others: int) -> dict[str, float]:
    """Per principal how many others of the function looked at their own account, of all who have one, and of so many more."""
    own = {who: tie["k"] > 0 for who, of in ties.items() for tie in of if tie["kind"] == "self"}
    did, have = Counter(whos[who]["function"] for who in own if own[who]), Counter(whos[who]["function"] for who in own)
    return {who: (did[whos[who]["function"]] - own[who]) / (have[whos[who]["function"]] - 1 + others) for who in own}


def _signal(who: str, looked: Any, ties: Sequence[Any], total: int, habits: Mapping[str, float]) -> Tied:
    tried = []
    for tie in ties:
        k, n = (tie["k"], looked["n"]) if tie["kind"] in ALWAYS else (tie["k_without"], looked["without"])
        share = max(0, tie["others"] + tie["tied"]) / total
        p = at_least(k, n, share, 0.0)
        if tie["kind"] == "self":
            p = max(p, habits[who])
        tried.append((p, tie["kind"], k, n, n * share))
    p, kind, k, n, expected = min(tried)
    return Tied(
        signal=NAME, family=FAMILY, kind="principal", unit=who, stratum=looked["function"] or "everybody",
        p=times(p, len(tried)), tries=len(tried), days=0, k=k, n=n, expected=expected, tie=kind,
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Tied)]
    if not mine:
        return []
    looks = judged(world)
    tie = world.prepared("tie").distinct()
    tie = among(tie, "who", {signal.unit for signal in mine})
    tie = tie.select(t_who=tie.who, t_person=tie.person, kind=tie.kind)
    hits = looks.inner_join(tie, [looks.who == tie.t_who, looks.person == tie.t_person])
    hits = hits.filter((hits.u == 1) | hits.kind.isin(ALWAYS))
    kinds: dict[tuple[Any, Any], set[Any]] = {}
    for row in world.facts.rows(hits.select("who", "person", "kind").distinct(), ("who", "person", "kind"), NAME):
        kinds.setdefault((row["who"], row["person"]), set()).add(row["kind"])
    found = evidence_of(world, world.looks.semi_join(hits, "row"))
    return [_told(signal, found, kinds, world) for signal in mine]


def _told(signal: Tied, found: Sequence[Evidence], kinds: Mapping[tuple[Any, Any], set[Any]], world: World) -> Signal:
    looks = [
        look
        for look in found
        if look.who == signal.unit
        and signal.tie in kinds.get((look.who, look.person), ())
        and (signal.tie in ALWAYS or not look.explained)
    ]
    if not looks:
        return replace(signal, p=1.0)
    return replace(
        signal,
        days=days_of(looks),
        principals=(signal.unit,),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=_sentence(signal, looks),
    )


def _sentence(signal: Tied, looks: Sequence[Evidence]) -> str:
    who = people(1, looks)
    days = f"in {many(days_of(looks), 'day')}"
    if signal.tie == "self":
        # There is one such account, and so no number of them that would be usual.
        seldom = "that hardly happens" if signal.expected < 0.5 else "that may happen"
        return f"{who} looked at their own account {often(len(looks))} {days}; by chance {seldom}."
    number = len({look.person for look in looks})
    reason = "" if signal.tie in ALWAYS else " without a case, assignment or other reason on file"
    return f"{who} looked at {many(number, *_CALLED.get(signal.tie, _OTHER))}{reason} {days}; {usual(signal.expected)} by chance."
