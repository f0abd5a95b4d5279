# SPDX-License-Identifier: Apache-2.0
"""Facts: all that a decision may know, as the directory had it at one instant. Values only, no identifiers.

    directory ──Known──▶ guard ──Facts──▶ decide      "a colleague?" arrives as yes or no, never as two names

Invariant: absent (None) means *not known*, and what is not known forbids. Two fields are the exception, where None is
itself an answer: `Facts.last_look` (nobody looked yet) and `CaseFacts.closed` (still open).
                                                                    Specification: policy/schema.cedarschema
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from whosaw.model.access import Asked

Whose = Literal["principal", "other", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalFacts:
    """The one who looks. `regions`: the country they work in and every group of countries that it belongs to."""

    function: str
    active: bool
    suspended: bool
    regions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """The one who is looked at. `protected` is one bit, never the list of reasons; `staff`: an account of our own."""

    region: str | None
    protected: bool
    staff: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFacts:
    """What the person is to the one who looks, as far as the directory can see."""

    own: bool
    household: bool
    colleague: bool
    line: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFacts:
    """The case names the person: since when, and by whom it was added."""

    added: datetime
    by: Whose


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The case that was given. `assigned`: to the principal, to a queue of theirs, or to their unit."""

    type: str
    opened: datetime
    closed: datetime | None
    opened_by: Whose
    requested_by_principal: bool
    assigned: bool
    named: NamedFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFacts:
    """When the directory was last confirmed, and how old that may be."""

    confirmed: datetime
    limit: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the directory knows about one look. `case` is None where none was given, or none is known by that name."""

    principal: PrincipalFacts | None
    person: PersonFacts | None
    relation: RelationFacts | None
    case: CaseFacts | None
    feed: FeedFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything about one look that is not in the question itself.

    `known` is None where the directory could not be read. `offered`: what this installation can show at all.
    `last_look`: when the look before this one was, whoever looked.
    """

    known: Known | None
    offered: frozenset[Asked]
    last_look: datetime | None


NOTHING_KNOWN = Known(principal=None, person=None, relation=None, case=None, feed=None)
