# SPDX-License-Identifier: Apache-2.0
"""How the reason that was given for a look fails to fit it: thirteen flags, 0 or 1, added up to one number per look.

    look ── its purpose ──▶ does such a look need a case?  does the purpose read this field, work on this type?
         ── its case    ──▶ known?  open?  opened before?  by others?  is it theirs?
         ── its person  ──▶ named there, or linked to somebody named?  before the look?  by others?

What a purpose needs, reads and works on is learnt from all looks, and so is whether cases of a type name persons at all: no purpose or type is
known beforehand. What a table does not say fails nothing.                               Design: docs/adr/0147

Invariant: one row per look, whatever versions of its case there are: a flag stands only where every version has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from whosaw.detect.signal import World
from whosaw.detect.tally import HIT
from whosaw.facts.columns import DAY, FIELDS
from whosaw.facts.extra import need
from whosaw.facts.prepared.looks import holds

# In the order of their bits, with what is said of looks that have it.
FLAGS: tuple[tuple[str, str], ...] = (
    ("no_purpose", "give no purpose"),
    ("no_case", "name no case, though such looks mostly do"),
    ("unknown_case", "name a case that is not on file"),
    ("over", "name a case that had been closed for more than a week"),
    ("later", "name a case that was opened afterwards"),
    ("asked_self", "name a case that the one who looked had asked for"),
    ("opened_self", "name a case that the one who looked had opened"),
    ("not_theirs", "name a case that is somebody else's"),
    ("not_named", "name a case that does not name the person"),
    ("named_later", "name a case to which the person was added afterwards"),
    ("named_self", "name a case to which the one who looked had added the person"),
    ("field", "read a field that is seldom read for this purpose"),
    ("type", "name a case of a type that is seldom used for this purpose"),
)
_OF_LOOKS = ("own_person", "purpose", "case", "app", "u", "request", "size")
# A link of one of these to a named person is as good as a name.
_LINKED = ("device", "ip", "household")


def fitted(world: World, looks: Any, seldom: int, few: int) -> Any:
    """Of `looks` the columns HIT, case, app, request, size and `pattern`: the flags added up. Seldom is one in so many; nothing is learnt from fewer than `few` looks."""
    ibis = need("ibis", "watching")
    looks = looks.select(*HIT, *_OF_LOOKS, *FIELDS.values(), for_=looks.purpose.fill_null(""))
    looks = _of_purpose(looks, seldom, few)
    cased = looks.filter(looks.case.notnull())
    cases = _of_case(world, cased, seldom, few)
    names = _of_names(world, cased)
    looks = looks.left_join(cases, looks.row == cases.c_row).left_join(names, looks.row == names.n_row)
    known = looks.c_row.notnull()
    named = looks.n_any.fill_null(0) == 1
    near = looks.n_linked.fill_null(0) == 1
    asked = looks.c_requester.fill_null(0) == 1
    there = named | near | asked
    holds_ = {
        # What has a reason on file needs none in the log: there are logs that never name any.
        "no_purpose": (looks.u == 1) & looks.purpose.isnull(),
        "no_case": (looks.u == 1) & looks.case.isnull() & (looks.p_needs == 1),
        "unknown_case": looks.case.notnull() & ~known,
        "over": looks.c_over == 1,
        "later": looks.c_later == 1,
        "asked_self": looks.c_asked_self == 1,
        "opened_self": looks.c_opened_self == 1,
        # Whoever helps out under a case that named the person before, by another's hand, says truly what it was for.
        "not_theirs": (looks.c_not_theirs == 1) & ~(named & (looks.n_before == 1) & (looks.n_others == 1)),
        "not_named": known & (looks.c_names == 1) & ~there,
        "named_later": named & ~near & ~asked & (looks.n_before == 0),
        "named_self": named & ~near & ~asked & (looks.n_others == 0),
        "field": looks.p_field == 1,
        "type": looks.c_type == 1,
    }
    bits = [
        ibis.ifelse(holds_[name].fill_null(False), 1 << place, 0).cast("int64") for place, (name, _) in enumerate(FLAGS)
    ]
    return looks.select(*HIT, "case", "app", "request", "size", pattern=reduce(lambda a, b: a + b, bits).cast("int64"))


def flags_of(pattern: int) -> list[int]:
    """The places of the flags of a pattern."""
    return [place for place in range(len(FLAGS)) if pattern >> place & 1]


def _of_purpose(looks: Any, seldom: int, few: int) -> Any:
    """With `p_needs`: most looks for this purpose name a case; `p_field`: one of the fields is seldom read for it."""
    ibis = need("ibis", "watching")
    counted = looks.group_by(p_for=looks.for_).aggregate(
        p_all=looks.count(),
        p_cased=looks.case.notnull().cast("int64").sum(),
        **{f"p_{field}": looks[field].sum() for field in FIELDS.values()},
    )
    # What a function always does for a purpose fits it, however few of all do it.
    mine = looks.group_by(m_function=looks.function.fill_null(""), m_for=looks.for_).aggregate(
        m_all=looks.count(), **{f"m_{field}": looks[field].sum() for field in FIELDS.values()}
    )
    looks = looks.left_join(counted, looks.for_ == counted.p_for)
    looks = looks.left_join(mine, [looks.function.fill_null("") == mine.m_function, looks.for_ == mine.m_for])
    enough = looks.p_all >= few
    seldom_read = [
        (looks[f] == 1) & (looks[f"p_{f}"] * seldom < looks.p_all) & (looks[f"m_{f}"] * seldom < looks.m_all)
        for f in FIELDS.values()
    ]
    looks = looks.mutate(
        p_needs=ibis.ifelse(enough & (looks.p_cased * 2 >= looks.p_all), 1, 0),
        # What is read without any purpose says nothing about one.
        p_field=ibis.ifelse(enough & looks.purpose.notnull() & reduce(lambda a, b: a | b, seldom_read), 1, 0),
    )
    return looks.select(*HIT, *_OF_LOOKS, "for_", "p_needs", "p_field")


def _of_case(world: World, looks: Any, seldom: int, few: int) -> Any:
    """Per look that names a known case: what speaks against it in every version that may have been known."""
    # Kept: how seldom a type is has to be counted before it is said of each.
    pairs = world.once("fits_cases", lambda: _versions(world, looks), large=True)
    looks_of = {"looks": pairs.l_row.nunique()}
    typed = pairs.group_by("l_for_", "l_function", "type").aggregate(**looks_of)
    all_ = pairs.group_by("l_for_", "l_function").aggregate(**looks_of)
    types = typed.group_by(t_for="l_for_", t_type="type").aggregate(t_count=typed.looks.sum())
    purposes = all_.group_by(u_for="l_for_").aggregate(u_count=all_.looks.sum())
    mine = typed.group_by(f_function="l_function", f_type="type").aggregate(f_count=typed.looks.sum())
    whole = all_.group_by(g_function="l_function").aggregate(g_count=all_.looks.sum())
    naming = _naming(world, world.tables["cases"])
    pairs = pairs.left_join(types, [pairs.l_for_ == types.t_for, pairs.type == types.t_type])
    pairs = pairs.left_join(purposes, pairs.l_for_ == purposes.u_for)
    pairs = pairs.left_join(mine, [pairs.l_function == mine.f_function, pairs.type == mine.f_type])
    pairs = pairs.left_join(whole, pairs.l_function == whole.g_function)
    pairs = pairs.left_join(naming, pairs.type == naming.n_type)
    # Seldom for the purpose, and seldom in the function: what a function always works on fits it.
    type_ = (
        (pairs.l_for_ != "")
        & (pairs.u_count >= few)
        & (pairs.t_count * seldom < pairs.u_count)
        & (pairs.f_count * seldom < pairs.g_count)
    )
    return pairs.group_by(c_row=pairs.l_row).aggregate(
        **{name: pairs[name].min() for name in ("c_over", "c_later", "c_asked_self", "c_opened_self", "c_not_theirs")},
        c_type=_holds(type_).min(),
        c_names=_holds(pairs.names == 1).min(),
        c_requester=pairs.c_requester.max(),
    )


def _versions(world: World, looks: Any) -> Any:
    """Per look and version of its case that may have been known then: what speaks against it, and whose looks it is among."""
    of = ("row", "t", "who", "own_person", "unit", "function", "person", "for_", "case")
    looks = looks.select(**{f"l_{name}": looks[name] for name in of})
    cases = world.tables["cases"]
    pairs = looks.inner_join(cases, looks.l_case == cases.case_id)
    pairs = not_theirs(world, pairs.filter(_may_be_known(pairs)))
    return pairs.select(
        "l_row", "l_for_", "l_function", "type",
        c_over=_holds(pairs.l_t >= pairs.closed + 7 * DAY),
        c_later=_holds(pairs.opened > pairs.l_t),
        c_asked_self=_holds((pairs.requester == pairs.l_who) | (pairs.requester == pairs.l_own_person)),
        c_opened_self=_holds((pairs.opened_by == pairs.l_who) | (pairs.opened_by == pairs.l_own_person)),
        c_not_theirs=pairs.not_theirs,
        c_requester=_holds(pairs.requester == pairs.l_person),
    )  # fmt: skip


def _may_be_known(pairs: Any) -> Any:
    """The version had not been taken back at the look, and is no later change of what was said then. A first word counts whenever it came."""
    said = (pairs["first"] == 1) | pairs.known_from.isnull() | (pairs.known_from <= pairs.l_t)
    return said & (pairs.known_to.isnull() | (pairs.l_t < pairs.known_to))


def _holds(condition: Any) -> Any:
    """1 where it holds. Null, which is "not known", does not."""
    return need("ibis", "watching").ifelse(condition.fill_null(False), 1, 0).cast("int64")


def not_theirs(world: World, pairs: Any) -> Any:
    """`pairs` of looks (l_row, l_t, l_who, l_unit) and cases with `not_theirs`, 1: the case lies with somebody, and not with the one who looks."""
    pairs = _theirs(world, pairs)
    theirs = [pairs.assignee == pairs.l_who, pairs.requester == pairs.l_who, pairs.approver == pairs.l_who]
    theirs = [each.fill_null(False) for each in (*theirs, pairs.queue == pairs.l_unit)]
    lies = pairs.assignee.notnull() | pairs.queue.notnull()
    return pairs.mutate(not_theirs=_holds(lies & (pairs.theirs == 0) & ~reduce(lambda a, b: a | b, theirs)))


def _theirs(world: World, pairs: Any) -> Any:
    """With `theirs`: the assignee is of the looker's org unit, or the looker works in the queue or on the type."""
    ibis = need("ibis", "watching")
    if "staff" in world.tables:
        s = world.tables["staff"]
        s = s.select(a_who=s.who, a_unit=s.unit, a_from=s.valid_from, a_to=s.valid_to)
        same = [pairs.assignee == s.a_who, pairs.l_unit == s.a_unit, holds(s.a_from, s.a_to, pairs.l_t)]
        pairs = pairs.left_join(s, same)
    else:
        pairs = pairs.mutate(a_who=ibis.null("string"))
    if "assignments" not in world.tables:
        return pairs.mutate(theirs=ibis.ifelse(pairs.a_who.notnull(), 1, 0))
    a = world.tables["assignments"]
    a = a.filter(a.scope_kind.isin(("queue", "case_type")))
    a = a.select(q_who=a.who, q_scope=a.scope, q_from=a.valid_from, q_to=a.valid_to)
    has = pairs.select("l_row", "l_t", "l_who", "queue", "type")
    has = has.inner_join(a, [has.l_who == a.q_who, holds(a.q_from, a.q_to, has.l_t)])
    has = has.filter((has.q_scope == has.queue).fill_null(False) | (has.q_scope == has.type).fill_null(False))
    has = has.select(q_row=has.l_row).distinct()
    pairs = pairs.left_join(has, pairs.l_row == has.q_row)
    return pairs.mutate(theirs=ibis.ifelse(pairs.a_who.notnull() | pairs.q_row.notnull(), 1, 0))


def _naming(world: World, cases: Any) -> Any:
    """Per type of case: whether at least half of its cases name somebody."""
    ibis = need("ibis", "watching")
    cp = world.tables["case_persons"]
    named = cp.select(w_case=cp.case_id).distinct()
    joined = cases.select("case_id", "type").distinct().left_join(named, cases.case_id == named.w_case)
    counted = joined.group_by(n_type=joined.type).aggregate(
        all=joined.count(), with_=joined.w_case.notnull().cast("int64").sum()
    )
    return counted.select("n_type", names=ibis.ifelse(counted.with_ * 2 >= counted["all"], 1, 0))


def _of_names(world: World, looks: Any) -> Any:
    """Per look whose case names the person, or somebody linked to them: since before the look? by somebody else?"""
    ibis = need("ibis", "watching")
    looks = looks.select(**{f"l_{n}": looks[n] for n in ("row", "t", "who", "own_person", "person", "case")})
    cp = world.tables["case_persons"]
    named = looks.inner_join(cp, [looks.l_case == cp.case_id, looks.l_person == cp.person])
    named = named.filter(_may_be_known(named))
    own = ((named.added_by == named.l_who) | (named.added_by == named.l_own_person)).fill_null(False)
    named = named.select(
        "l_row", any=1, before=ibis.ifelse((named.added > named.l_t).fill_null(False), 0, 1),
        others=ibis.ifelse(own, 0, 1), linked=0,
    )  # fmt: skip
    parts = [named, *_linked(world, looks, cp)]
    both = reduce(lambda a, b: a.union(b), [_small(part) for part in parts])
    return both.group_by(n_row=both.l_row).aggregate(
        n_any=both["any"].max(), n_before=both.before.max(), n_others=both.others.max(), n_linked=both.linked.max()
    )


def _small(part: Any) -> Any:
    return part.select(
        "l_row", *(part[name].cast("int64").name(name) for name in ("any", "before", "others", "linked"))
    )


def _linked(world: World, looks: Any, cp: Any) -> Sequence[Any]:
    """The looks at somebody linked to a person whom the case names."""
    names = cp.select(n_case=cp.case_id, n_person=cp.person).distinct()
    there = looks.inner_join(names, looks.l_case == names.n_case)
    found = []
    if "links" in world.tables:
        links = world.tables["links"]
        links = links.filter(links.kind.isin(_LINKED))
        both = links.select("a", "b").union(links.select(a=links.b, b=links.a)).distinct()
        found.append(there.inner_join(both, [there.n_person == both.a, there.l_person == both.b]))
    persons = world.tables.get("persons")
    if persons is not None and "household" in persons.columns:
        home = persons.filter(persons.household.notnull()).select("person", "household").distinct()
        a = home.select(h_person=home.person, h_home=home.household)
        b = home.select(g_person=home.person, g_home=home.household)
        homes = there.inner_join(a, there.n_person == a.h_person)
        found.append(homes.inner_join(b, [homes.l_person == b.g_person, homes.h_home == b.g_home]))
    return [each.select("l_row", any=0, before=0, others=0, linked=1) for each in found]
