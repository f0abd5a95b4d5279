# SPDX-License-Identifier: Apache-2.0
"""Golden decisions: a table that anybody can read, of looks and of every rule that must speak about each.

    | purpose | what is different | changes | rules |        a row of Markdown
      base(purpose) ──changes──▶ Look, Facts ──decide──▶ the rules that spoke = those of the row?

Each row begins at a look for its purpose to which nothing objects, and changes something: `person.protected = yes`,
`case.opened = -9m` (before the look), `asked = ip:exact device`. `rules` names every rule that speaks, or only `permit` or
`refuse`.

Invariant: a row that cannot be read is an error, never a row that passes.           How to write them: docs/policy.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from whosaw.errors import BadInput
from whosaw.model.access import LADDER, Asked, Field, Look, Mode
from whosaw.model.caller import Caller, Proof
from whosaw.model.decision import Decision
from whosaw.model.gate import QUOTAS
from whosaw.policy.decide import decide
from whosaw.policy.facts import (
    ApprovalFacts,
    CaseFacts,
    Facts,
    FeedFacts,
    Known,
    NamedFacts,
    PersonFacts,
    PrincipalFacts,
    RelationFacts,
)
from whosaw.policy.purposes import Purpose
from whosaw.policy.rules import Policy

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HEAD = ("purpose", "what is different", "changes", "rules")
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
EVERYTHING = frozenset(Asked(f, d) for f in Field for d in LADDER[f])
_UNITS = {"d": _DAY, "h": _HOUR, "m": _MINUTE, "s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}
_TIME = re.compile(r"[+-][0-9]{1,6}(?:ms|[dhms])")
_TIMES = re.compile(rf"0|(?:{_TIME.pattern}){{1,3}}")


@dataclass(frozen=True, slots=True)
class Row:
    """One decision that must come out so. `where`: file and line, for whoever must find it."""

    where: str
    purpose: str
    what: str
    changes: str
    rules: tuple[str, ...]

    def holds(self, decision: Decision) -> bool:
        """Whether this is what must come out."""
        if self.rules in (("permit",), ("refuse",)):
            return decision.permitted is (self.rules == ("permit",))
        return sorted(rule.id for rule in decision.rules) == sorted(self.rules)


def read_rows(text: str, where: str) -> tuple[Row, ...]:
    """The rows of every table in `text` with the four columns of HEAD; prose around them is prose. Raises BadInput."""
    rows, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if tuple(cells) == HEAD:
            inside = True
        elif not cells:
            inside = False
        elif inside and not all(set(cell) <= set("-: ") for cell in cells):
            rows.append(_row(cells, f"{where}:{number}"))
    if not rows:
        raise BadInput(f"no table with the columns {', '.join(HEAD)}", where=where)
    return tuple(rows)


def _row(cells: list[str], where: str) -> Row:
    if len(cells) != len(HEAD):
        raise BadInput(f"a row has {len(HEAD)} columns, this one {len(cells)}", where=where)
    purpose, what, changes, rules = (cell.replace("`", "") for cell in cells)
    if not rules:
        raise BadInput("which rules speak? name them, or say permit or refuse", where=where)
    return Row(where, purpose, what, changes, tuple(rules.split()))


def run(policy: Policy, row: Row) -> Decision:
    """What `policy` decides about this row. Raises BadInput where it cannot be read."""
    purpose = policy.purposes.get(row.purpose)
    if purpose is None:
        raise BadInput(f"no purpose {row.purpose!r}", where=row.where, hint=f"one of {', '.join(policy.purposes)}")
    look, facts = base(purpose)
    try:
        for path, said in _changes(row.changes):
            look, facts = changed(look, facts, path, said)
    except (KeyError, ValueError, TypeError, AttributeError, BadInput) as error:
        said = error.args[0] if isinstance(error, KeyError) else str(error)
        raise BadInput(f"{row.changes!r} cannot be read: {said}", where=row.where) from None
    return decide(policy, look, facts, AT)


def _changes(text: str) -> Iterator[tuple[str, str]]:
    for each in text.split(";"):
        if each.strip():
            path, equals, said = each.partition("=")
            if not equals:
                raise ValueError("a change is like person.protected = yes")
            yield path.strip(), said.strip()


# ── where every row begins ──


def base(purpose: Purpose) -> tuple[Look, Facts]:
    """A look for `purpose` to which no shipped rule objects, and its facts: in Ireland, of the first kind that may."""
    most = next((a for a in purpose.most if a.field is Field.IP), purpose.most[0])
    look = Look("golden", "who", "whom", (most,), purpose.code, "case", "golden")
    known = Known(
        principal=PrincipalFacts(
            function=min(purpose.functions), active=True, suspended=False, regions=frozenset({"IE", "EU"})
        ),
        person=PersonFacts(region="EU", protected=False, staff=purpose.code == "internal_inquiry"),
        relation=RelationFacts(own=False, household=False, colleague=False, line=False),
        case=CaseFacts(
            type=min(purpose.case_types, default=""),
            opened=AT - 3 * _DAY,
            closed=None,
            opened_by="other",
            requested_by_principal=False,
            assigned=True,
            named=NamedFacts(
                added=AT - 2 * _DAY, by="other", fields=EVERYTHING if purpose.code == "legal_demand" else None
            ),
            drawn=purpose.code == "quality_sampling",
        ),
        feed=FeedFacts(confirmed=AT - _HOUR, limit=_DAY),
    )
    approvals = ApprovalFacts(independent=len(purpose.approvals), legal=purpose.approvals.count("legal"))
    quota = dict.fromkeys(QUOTAS, 1000)
    return look, Facts(known=known, offered=EVERYTHING, last_look=AT - _MINUTE, approvals=approvals, quota=quota)


# ── what a row changes ──


def changed(look: Look, facts: Facts, path: str, said: str) -> tuple[Look, Facts]:
    """Both with one thing changed. Raises KeyError, ValueError, TypeError, BadInput for what is no fact or no value."""
    if path in _OF_LOOK:
        return _OF_LOOK[path](look, said), facts
    part, _, name = path.partition(".")
    if path == "directory":
        _only(said, "unreadable")
        return look, replace(facts, known=None)
    if path in ("last_look", "offered", "quota"):
        return look, replace(facts, **{path: _OF_FACTS[path](said)})
    if part == "quota":
        return look, replace(facts, quota={**(facts.quota or {}), _named(name, QUOTAS): int(said)})
    if part == "approvals":
        return look, replace(facts, approvals=replace(facts.approvals, **{name: int(said)}))
    if facts.known is None:
        raise ValueError("the directory cannot be read, so there is nothing to change in it")
    if path == "case":
        if said != "unknown":
            _only(said, "none")
            look = replace(look, case=None)
        return look, replace(facts, known=replace(facts.known, case=None))
    return look, replace(facts, known=_in_known(facts.known, path, part, name, said))


def _in_known(known: Known, path: str, part: str, name: str, said: str) -> Known:
    if path == "case.silent":
        return replace(known, case_silent=_yes(said))
    if path in _TAKEN_AWAY:
        _only(said, _TAKEN_AWAY[path])
        if path == "case.named":
            return replace(known, case=replace(_there(known.case), named=None))
        nothing: Mapping[str, Any] = {path: None}
        return replace(known, **nothing)
    if part == "named":
        case = _there(known.case)
        named = replace(_there(case.named), **{name: _value(name, said)})
        return replace(known, case=replace(case, named=named))
    if part not in ("principal", "person", "relation", "case", "feed"):
        raise KeyError(f"no fact {path!r}")
    return replace(known, **{part: replace(_there(getattr(known, part)), **{name: _value(name, said)})})


def _value(name: str, said: str) -> Any:
    """A value of the kind that the fact `name` has."""
    if name in _KINDS:
        return _KINDS[name](said)
    return _yes(said)


def _yes(said: str) -> bool:
    return {"yes": True, "no": False}[said]


def _only(said: str, word: str) -> None:
    if said != word:
        raise ValueError(f"only {word!r} can be said of it")


def _there(value: Any) -> Any:
    if value is None:
        raise ValueError("it was taken away before")
    return value


def _named(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise KeyError(f"none of {', '.join(names)}")
    return name


def _time(said: str) -> datetime:
    if not _TIMES.fullmatch(said):
        raise ValueError("a time is like -1d or -10m+1ms, counted from the look")
    at = AT
    for each in _TIME.findall(said):
        digits = re.sub(r"[^0-9]", "", each)
        length = int(digits) * _UNITS[each[1 + len(digits) :]]
        at = at + length if each[0] == "+" else at - length
    return at


def _perhaps(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda said: None if said == "none" else kind(said)


def _set(said: str) -> frozenset[str]:
    return frozenset() if said == "none" else frozenset(said.split())


def _asked(said: str) -> tuple[Asked, ...]:
    return tuple(Asked.parse(each) for each in said.split())


def _whose(said: str) -> str:
    return _named(said, ("principal", "other", "unknown"))


def _caller(look: Look, said: str) -> Look:
    name, proof, *speaks = said.split()
    if speaks not in ([], ["speaks"]):
        raise ValueError("a caller is like: desk mtls, or: desk mtls speaks")
    return replace(look, caller=Caller(name, Proof(proof), bool(speaks)))


_TAKEN_AWAY = {
    "principal": "unknown",
    "person": "unknown",
    "relation": "unknown",
    "feed": "never",
    "case.named": "none",
}
_OF_LOOK: Mapping[str, Callable[[Look, str], Look]] = {
    "asked": lambda look, said: replace(look, asked=_asked(said)),
    "mode": lambda look, said: replace(look, mode=Mode(said)),
    "purpose": lambda look, said: replace(look, purpose=said),
    "break_glass": lambda look, said: replace(look, break_glass=_yes(said)),
    "caller": _caller,
}
_OF_FACTS: Mapping[str, Callable[[str], Any]] = {
    "last_look": _perhaps(_time),
    "offered": lambda said: frozenset() if said == "none" else frozenset(_asked(said)),
    "quota": lambda said: _only(said, "unknown"),
}
_KINDS: Mapping[str, Callable[[str], Any]] = {
    "function": str,
    "regions": _set,
    "employed": _set,
    "region": _perhaps(str),
    "before": _set,
    "type": str,
    "opened": _time,
    "closed": _perhaps(_time),
    "opened_by": _whose,
    "added": _time,
    "by": _whose,
    "fields": _perhaps(lambda said: frozenset(_asked(said))),
    "confirmed": _time,
}
