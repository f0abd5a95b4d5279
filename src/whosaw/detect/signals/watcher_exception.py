# SPDX-License-Identifier: Apache-2.0
"""Those who control others, measured like others.

    whose function is to look after others (audit, legal, security, admin, data, executive), and whoever reviews others' looks
    30 and 90 days, persons looked at                              against their function in all tools, or everybody
        scope      outsiders, without a declared reason
        region     from a country outside the person's region, without an assignment or an approval
        reviewed   in another's name, or by breaking the glass, without another unit's review within 72 hours
                 ──smallest tail, paid for──▶ one signal per principal and per team

No list of exempt people exists, and no function is exempt: that is what this signal is for.

*Innocent*: mandated audits: declare them, with a scope and an end, before they begin.
*Beaten by*: a scope that was declared too wide; its declaration is a record, its breadth a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tally import HIT, Tally, found, judged, seen, tallies, told
from whosaw.detect.wording import days_of, many, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need
from whosaw.facts.prepared.looks import holds
from whosaw.model.access import Mode

NAME = "watcher_exception"
FAMILY: Family = "concealment"
NEEDS = frozenset({"look", "staff"})
SCOPE, REGION, REVIEWED = "scope", "region", "reviewed"
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`rate`: persons of such looks, before anything is known. `windows`: days. `review_hours`: how soon another unit reviews.

    `control`: the functions whose work is to look after others.
    """

    rate: float = field(metadata={"high": 0.9})
    windows: tuple[int, ...]
    review_hours: int
    control: tuple[str, ...]


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    windows = world.defaults.of(NAME, NUMBERS).windows
    made = {"n": seen(world, windows), "k": found(world, _hits(world), windows)}
    if "approvals" in world.tables:
        a = world.tables["approvals"]
        a = a.filter(a.approver.notnull(), a.kind == "break_glass_review", a.t <= world.as_of)
        made["reviewers"] = a.select(who=a.approver).distinct()
    return made


def _hits(world: World) -> Any:
    return world.once(f"hits_{NAME}", lambda: _labelled(world), large=True)


def _labelled(world: World) -> Any:
    ibis = need("ibis", "watching")
    # Where nothing is known of cases, nobody has a reason, and that says nothing about those who look.
    looks = judged(world) if "cases" in world.tables else judged(world).filter(ibis.literal(value=False))
    hits = _beyond(world, looks).select(*HIT).mutate(label=ibis.literal(SCOPE))
    for each, label in ((_abroad(world), REGION), (_unreviewed(world), REVIEWED)):
        if each is not None:
            hits = hits.union(each.select(*HIT).mutate(label=ibis.literal(label)))
    return hits


def _beyond(world: World, looks: Any) -> Any:
    """Without a declared reason, at somebody who is no staff."""
    looks = looks.filter(looks.u == 1, looks.person.notnull())
    own = world.tables["staff"]
    own = own.filter(own.own_person.notnull()).select(s_person=own.own_person)
    if "persons" in world.tables:
        persons = world.tables["persons"]
        own = own.union(persons.filter(persons.staff == 1).select(s_person="person"))
    own = own.distinct()
    return looks.anti_join(own, looks.person == own.s_person)


def _abroad(world: World) -> Any | None:
    """From a country of contract, or a connection, outside the person's region: not assigned to it, nobody let it pass."""
    if "regions" not in world.tables:
        return None
    looks = judged(world).select(*HIT, "region", "country", "src_country")
    looks = looks.filter(looks.region.notnull(), looks.country.notnull() | looks.src_country.notnull())
    regions = world.tables["regions"].distinct()
    known = regions.select(k_region=regions.region).distinct()
    looks = looks.semi_join(known, looks.region == known.k_region)
    contract = regions.select(c_region=regions.region, c_country=regions.country)
    looks = looks.left_join(contract, [looks.region == contract.c_region, looks.country == contract.c_country])
    source = regions.select(o_region=regions.region, o_country=regions.country)
    looks = looks.left_join(source, [looks.region == source.o_region, looks.src_country == source.o_country])
    away = (looks.country.notnull() & looks.c_region.isnull()) | (looks.src_country.notnull() & looks.o_region.isnull())
    looks = looks.filter(away).drop("c_region", "c_country", "o_region", "o_country")
    if "assignments" in world.tables:
        a = world.tables["assignments"]
        a = a.filter(a.scope_kind == "region")
        a = a.select(a_who=a.who, a_scope=a.scope, a_from=a.valid_from, a_to=a.valid_to)
        inside = regions.select(i_region=regions.region, i_country=regions.country)
        # An assignment to a group of countries is one to each of them.
        wide = a.inner_join(inside, a.a_scope == inside.i_region)
        wide = wide.select("a_who", "a_from", "a_to", a_scope=wide.i_country)
        a = a.union(wide["a_who", "a_scope", "a_from", "a_to"]).distinct()
        assigned = looks.inner_join(
            a, [looks.who == a.a_who, looks.region == a.a_scope, holds(a.a_from, a.a_to, looks.t)]
        )
        assigned = assigned.select(g_row=assigned.row).distinct()
        looks = looks.anti_join(assigned, looks.row == assigned.g_row)
    return _without(world, looks, None)


def _unreviewed(world: World) -> Any:
    """In another's name, or by breaking the glass, and no other unit said within hours that it was right."""
    ibis = need("ibis", "watching")
    looks = judged(world).select(*HIT, "mode")
    hours = world.defaults.of(NAME, NUMBERS).review_hours
    broken = looks.mode == str(Mode.IMPERSONATE)
    if "approvals" in world.tables:
        a = world.tables["approvals"]
        asked = a.filter(a.kind == "break_glass_review", a.look_id.notnull()).select(b_look="look_id").distinct()
        looks = looks.left_join(asked, looks.look_id == asked.b_look)
        broken = (looks.mode == str(Mode.IMPERSONATE)) | looks.b_look.notnull()
        looks = looks.filter(broken).drop("b_look")
        # What was done yesterday may still be reviewed in time.
        looks = looks.filter(looks.t <= ibis.literal(world.as_of - hours * (DAY // 24), "int64"))
        return _without(world, looks, hours * (DAY // 24))
    return looks.filter(broken)


def _without(world: World, looks: Any, within: int | None) -> Any:
    """Without those that somebody of another unit let pass: at any time, or at most so long after the look."""
    if "approvals" not in world.tables:
        return looks
    a, staff = world.tables["approvals"], world.tables["staff"]
    a = a.filter(a.outcome == "approved", a.look_id.notnull(), a.approver.notnull(), a.t <= world.as_of)
    a = a.select(p_look=a.look_id, p_by=a.approver, p_t=a.t)
    s = staff.select(p_who=staff.who, p_unit=staff.unit, p_from=staff.valid_from, p_to=staff.valid_to)
    a = a.left_join(s, [a.p_by == s.p_who, holds(s.p_from, s.p_to, a.p_t)])
    mine = looks.select("row", "look_id", "who", "unit", "t")
    passed = mine.inner_join(a, mine.look_id == a.p_look)
    own = (passed.p_by == passed.who) | (passed.p_unit == passed.unit).fill_null(False)
    soon = passed.p_t - passed.t <= within if within is not None else passed.p_t.notnull()
    passed = passed.filter(~own, soon).select(g_row=passed.row).distinct()
    return looks.anti_join(passed, looks.row == passed.g_row)


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Tally]:
    """A signal for every principal and team whose work is to control others, or who reviewed a look."""
    numbers = world.defaults.of(NAME, NUMBERS)
    reviewers = {row["who"] for row in rows.get("reviewers", ())}
    counts = replace(world.defaults.counts, rate=numbers.rate)
    return tallies(
        rows["n"], rows["k"], counts, signal=NAME, family=FAMILY,
        only=lambda kind, id_, function: function in numbers.control or (kind == "principal" and id_ in reviewers),
    )  # fmt: skip


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    return told(world, signals, _hits(world), _sentence)


def _sentence(signal: Tally, looks: Sequence[Evidence]) -> str:
    whos = people(len({look.who for look in looks}), looks)
    persons = len({look.person for look in looks})
    rest = f"in {many(days_of(looks), 'day')}; {usual(signal.whole)}."
    match signal.label:
        case "region":
            what = f"looked at {many(persons, 'person')} of another region, without an assignment to it or an approval,"
        case "reviewed":
            what = f"looked at {many(persons, 'person')} in somebody else's name or in an emergency, and no other unit reviewed it,"
        case _:
            what = f"looked at {many(persons, 'person')} outside the organisation without a declared scope, case or other reason"
    return f"{whos}, whose work is to control others, {what} {rest}"
