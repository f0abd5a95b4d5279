# SPDX-License-Identifier: Apache-2.0
"""Which persons a principal knows: their own account, their home, family and contacts, and the accounts of colleagues.

    self       one's own private account
    household  who lives at one's address, by the register or by a link
    family, contact, coworker       links of one's own account; whom one follows one need not know
    same_unit  the accounts of those of one's org unit
    line       the accounts of those above and below one, up to LEVELS steps

who · person · kind, each once. Whoever is tied in several ways has several rows; oneself is only `self`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.extra import need
from whosaw.facts.prepared.circle import ties
from whosaw.facts.prepared.spans import lately

LINKED = ("household", "family", "contact", "coworker")
LEVELS = 6


def make(tables: Mapping[str, Any], looks: Any, as_of: int) -> Any:  # noqa: ARG001  one shape for all of them
    """One row per principal, person and kind. No rows where no staff are known."""
    ibis = need("ibis", "watching")
    if "staff" not in tables:
        none = tables["look"].filter(ibis.literal(value=False))
        return none.select(who=none.who, person=none.who, kind=none.who)
    staff = lately(tables["staff"], as_of)
    own = staff.filter(staff.own_person.notnull()).select("who", "own_person").distinct()
    found = [own.select(who=own.who, person=own.own_person, kind=ibis.literal("self"))]
    others = [_home(staff, tables, as_of), _linked(own, tables, as_of), _unit(staff), _line(staff, own)]
    made = others[0]
    for more in others[1:]:
        made = made.union(more)
    mine = own.select(o_who="who", o_person="own_person")
    made = made.anti_join(mine, [made.who == mine.o_who, made.person == mine.o_person])
    return found[0].union(made).distinct()


def _home(staff: Any, tables: Mapping[str, Any], as_of: int) -> Any:
    """By the address in the registers of staff and of persons, and the accounts of staff at that address."""
    ibis = need("ibis", "watching")
    homes = staff.filter(staff.household.notnull()).select("who", "household").distinct()
    at = staff.filter(staff.household.notnull(), staff.own_person.notnull())
    there = at.select(t_person=at.own_person, t_home=at.household)
    if "persons" in tables:
        persons = lately(tables["persons"], as_of)
        persons = persons.filter(persons.household.notnull())
        there = there.union(persons.select(t_person=persons.person, t_home=persons.household))
    there = there.distinct()
    joined = homes.inner_join(there, homes.household == there.t_home)
    return joined.select(who=joined.who, person=joined.t_person, kind=ibis.literal("household"))


def _linked(own: Any, tables: Mapping[str, Any], as_of: int) -> Any:
    links = ties(tables, as_of)
    links = links.filter(links.kind.isin(LINKED))
    joined = own.inner_join(links, own.own_person == links.a)
    return joined.select(who=joined.who, person=joined.b, kind=joined.kind)


def _unit(staff: Any) -> Any:
    ibis = need("ibis", "watching")
    mine = staff.filter(staff.unit.notnull()).select("who", "unit").distinct()
    theirs = staff.filter(staff.unit.notnull(), staff.own_person.notnull())
    theirs = theirs.select(t_who=theirs.who, t_unit=theirs.unit, t_person=theirs.own_person).distinct()
    joined = mine.inner_join(theirs, mine.unit == theirs.t_unit)
    joined = joined.filter(joined.who != joined.t_who)
    return joined.select(who=joined.who, person=joined.t_person, kind=ibis.literal("same_unit"))


def _line(staff: Any, own: Any) -> Any:
    """Above and below: whoever is reached from the one is reached back from the other."""
    ibis = need("ibis", "watching")
    up = staff.filter(staff.manager.notnull(), staff.manager != staff.who).select("who", "manager").distinct()
    above = up.select(low="who", high="manager")
    pairs = above
    for _ in range(LEVELS - 1):
        step = up.select(s_who="who", s_manager="manager")
        above = above.inner_join(step, above.high == step.s_who)
        above = above.select(low=above.low, high=above.s_manager).distinct()
        pairs = pairs.union(above)
    pairs = pairs.filter(pairs.low != pairs.high).distinct()
    both = pairs.select(who=pairs.low, other=pairs.high).union(pairs.select(who=pairs.high, other=pairs.low))
    accounts = own.select(a_who="who", a_person="own_person")
    joined = both.inner_join(accounts, both.other == accounts.a_who)
    return joined.select(who=joined.who, person=joined.a_person, kind=ibis.literal("line"))
