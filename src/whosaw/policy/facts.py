# SPDX-License-Identifier: Apache-2.0
"""Facts: all that a decision may know, as the directory had it at one instant. Values only, no identifiers.

    directory ──Known──▶ guard ──Facts──▶ decide      "a colleague?" arrives as yes or no, never as two names

Invariant: absent (None) means *not known*, and what is not known forbids. Where None is itself an answer, the field says
which: `last_look` (nobody looked yet), `closed` (still open), `employed` (as `regions`), `NamedFacts.fields` (no list).
                                                                    Specification: policy/schema.cedarschema
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from whosaw.model.access import Asked

Whose = Literal["principal", "other", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalFacts:
    """The one who looks. `regions`: the country they work in and every group of countries that it belongs to.

    `employed`: the same of the country of their contract; None: of no other country than the one they work in.
    `on_call`: at this moment. `owes_review`: a break-glass of theirs was not reviewed in its time.
    """

    function: str
    active: bool
    suspended: bool
    regions: frozenset[str]
    employed: frozenset[str] | None = None
    on_call: bool = False
    owes_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """The one who is looked at. `staff`: an account of our own.

    `protected` is one bit, never the list of reasons; it holds for thirty days after the last of them has ended.
    `before`: other regions that they were said to live in during these thirty days.
    """

    region: str | None
    protected: bool
    staff: bool
    before: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFacts:
    """What the person is to the one who looks, as far as the directory can see. `family`: a private tie of any kind."""

    own: bool
    household: bool
    colleague: bool
    line: bool
    family: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFacts:
    """The case names the person: since when, and by whom it was added.

    `fields`: what the case lists for this person, each with all that is less exact; None: it has no list.
    """

    added: datetime
    by: Whose
    fields: frozenset[Asked] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The case that was given. `assigned`: to the principal, to a queue of theirs, or to their unit.

    `mixed`: it names accounts of staff and of outsiders. `names_link`: it names somebody linked to the person, since before
    the look and by another hand than that of the one who looks. `drawn`: its sample was drawn by Whosaw. `requested_by_person`: it was opened at the request of the one whose data the look is about.
    """

    type: str
    opened: datetime
    closed: datetime | None
    opened_by: Whose
    requested_by_principal: bool
    assigned: bool
    named: NamedFacts | None
    mixed: bool = False
    names_link: bool = False
    drawn: bool = False
    requested_by_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFacts:
    """When the directory was last confirmed, and how old that may be: of the source that is nearest to its limit, or beyond.

    `source`: which one, for people. No rule reads it, so it is no part of what is recorded of a decision.
    """

    confirmed: datetime
    limit: timedelta
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the directory knows about one look. `case` is None where none was given, or none is known by that name.

    `case_silent`: the system that keeps the case did not answer, so that nobody can say whether there is one.
    `newest`: when anything here was changed or confirmed last, as of the reading and not of the instant: a clock that stands
    before it is wrong, and would not see that somebody has left. No rule reads it; the guard does (`last_look`).
    """

    principal: PrincipalFacts | None
    person: PersonFacts | None
    relation: RelationFacts | None
    case: CaseFacts | None
    feed: FeedFacts | None
    case_silent: bool = False
    newest: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFacts:
    """Valid approvals of exactly this look, by what they were signed as. One approver counts once in each number.

    `independent`: all of them. `stewards`: of the person's region. `overseers`: from outside. `legal`: of the legal
    function, in another unit.
    """

    independent: int = 0
    stewards: int = 0
    overseers: int = 0
    legal: int = 0


NO_APPROVALS = ApprovalFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything about one look that is not in the question itself.

    `known` is None where the directory could not be read. `offered`: what this installation can show at all.
    `last_look`: when the look before this one was, whoever looked, or what else had happened before it by a clock that is right. `quota`: how many looks are left before this one, under
    each name of ``model.gate.QUOTAS``.
    """

    known: Known | None
    offered: frozenset[Asked]
    last_look: datetime | None
    approvals: ApprovalFacts = NO_APPROVALS
    quota: Mapping[str, int] | None = None


NOTHING_KNOWN = Known(principal=None, person=None, relation=None, case=None, feed=None)
