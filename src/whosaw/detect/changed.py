# SPDX-License-Identifier: Apache-2.0
"""What those who looked, or their own unit, changed around their looks; and looks that the log does not tell as it should.

    lifted   no reason, and around it the person is taken off a list        filed   a reason that is filed afterwards
    brief    a role or an account that was theirs for a day at most         gone    somebody taken out of the case later
    late     no reason, and the log learns of it a day later                hole    no reason, a number beside it missing

Invariant: a label says only what was done; how unusual that is, others say (tally.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from whosaw.detect.defaults import Defaults
from whosaw.detect.signal import World
from whosaw.detect.tally import HIT, judged
from whosaw.facts.columns import DAY
from whosaw.facts.extra import need
from whosaw.facts.prepared.looks import holds

NAME = "trail_tampering"
FILED, LIFTED, BRIEF, GONE, LATE, HOLE = "filed", "lifted", "brief", "gone", "late", "hole"
# What a change of is about one person, or a case and its persons; all else is about everybody.
_LIST, _CASE, ROLE = "class_list", "case_person", "role_grant"
ABOUT_SOMEBODY = (_LIST, _CASE)


@dataclass(frozen=True, slots=True)
class Numbers:
    """`days`: how far apart an edit and a look are near. `filed_days`: how long after a look a reason is filed for it.

    Before anything is known, `edit_rate`: edited persons whom the editor looked at for no reason; of all persons looked
    at, `filed_rate` those with such a reason, `lifted_rate` those taken off a list, and so on. `brief_hours`: what was theirs
    for no longer was theirs for a moment. `late_hours`: what the log learns later is late. `edit_prior`: so many edits' worth of
    the first are mixed into what others' edits show.
    """

    days: int
    filed_days: int
    edit_rate: float = field(metadata={"high": 0.5})
    edit_prior: int
    filed_rate: float = field(metadata={"high": 0.5})
    lifted_rate: float = field(metadata={"high": 0.5})
    brief_rate: float = field(metadata={"high": 0.5})
    gone_rate: float = field(metadata={"high": 0.5})
    late_rate: float = field(metadata={"high": 0.5})
    hole_rate: float = field(metadata={"high": 0.5})
    brief_hours: int
    late_hours: int


def late_after(defaults: Defaults) -> int:
    """What the log learns of so much later is late, in microseconds."""
    return defaults.of(NAME, Numbers).late_hours * (DAY // 24)


def changes(world: World) -> Any:
    """Each change, with lifted: 1 where less stands there than before."""
    ibis = need("ibis", "watching")
    if "changes" not in world.tables:
        none, text = world.looks.filter(ibis.literal(value=False)), ibis.null("string")
        return none.select("t", "who", object=text, target=text, lifted=ibis.literal(0, "int64"))
    c = world.tables["changes"].filter(lambda t: t.t <= world.as_of)
    less = c.old.fill_null("").length() > c.new.fill_null("").length()
    return c.select("t", "who", "object", "target", lifted=ibis.ifelse(less, 1, 0).cast("int64"))


def targets(world: World) -> Any:
    """t, who, object, lifted, person: each person that an edit of a list or case is about."""
    c = changes(world)
    c = c.filter(c.object.isin(list(ABOUT_SOMEBODY)), c.target.notnull())
    direct = c.select("t", "who", "object", "lifted", person=c.target)
    if "case_persons" not in world.tables:
        return direct
    named = world.tables["case_persons"]
    named = named.select(n_case=named.case_id, n_person=named.person).distinct()
    through = c.filter(c.object == _CASE).inner_join(named, [("target", "n_case")])
    through = through.select("t", "who", "object", "lifted", person="n_person")
    return direct.union(through)


def marked(world: World) -> Any:
    """Looks with a label, each kept apart: what a query asks in one piece is computed anew for every kind of unit."""
    ibis = need("ibis", "watching")
    looks = judged(world).select(*HIT)
    parts = [
        (FILED, _after(world)),
        (LIFTED, _off_the_list(world)),
        (BRIEF, _for_a_moment(world)),
        (GONE, _taken_out(world)),
    ]
    parts += [(LATE, _late(world)), (HOLE, _beside_a_hole(world))]
    found = [
        looks.semi_join(rows, "row").mutate(label=ibis.literal(label)) for label, rows in parts if rows is not None
    ]
    return reduce(lambda a, b: a.union(b), found)


def _after(world: World) -> Any:
    """Row of a look for no reason, for which its own side filed one afterwards."""
    days = world.defaults.of(NAME, Numbers).filed_days * DAY
    looks = judged(world).filter(lambda t: t.u == 1, lambda t: t.person.notnull())
    # A machine that files what it looks at does its work.
    humans = looks.filter(looks.function.isnull() | (looks.function != "service"))
    c = targets(world)
    filed = c.filter(c.object == _CASE, c.lifted == 0).select("person", at="t", by="who")
    if {"cases", "case_persons"} <= world.tables.keys():
        filed = filed.union(_filed(world))
    met = _by_them(world, humans, filed)
    return met.filter(met.at > met.t, met.at - met.t <= days).select("row").distinct()


def _off_the_list(world: World) -> Any:
    days = world.defaults.of(NAME, Numbers).filed_days * DAY
    looks = judged(world).filter(lambda t: t.u == 1, lambda t: t.person.notnull())
    c = targets(world)
    met = _by_them(world, looks, c.filter(c.object == _LIST, c.lifted == 1).select("person", at="t", by="who"))
    return met.filter((met.at - met.t).abs() <= days).select("row").distinct()


def _for_a_moment(world: World) -> Any:
    """Row of a look while an account, or for no reason while a role, was theirs that was given and taken back in a day."""
    most = world.defaults.of(NAME, Numbers).brief_hours * (DAY // 24)
    looks, c = judged(world), changes(world)
    c = c.filter(c.object == ROLE, c.target.notnull())
    given = c.filter(c.lifted == 0).select(target="target", since="t")
    back = c.filter(c.lifted == 1).select(b_target="target", until="t")
    roles = given.inner_join(back, given.target == back.b_target)
    roles = roles.filter(roles.until > roles.since, roles.until - roles.since <= most)
    roles = roles.select(r_who="target", since="since", until="until").distinct()
    met = looks.filter(looks.u == 1).inner_join(roles, [("who", "r_who")])
    rows = met.filter(met.t >= met.since, met.t <= met.until).select("row")
    if "assignments" in world.tables:
        a = world.tables["assignments"]
        a = a.filter(a.scope_kind == "account", a.valid_to > a.valid_from, a.valid_to - a.valid_from <= most)
        a = a.select(a_who="who", a_person="scope", since="valid_from", until="valid_to").distinct()
        met = looks.inner_join(a, [("who", "a_who"), ("person", "a_person")])
        rows = rows.union(met.filter(met.t >= met.since, met.t <= met.until).select("row"))
    return rows.distinct()


def _taken_out(world: World) -> Any:
    """Row of a look under a case, or at a person, that its own side edited afterwards so that less stands there."""
    days = world.defaults.of(NAME, Numbers).filed_days * DAY
    c = changes(world)
    c = c.filter(c.object == _CASE, c.lifted == 1, c.target.notnull())
    looks = judged(world).filter(lambda t: t.person.notnull())
    mets = [
        _by_them(world, looks.filter(looks[key].notnull()), c.select(at="t", by="who", **{key: c.target}), key)
        for key in ("case", "person")
    ]
    met = reduce(lambda a, b: a.union(b), [m.select("row", "t", "at") for m in mets])
    return met.filter(met["at"] > met.t, met["at"] - met.t <= days).select("row").distinct()


def _late(world: World) -> Any:
    looks = judged(world)
    return looks.filter(looks.u == 1, looks.arrived - looks.t > late_after(world.defaults)).select("row")


def _beside_a_hole(world: World) -> Any | None:
    """Row of a look for no reason whose source counts its rows, where the number before or the one after is missing."""
    ibis = need("ibis", "watching")
    looks = world.looks
    looks = looks.filter(
        looks.claimed == 0, looks.number.notnull(), looks.t > world.as_of - world.defaults.reference_days * DAY
    )
    (found,) = world.facts.rows(looks.aggregate(low=looks.number.min(), high=looks.number.max()), (), NAME)
    if found["low"] == found["high"]:
        return None
    numbers = looks.group_by("source", "number").aggregate(row=looks.row.min(), u=(looks.u * looks.judged).max())
    of = ibis.window(group_by=[numbers.source], order_by=[numbers.number])
    numbers = numbers.mutate(before=numbers.number.lag().over(of), after=numbers.number.lead().over(of))
    hole = (numbers.number - numbers.before > 1) | (numbers.after - numbers.number > 1)
    return numbers.filter(numbers.u == 1, hole.fill_null(False)).select("row")


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


def _by_them(world: World, looks: Any, made: Any, key: str = "person") -> Any:
    """Looks with what was `made` of the same person, or case, by the one who looked, or by one of their unit at the time."""
    staff = world.tables["staff"]
    staff = staff.select(s_who=staff.who, s_unit=staff.unit, s_from=staff.valid_from, s_to=staff.valid_to)
    made = made.distinct().left_join(staff, [made.by == staff.s_who, holds(staff.s_from, staff.s_to, made["at"])])
    made = made.select(m_key=key, at="at", by="by", by_unit="s_unit")
    met = looks.select("row", "who", "unit", "t", key).inner_join(made, [(key, "m_key")])
    return met.filter((met.by == met.who) | (met.by_unit == met.unit).fill_null(False))
