# SPDX-License-Identifier: Apache-2.0
"""Controls and lists changed around looks, and reasons that were filed once the look was made.

    edit of a list or case, of a person whom the editor looked at for no reason, within 3 days     near     Poisson
    looks for no reason within 3 days of the editor's changes of roles, rules, retention or logs   around   split
    looks for no reason, whose reason the looker or their own unit filed within 30 days            filed    tally
    looks for no reason, around an edit of theirs that took the person off a list                  lifted   tally

An edit is as unusual as edits of its kind are: taking somebody off a list is another kind than putting them on. What
happens around changes is held against the other work of the same principal: who changes and looks on busy days does both.

*Innocent*: migrations, late honest filing, a press desk that keeps the list it works with.
*Beaten by*: a control that no source reports on; an edit by somebody of another unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import poisson, split, times
from whosaw.detect.tally import Tally, found, judged, seen, tallies, told
from whosaw.detect.wording import days_of, many, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need
from whosaw.facts.prepared.looks import holds

NAME = "trail_tampering"
FAMILY: Family = "concealment"
NEEDS = frozenset({"look", "staff", "changes"})
NEAR, AROUND, FILED, LIFTED = "near", "around", "filed", "lifted"
# What a change of is about one person, or a case and its persons; all else is about everybody.
_LIST, _CASE = "class_list", "case_person"
# So many persons' worth of the share of days enter the share of work that falls around changes.
_BY_TIME = 2
# To file a reason late is what honest people do, too: it must be so many times as unusual as an edit.
_HABIT = 10
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: how far apart an edit and a look are near. `filed_days`: how long after a look a reason is filed for it.

    Before anything is known, `edit_rate`: edited persons whom the editor looked at for no reason; of all persons looked
    at, `filed_rate` those with such a reason, `lifted_rate` those taken off a list. `edit_prior`: so many edits' worth of
    the first are mixed into what others' edits show.
    """

    days: int
    filed_days: int
    edit_rate: float = field(metadata={"high": 0.5})
    edit_prior: int
    filed_rate: float = field(metadata={"high": 0.5})
    lifted_rate: float = field(metadata={"high": 0.5})


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


def _changes(world: World) -> Any:
    """Each change, with lifted: 1 where less stands there than before."""
    ibis = need("ibis", "watching")
    c = world.tables["changes"].filter(lambda t: t.t <= world.as_of)
    less = c.old.fill_null("").length() > c.new.fill_null("").length()
    return c.select("t", "who", "object", "target", lifted=ibis.ifelse(less, 1, 0).cast("int64"))


def _targets(world: World) -> Any:
    """t, who, object, lifted, person: each person that an edit of a list or case is about."""
    c = _changes(world)
    c = c.filter(c.object.isin([_LIST, _CASE]), c.target.notnull())
    direct = c.select("t", "who", "object", "lifted", person=c.target)
    if "case_persons" not in world.tables:
        return direct
    named = world.tables["case_persons"]
    named = named.select(n_case=named.case_id, n_person=named.person).distinct()
    through = c.filter(c.object == _CASE).inner_join(named, [("target", "n_case")])
    through = through.select("t", "who", "object", "lifted", person="n_person")
    return direct.union(through)


def _edited(world: World) -> Any:
    return _targets(world).select("who", "object", "lifted", "person").distinct()


def _near(world: World) -> Any:
    """Row of a look for no reason, and the kind of edit that the one who looked made of that person within days."""
    days = world.defaults.of(NAME, NUMBERS).days
    looks = _unexplained(world)
    edits = _targets(world)
    edits = edits.select(e_t="t", e_who="who", e_person="person", object="object", lifted="lifted")
    met = looks.inner_join(edits, [looks.who == edits.e_who, looks.person == edits.e_person])
    return met.filter((met.t - met.e_t).abs() <= days * DAY).select("row", "who", "person", "object", "lifted")


def _unexplained(world: World) -> Any:
    looks = world.looks
    return looks.filter(looks.judged == 1, looks.u == 1, looks.person.notnull())


def _general(world: World) -> Any:
    c = _changes(world)
    return c.filter(~c.object.isin([_LIST, _CASE])).select(g_who="who", g_t="t").distinct()


def _inside(world: World, looks: Any) -> Any:
    days, edits = world.defaults.of(NAME, NUMBERS).days, _general(world)
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
    return world.once(f"hits_{NAME}", lambda: _flipped(world))


def _flipped(world: World) -> Any:
    ibis = need("ibis", "watching")
    days = world.defaults.of(NAME, NUMBERS).filed_days * DAY
    looks = judged(world).filter(lambda t: t.u == 1, lambda t: t.person.notnull())
    c = _targets(world)
    # A machine that files what it looks at does its work.
    humans = looks.filter(looks.function.isnull() | (looks.function != "service"))
    filed = c.filter(c.object == _CASE, c.lifted == 0).select("person", at="t", by="who")
    if {"cases", "case_persons"} <= world.tables.keys():
        filed = filed.union(_filed(world))
    lifted = c.filter(c.object == _LIST, c.lifted == 1).select("person", at="t", by="who")
    met = _by_them(world, humans, filed)
    after = met.filter(met.at > met.t, met.at - met.t <= days).select("row").distinct()
    met = _by_them(world, looks, lifted)
    beside = met.filter((met.at - met.t).abs() <= days).select("row").distinct()
    return (
        looks.semi_join(after, "row")
        .mutate(label=ibis.literal(FILED))
        .union(looks.semi_join(beside, "row").mutate(label=ibis.literal(LIFTED)))
    )


def _filed(world: World) -> Any:
    """person, at, by: who named whom in a case, and when; where that is not said, who opened it."""
    ibis = need("ibis", "watching")
    named, cases = world.tables["case_persons"], world.tables["cases"]
    cases = cases.select(c_case=cases.case_id, opened="opened", opened_by="opened_by")
    named = named.inner_join(cases, named.case_id == cases.c_case)
    at = ibis.coalesce(named.added, named.opened)
    # Whoever opened a case named those who stand in it from the first day, and perhaps nobody who came later.
    opener = ibis.ifelse(at - named.opened <= DAY, named.opened_by, ibis.null("string"))
    named = named.select("person", at=at, by=ibis.coalesce(named.added_by, opener))
    return named.filter(named["at"].notnull(), named.by.notnull())


def _by_them(world: World, looks: Any, made: Any) -> Any:
    """Looks with what was `made` of the same person by the one who looked, or by somebody of their unit at the time."""
    staff = world.tables["staff"]
    staff = staff.select(s_who=staff.who, s_unit=staff.unit, s_from=staff.valid_from, s_to=staff.valid_to)
    made = made.distinct().left_join(staff, [made.by == staff.s_who, holds(staff.s_from, staff.s_to, made["at"])])
    made = made.select(m_person="person", at="at", by="by", by_unit="s_unit")
    met = looks.select("row", "who", "unit", "person", "t").inner_join(made, [("person", "m_person")])
    return met.filter((met.by == met.who) | (met.by_unit == met.unit).fill_null(False))


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Signal]:
    """A signal for every principal and team: the strongest of what was tried for it."""
    numbers = world.defaults.of(NAME, NUMBERS)
    edits: dict[str, list[Any]] = {}
    for row in cast("Sequence[Any]", rows["edits"]):
        edits.setdefault(row["who"], []).append(row)
    kinds: dict[tuple[str, int], tuple[int, int]] = {}
    for row in cast("Sequence[Any]", rows["edits"]):
        k, n = kinds.get((row["object"], row["lifted"]), (0, 0))
        kinds[row["object"], row["lifted"]] = k + row["k"], n + row["n"]
    around: dict[Any, Any] = {row["who"]: row for row in rows["around"]}
    lifted = _tallies(rows, LIFTED, numbers.lifted_rate, world)
    filed = _tallies(rows, FILED, numbers.filed_rate, world)
    made = []
    for key, tally in lifted.items():
        tried = [tally]
        # A whole function that files late has its habits; within it, one who does so more than the others is told apart.
        if tally.kind in ("principal", "unit"):
            tried.append(replace(filed[key], p=times(filed[key].p, _HABIT)))
        made.append(_strongest(tried, edits.get(tally.unit, ()), kinds, around.get(tally.unit), world))
    return made


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
        tried.append(_edit(tally, edits, kinds, world.defaults.of(NAME, NUMBERS)))
    if tally.kind == "principal" and around is not None:
        tried.append(_beside(tally, around, world))
    best = min(tried, key=lambda each: each.p)
    return replace(best, p=times(best.p, len(tried)))


def _edit(
    tally: Tally, edits: Sequence[Any], kinds: Mapping[tuple[str, int], tuple[int, int]], numbers: NUMBERS
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
    days = world.defaults.of(NAME, NUMBERS).days
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
    mine = [_told(world, signal) for signal in signals if isinstance(signal, Edited)]
    return [*told(world, signals, _hits(world), _sentence), *mine]


def _told(world: World, signal: Edited) -> Signal:
    if signal.way == NEAR:
        rows = _near(world).filter(lambda t: t.who == signal.unit).select("row").distinct()
        looks = evidence_of(world, _unexplained(world).semi_join(rows, "row"))
    else:
        own = judged(world).filter(lambda t: t.who == signal.unit, lambda t: t.u == 1)
        looks = evidence_of(world, _inside(world, own))
    if not looks:
        return replace(signal, p=1.0)
    return replace(
        signal,
        days=days_of(looks),
        principals=(signal.unit,),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=_of_edits(signal, looks, world.defaults.of(NAME, NUMBERS)),
    )


def _of_edits(signal: Edited, looks: Sequence[Evidence], numbers: NUMBERS) -> str:
    persons, days = many(len({look.person for look in looks}), "person"), many(numbers.days, "day")
    who = people(1, looks)
    if signal.way == NEAR:
        return (
            f"{who} edited a list or a case that is about {persons} at whom the same one looked within {days} of it, without "
            f"a reason on file; {usual(signal.expected)}."
        )
    return (
        f"{who} changed roles, rules, retention or logs and looked at {persons} within {days} of it, without a reason on "
        f"file, and at {signal.beside:,} at all other times; {usual(signal.expected)}."
    )


def _sentence(signal: Tally, looks: Sequence[Evidence]) -> str:
    who = people(len({look.who for look in looks}), looks)
    persons = many(len({look.person for look in looks}), "person")
    if signal.label == LIFTED:
        return (
            f"{who} looked at {persons} without a reason on file, and around it they or their own unit took them off a list "
            f"of protected persons; {usual(signal.whole)}."
        )
    return (
        f"{who} looked at {persons} without a reason on file, and only afterwards they or their own unit filed one; "
        f"{usual(signal.whole)}."
    )
