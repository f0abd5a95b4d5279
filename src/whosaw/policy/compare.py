# SPDX-License-Identifier: Apache-2.0
"""Two policies, held against each other: rules, purposes, and the decisions of a small world that come out otherwise.

    old, new ──rules_changed, purposes_changed──▶ what is written otherwise
             ──decisions_changed──▶ purpose × field × detail × function × staff × region × protected × approvals, asked of both

The small world is every combination of these and nothing else, of what one of the two may need and who may need it, and one
who may not: a rule about the time of the day changes no decision in it. Over looks that were really asked,
``oversight.decisions`` says more.

Invariant: both are asked the very same questions.                                          How to read it: docs/policy.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from whosaw.model.access import Asked, Look
from whosaw.policy.decide import decide
from whosaw.policy.facts import ApprovalFacts, Facts, Known
from whosaw.policy.golden import AT, base
from whosaw.policy.purposes import FUNCTIONS, Purpose
from whosaw.policy.rules import Policy
from whosaw.policy.wording import rule_text

_SIGNED = (ApprovalFacts(), ApprovalFacts(independent=3, stewards=1, overseers=1, legal=1))


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is written otherwise: a rule, or one column of a purpose. None: it is not there."""

    what: str
    old: str | None
    new: str | None

    @property
    def how(self) -> str:
        return "added" if self.old is None else "removed" if self.new is None else "changed"


@dataclass(frozen=True, slots=True)
class Turned:
    """How many looks for `purpose` at `asked` come out otherwise: `opened` are permitted now, `shut` are refused now."""

    purpose: str
    asked: str
    opened: int
    shut: int


def rules_changed(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Rules that one has and the other has not, or has otherwise, by id."""
    found = (
        Change(id_, rule_text(old, id_) or None, rule_text(new, id_) or None)
        for id_ in sorted(old.rules.keys() | new.rules.keys())
    )
    return tuple(change for change in found if change.old != change.new)


def purposes_changed(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Purposes that one has and the other has not, and each column that differs, as `code column`."""
    found = []
    for code in sorted(old.purposes.keys() | new.purposes.keys()):
        before, after = old.purposes.get(code), new.purposes.get(code)
        if before is None or after is None:
            said = [None if each is None else each.sentence for each in (before, after)]
            found.append(Change(code, *said))
        else:
            was, is_ = _columns(before), _columns(after)
            found += [Change(f"{code} {name}", was[name], is_[name]) for name in was if was[name] != is_[name]]
    return tuple(found)


def _columns(purpose: Purpose) -> Mapping[str, str]:
    return {f.name: _said(getattr(purpose, f.name)) for f in fields(purpose)}


def _said(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, tuple):
        return ", ".join(f"{each.field}:{each.detail}" if isinstance(each, Asked) else str(each) for each in value)
    return str(value)


def decisions_changed(old: Policy, new: Policy, at: Callable[[int, int], None]) -> tuple[int, tuple[Turned, ...]]:
    """How many looks were asked of both, and where they come out otherwise. `at`: called with how many, of how many."""
    worlds = [world for code in sorted(old.purposes.keys() | new.purposes.keys()) for world in _worlds(code, old, new)]
    asked, turned = 0, []
    for place, (purpose, rung, functions) in enumerate(worlds):
        opened = shut = 0
        for look, facts in _world(purpose, rung, functions):
            before, after = (decide(policy, look, facts, AT).permitted for policy in (old, new))
            opened, shut, asked = opened + (after > before), shut + (before > after), asked + 1
        if opened or shut:
            turned.append(Turned(purpose.code, f"{rung.field}:{rung.detail}", opened, shut))
        at(place + 1, len(worlds))
    return asked, tuple(turned)


def _worlds(code: str, old: Policy, new: Policy) -> Iterator[tuple[Purpose, Asked, tuple[str, ...]]]:
    """What one of the two may need for this purpose, and whose work it is by one of the two; and one whose it is not."""
    both = [policy.purposes[code] for policy in (old, new) if code in policy.purposes]
    functions = frozenset().union(*(purpose.functions for purpose in both))
    others = sorted(FUNCTIONS - functions)[:1]
    for rung in sorted(frozenset().union(*(purpose.needs for purpose in both))):
        yield both[-1], rung, (*sorted(functions), *others)


def _world(purpose: Purpose, rung: Asked, functions: tuple[str, ...]) -> Iterator[tuple[Look, Facts]]:
    look, facts = base(purpose)
    look, known = replace(look, asked=(rung,)), facts.known
    if not isinstance(known, Known) or known.principal is None or known.person is None:
        raise TypeError("every row begins at a look of which all is known")
    for function, staff, abroad, protected, signed in product(
        functions, (False, True), (False, True), (False, True), _SIGNED
    ):
        person = replace(known.person, staff=staff, protected=protected, region="FR" if abroad else "EU")
        principal = replace(known.principal, function=function)
        yield look, replace(facts, known=replace(known, principal=principal, person=person), approvals=signed)
