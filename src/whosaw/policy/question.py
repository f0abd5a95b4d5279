# SPDX-License-Identifier: Apache-2.0
"""A look and its facts, spelled the way the policy engine reads them; the digest is over exactly these bytes.

    Look + Facts + at ──Question.of──▶ entities, context ──▶ Cedar
                                           └── SHA-256 ──▶ Decision.facts

Invariant: nothing reaches the engine that is not under the digest, and nothing identifies anybody: principal, person
and case go by the constant names `who`, `whom` and `case`, so not even the engine's error texts can carry an id.
One spelling: keys sorted, sets sorted, no blanks, times cut to milliseconds as in records.
                                                                    Specification: policy/schema.cedarschema
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from whosaw.model.access import LADDER, Asked, Field, Look, Mode, rung
from whosaw.model.caller import Caller
from whosaw.model.gate import QUOTAS
from whosaw.model.lately import Lately
from whosaw.model.record import flag_of, text_of
from whosaw.policy.facts import NOTHING_KNOWN, Facts, Known

_DOMAIN = b"whosaw/facts/v3"
_LATELY = 2048  # of what is known, spelled
PRINCIPAL = {"type": "Principal", "id": "who"}
PERSON = {"type": "Person", "id": "whom"}
ACTION = {"type": "Action", "id": "look"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine is asked, as two JSON texts; `digest` is SHA-256 over both, 32 bytes.

    `entities`: who looks and who is looked at, which is the same text for very many looks. `context`: all else, the case
    and the gate among it, which is another text for each. `blank`: the same with `%d` in place of each of its `numbers`.
    """

    entities: str
    context: str
    digest: bytes
    blank: str
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, look: Look, facts: Facts, at: datetime, purpose: str | None) -> Question:
        """`purpose`: the name of its row; None where there is no such row. Raises TypeError or ValueError where there is no question."""
        known = facts.known or NOTHING_KNOWN
        said = _told_of(known)
        # A case as it once was, of a system that does not answer today, is no fact.
        case, in_case = said.case if look.mode is not Mode.EXPORT else _case_of(known, look.mode)
        given, clock, asked = facts.approvals, at.astimezone(UTC), _asked(look.asked)
        offered = facts.offered.intersection(look.asked)
        last = () if facts.last_look is None else (_time(facts.last_look),)
        # A quota that is counted in part is a quota that nobody counted.
        quota = facts.quota
        quota_ = () if quota is None or not quota.keys() >= _ALL else tuple([quota[n] for n in _COUNTED])
        numbers = (
            given.independent, given.legal, given.overseers, given.stewards, _time(at), *in_case, *said.feed, *last, *quota_,
            clock.hour, clock.isoweekday(),
        )  # fmt: skip
        for number in numbers:
            if type(number) is not int:  # what would be cut or spelled otherwise is no number of the engine
                raise TypeError("a number of another type")
        # Put together in the order of its names, as ``json`` would: it is made for each look.
        blank = (
            f'{{"approvals":{{"independent":%d,"legal":%d,"overseers":%d,"stewards":%d}},"asked":{asked},"at":%d,'
            f'"breakGlass":{flag_of(look.break_glass)},{_caller(look.caller)}{case}"caseGiven":{flag_of(look.case is not None)},'
            f'"fields":[{",".join(sorted([_FIELD[a.field] for a in look.asked]))}],"gate":{{"caseSilent":{said.silent},'
            f"{_FEED * bool(said.feed)}{_LAST * bool(last)}"
            f'"offered":{asked if len(offered) == len(look.asked) else _asked(offered)},{_QUOTA * bool(quota_)}'
            f'"unavailable":{flag_of(facts.known is None)}}},"hour":%d,"mode":"{look.mode}",'
            f'{"" if purpose is None else _PURPOSE.format(_text(purpose))}"weekday":%d}}'
        )
        context = blank % numbers
        # encode() refuses a lone surrogate: what has no bytes has no digest, and is no question.
        text = f'{{"context":{context},"entities":{said.entities}}}'.encode()
        return cls(said.entities, context, hashlib.sha256(_DOMAIN + text).digest(), blank, numbers)


_ALL, _COUNTED = frozenset(QUOTAS), sorted(QUOTAS)
_FIELD = {field: f'"{field}"' for field in Field}
_FEED, _LAST = '"feed":{"confirmed":%d,"limit":%d},', '"lastLook":%d,'
_NAMED = ",".join([f'"{name}":%d' for name in _COUNTED])
_QUOTA = f'"quota":{{{_NAMED}}},'
_PURPOSE = '"purpose":{{"id":{},"type":"Purpose"}},'

# Made once: the library makes one for each call that says how it wants its text.
_one_spelling = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False).encode


class _Told:
    """What is spelled of one `known`: it is the same value for all looks of this principal at this person until somebody writes."""

    __slots__ = ("case", "entities", "feed", "known", "silent")

    def __init__(self, known: Known) -> None:
        self.known = known  # held, so that no other value has its place in memory
        self.entities = f"[{_entity(PRINCIPAL, _principal(known))},{_entity(PERSON, _person(known))}]"
        self.case = _case_of(known, Mode.READ)
        self.silent = flag_of(known.case_silent)
        feed = known.feed
        self.feed = () if feed is None else (_time(feed.confirmed), _duration(feed.limit))


_told: Lately[int, _Told] = Lately(_LATELY)


def _told_of(known: Known) -> _Told:
    """By identity, and not by what it says: `1` and `True` are equal, and are spelled in two ways. A `Known` never changes."""
    told = _told.find(id(known))
    if told is None or told.known is not known:
        told = _Told(known)
        _told.keep(id(known), told)
    return told


def _entity(uid: dict[str, str], attrs: dict[str, Any]) -> str:
    return _one_spelling({"uid": uid, "parents": [], "attrs": attrs})


def _text(text: str) -> str:
    """In quotes, for a text into which numbers are put: what stands for one there is doubled."""
    return text_of(text).replace("%", "%%")


def _caller(by: Caller | None) -> str:
    if by is None:
        return ""
    return f'"caller":{{"name":{_text(by.name)},"proof":{_text(by.proof)},"speaks":{flag_of(by.speaks)}}},'


def _principal(known: Known) -> dict[str, Any]:
    staff = known.principal
    if staff is None:
        return {}
    return {
        "staff": {
            "function": staff.function,
            "active": staff.active,
            "suspended": staff.suspended,
            "regions": sorted(staff.regions),
            "employed": sorted(staff.regions if staff.employed is None else staff.employed),
            "onCall": staff.on_call,
            "owesReview": staff.owes_review,
        }
    }


def _person(known: Known) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    if known.person is not None:
        attrs["known"] = {"protected": known.person.protected, "staff": known.person.staff}
        if known.person.region is not None:
            attrs["known"]["region"] = known.person.region
        # Anything else that is empty would pass for "never elsewhere".
        if type(known.person.before) is not frozenset:
            raise TypeError("where somebody was before is a set")
        if known.person.before != frozenset():
            attrs["known"]["before"] = sorted(known.person.before)
    if known.relation is not None:
        attrs["relation"] = {
            "own": known.relation.own,
            "household": known.relation.household,
            "colleague": known.relation.colleague,
            "line": known.relation.line,
            "family": known.relation.family,
        }
    return attrs


def _case_of(known: Known, mode: Mode) -> tuple[str, tuple[int, ...]]:
    """The case with `%d` in place of its numbers, and these; nothing where there is none, or its system does not answer."""
    case = None if known.case_silent else known.case
    if case is None:
        return "", ()
    closed, named, by_person, numbers = "", "", "", []
    if case.closed is not None:
        closed = '"closed":%d,'
        numbers.append(_time(case.closed))
    if case.named is not None:
        fields = "" if case.named.fields is None else f',"fields":{_asked(_and_below(case.named.fields))}'
        named = f'"named":{{"added":%d,"addedBy":{_text(case.named.by)}{fields}}},'
        numbers.append(_time(case.named.added))
    if mode is Mode.EXPORT:
        # Asked of no other look: digests of facts were made before it was there, and stay what they are.
        by_person = f'"requestedByPerson":{flag_of(case.requested_by_person)},'
    said = (
        f'"case":{{"assigned":{flag_of(case.assigned)},{closed}"drawn":{flag_of(case.drawn)},"kind":{_text(case.type)},'
        f'"mixed":{flag_of(case.mixed)},{named}"namesLink":{flag_of(case.names_link)},"opened":%d,"openedBy":{_text(case.opened_by)},'
        f'{by_person}"requestedByPrincipal":{flag_of(case.requested_by_principal)}}},'
    )
    return said, (*numbers, _time(case.opened))


def _and_below(listed: Iterable[Asked]) -> set[Asked]:
    """What is listed, and the same less exactly."""
    return {Asked(a.field, d) for a in listed for d in LADDER[a.field][: rung(a.field, a.detail) + 1]}


def _asked(asked: Iterable[Asked]) -> str:
    named = '","'.join(sorted([f"{a.field}:{a.detail}" for a in asked]))
    return f'["{named}"]' if named else "[]"


def _time(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _duration(length: timedelta) -> int:
    return length // _MILLISECOND
