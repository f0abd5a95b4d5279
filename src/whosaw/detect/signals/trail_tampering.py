# SPDX-License-Identifier: Apache-2.0
"""Controls and lists changed around looks, and reasons that were filed once the look was made.

    edit of a list or case, of a person whom the editor looked at for no reason, within 3 days     near     Poisson
    looks for no reason within 3 days of the editor's changes of roles, rules, retention or logs   around   split
    looks for no reason, whose reason the looker or their own unit filed within 30 days            filed    tally
    looks for no reason, around an edit of theirs that took the person off a list                  lifted   tally
    looks while a role or an account was theirs for no longer than a day                           brief    tally
    looks under a case from which the looker or their own unit took somebody afterwards            gone     tally
    looks for no reason that reached the log a day late, or beside which a number is missing       late, hole

An edit is as unusual as edits of its kind are: taking somebody off a list is another kind than putting them on. What
happens around changes is held against the other work of the same principal: who changes and looks on busy days does both.

*Innocent*: migrations, late honest filing, a press desk that keeps the list it works with, stand-ins for a day.
*Beaten by*: a control that no source reports on; an edit by somebody of another unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.changed import (
    ABOUT_SOMEBODY,
    BRIEF,
    FILED,
    GONE,
    HOLE,
    LATE,
    LIFTED,
    Numbers,
    changes,
    marked,
    targets,
)
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import poisson, split, times
from whosaw.detect.tally import Tally, found, judged, seen, tallies, told
from whosaw.detect.wording import days_of, many, people, usual
from whosaw.facts.columns import DAY, Cell

NAME = "trail_tampering"
FAMILY: Family = "concealment"
NEEDS = frozenset({"look", "staff"})
NUMBERS = Numbers
NEAR, AROUND = "near", "around"
# So many persons' worth of the share of days enter the share of work that falls around changes.
_BY_TIME = 2
# What is told of a principal or a unit, never of a whole function.
_OWN = (FILED, BRIEF, GONE, LATE, HOLE)
# What happens to honest people's lines as well.
_FAULTS = (LATE, HOLE)
# To file a reason late is what honest people do, too: it must be so many times as unusual as an edit.
_HABIT = {FILED: 10}
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Signal):
    """`way`: near or around. `beside`: persons looked at for no reason at all other times."""

    way: str
    beside: int = 0


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    windows = world.defaults.windows
    edited = _edited(world)
    near = _near(world).select(h_who="who", h_person="person", h_object="object", h_lifted="lifted").distinct()
    on = [edited.who == near.h_who, edited.person == near.h_person]
    edited = edited.left_join(near, [*on, edited.object == near.h_object, edited.lifted == near.h_lifted])
    return {
        "n": seen(world, windows),
        "k": found(world, _hits(world), windows),
        "edits": edited.group_by("who", "object", "lifted").aggregate(n=edited.count(), k=edited.h_who.count()),
        "around": _around(world),
    }


def _edited(world: World) -> Any:
    return targets(world).select("who", "object", "lifted", "person").distinct()


def _near(world: World) -> Any:
    """Row of a look for no reason, and the kind of edit that the one who looked made of that person within days."""
    days = world.defaults.of(NAME, Numbers).days
    looks = _unexplained(world)
    edits = targets(world)
    edits = edits.select(e_t="t", e_who="who", e_person="person", object="object", lifted="lifted")
    met = looks.inner_join(edits, [looks.who == edits.e_who, looks.person == edits.e_person])
    return met.filter((met.t - met.e_t).abs() <= days * DAY).select("row", "who", "person", "object", "lifted")


def _unexplained(world: World) -> Any:
    looks = world.looks
    return looks.filter(looks.judged == 1, looks.u == 1, looks.person.notnull())


def _general(world: World) -> Any:
    c = changes(world)
    return c.filter(~c.object.isin(list(ABOUT_SOMEBODY))).select(g_who="who", g_t="t").distinct()


def _inside(world: World, looks: Any) -> Any:
    days, edits = world.defaults.of(NAME, Numbers).days, _general(world)
    met = looks.inner_join(edits, looks.who == edits.g_who)
    met = met.filter((met.t - met.g_t).abs() <= days * DAY).select(i_row="row").distinct()
    return looks.semi_join(met, looks.row == met.i_row)


def _around(world: World) -> Any:
    """Per principal who changed something for everybody: persons without and with a reason, inside and in all."""
    looks = judged(world)
    edits = _general(world).filter(lambda t: t.g_t > world.as_of - world.defaults.reference_days * DAY)
    edits = edits.group_by("g_who").aggregate(edits=(edits.g_t // DAY).nunique())
    looks = looks.filter(looks.person.notnull()).semi_join(edits, looks.who == edits.g_who)
    inside = _inside(world, looks)
    whole = looks.group_by("who").aggregate(
        u=looks.person.nunique(where=looks.u == 1), e=looks.person.nunique(where=looks.u == 0)
    )
    part = inside.group_by(p_who=inside.who).aggregate(
        u_in=inside.person.nunique(where=inside.u == 1), e_in=inside.person.nunique(where=inside.u == 0)
    )
    whole = whole.inner_join(part, whole.who == part.p_who).inner_join(edits, [("who", "g_who")])
    return whole.select("who", "u", "e", "u_in", "e_in", "edits")


def _hits(world: World) -> Any:
    return world.once(f"hits_{NAME}", lambda: marked(world), large=True)


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Signal]:
    """A signal for every principal and team: the strongest of what was tried for it."""
    numbers = world.defaults.of(NAME, Numbers)
    edits: dict[str, list[Any]] = {}
    for row in cast("Sequence[Any]", rows["edits"]):
        edits.setdefault(row["who"], []).append(row)
    kinds: dict[tuple[str, int], tuple[int, int]] = {}
    for row in cast("Sequence[Any]", rows["edits"]):
        k, n = kinds.get((row["object"], row["lifted"]), (0, 0))
        kinds[row["object"], row["lifted"]] = k + row["k"], n + row["n"]
    around: dict[Any, Any] = {row["who"]: row for row in rows["around"]}
    there = {row["label"] for row in rows["k"]}
    by = {
        each: _tallies(rows, each, getattr(numbers, f"{each}_rate"), world) for each in (LIFTED, *_OWN) if each in there
    }
    lifted = by.pop(LIFTED, None) or _tallies(rows, LIFTED, numbers.lifted_rate, world)
    made = []
    for key, tally in lifted.items():
        tried = [tally]
        # A whole function has its habits; within it, one who files late more than the others is told apart.
        if tally.kind in ("principal", "unit"):
            tried += [_of_own(of[key], each) for each, of in by.items()]
        made.append(_strongest(tried, edits.get(tally.unit, ()), kinds, around.get(tally.unit), world))
    return made


def _of_own(tally: Tally, label: str) -> Tally:
    p = times(tally.p, _HABIT.get(label, 1))
    if label not in _FAULTS:
        return replace(tally, p=p)
    # A line that is lost or late says something of whom it happens to again, and never enough by itself.
    return replace(tally, p=p if tally.k > 1 else 1.0, opens=False)


def _tallies(rows: _Rows, label: str, rate: float, world: World) -> dict[tuple[str, str], Tally]:
    counts = replace(world.defaults.counts, rate=rate)
    k = [row for row in rows["k"] if row["label"] == label]
    return {(t.kind, t.unit): t for t in tallies(rows["n"], k, counts, signal=NAME, family=FAMILY)}


def _strongest(
    tallied: Sequence[Tally],
    edits: Sequence[Any],
    kinds: Mapping[tuple[str, int], tuple[int, int]],
    around: Any,
    world: World,
) -> Signal:
    tally = tallied[0]
    tried: list[Signal] = [*tallied]
    if tally.kind == "principal" and edits:
        tried.append(_edit(tally, edits, kinds, world.defaults.of(NAME, Numbers)))
    if tally.kind == "principal" and around is not None:
        tried.append(_beside(tally, around, world))
    enough = world.defaults.findings.candidate / len(tried)
    openers = [each for each in tried if each.opens and each.p <= enough]
    best = min(openers or tried, key=lambda each: each.p)
    return replace(best, p=times(best.p, len(tried)))


def _edit(
    tally: Tally, edits: Sequence[Any], kinds: Mapping[tuple[str, int], tuple[int, int]], numbers: Numbers
) -> Edited:
    """Persons edited and looked at, against others' edits of the same kinds."""
    expected = 0.0
    for row in edits:
        k, n = kinds[row["object"], row["lifted"]]
        rate = (k - row["k"] + numbers.edit_prior * numbers.edit_rate) / (n - row["n"] + numbers.edit_prior)
        expected += row["n"] * rate
    k = sum(row["k"] for row in edits)
    return _signal(tally, NEAR, poisson(k, expected), (k, sum(row["n"] for row in edits)), expected)


def _beside(tally: Tally, row: Any, world: World) -> Edited:
    """Persons looked at for no reason near changes, against where the rest of the work falls."""
    days = world.defaults.of(NAME, Numbers).days
    covered = min(1.0, 2 * days * row["edits"] / world.defaults.reference_days)
    pi = min(0.99, (row["e_in"] + _BY_TIME * covered) / (row["e"] + _BY_TIME))
    inside, outside = row["u_in"], row["u"] - row["u_in"]
    made = _signal(tally, AROUND, split(inside, outside, pi), (inside, row["u"]), row["u"] * pi)
    return replace(made, beside=outside)


def _signal(tally: Tally, way: str, p: float, counted: tuple[int, int], expected: float) -> Edited:
    return Edited(
        signal=NAME, family=FAMILY, kind="principal", unit=tally.unit, stratum=tally.stratum, p=p, tries=1, days=tally.days,
        k=counted[0], n=counted[1], expected=expected, way=way,
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Edited)]
    looks = {
        way: _looks_of(world, way, [s.unit for s in mine if (s.way == NEAR) == (way == NEAR)]) for way in (NEAR, "")
    }
    edited = [_told(world, s, looks[NEAR if s.way == NEAR else ""].get(s.unit, [])) for s in mine]
    return [*told(world, signals, _hits(world), _sentence), *edited]


def _looks_of(world: World, way: str, units: Sequence[str]) -> dict[str, list[Evidence]]:
    """What it rests on, per principal: one question for all of them."""
    if not units:
        return {}
    if way == NEAR:
        rows = among(_near(world), "who", units).select("row").distinct()
        found = evidence_of(world, _unexplained(world).semi_join(rows, "row"))
    else:
        own = among(judged(world), "who", units).filter(lambda t: t.u == 1)
        found = evidence_of(world, _inside(world, own))
    by: dict[str, list[Evidence]] = {}
    for look in found:
        by.setdefault(look.who, []).append(look)
    return by


def _told(world: World, signal: Edited, looks: Sequence[Evidence]) -> Signal:
    if not looks:
        return replace(signal, p=1.0)
    return replace(
        signal,
        days=days_of(looks),
        principals=(signal.unit,),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=_of_edits(signal, looks, world.defaults.of(NAME, Numbers)),
    )


def _of_edits(signal: Edited, looks: Sequence[Evidence], numbers: Numbers) -> str:
    persons, days = many(len({look.person for look in looks}), "person"), many(numbers.days, "day")
    who = people(1, looks)
    if signal.way == NEAR:
        return (
            f"{who} edited a list or a case about {persons} at whom they looked within {days} of it, without a reason on file; "
            f"{usual(signal.expected)}."
        )
    return (
        f"{who} changed roles, rules, retention or logs and looked at {persons} within {days} of it, without a reason on "
        f"file, and at {signal.beside:,} at all other times; {usual(signal.expected)}."
    )


_SAID = {
    LIFTED: " without a reason on file, and around that time they or their own unit took {these} off a list of protected persons",
    FILED: " without a reason on file, and only afterwards they or their own unit filed one",
    BRIEF: " while a role, or just these accounts, had been given to them for a day or less",
    GONE: ", and afterwards they or their own unit took somebody out of the case",
    LATE: " without a reason on file, and the log learnt of it more than a day later",
    HOLE: " without a reason on file, and the entry just before or after is missing in the log",
}


def _sentence(signal: Tally, looks: Sequence[Evidence]) -> str:
    who = people(len({look.who for look in looks}), looks)
    persons = len({look.person for look in looks})
    how = _SAID[signal.label].format(these="this person" if persons == 1 else "these persons")
    return f"{who} looked at {many(persons, 'person')}{how}; {usual(signal.whole)}."
