# SPDX-License-Identifier: Apache-2.0
"""A case as its system tells it: what stands now, and whose hands put it there.

Raw ids stand in here, those of persons and of the system's own accounts. They live for as long as the question takes:
``keep`` makes pseudonyms of them, and nothing in here is ever printed.

Invariant: absent (None) means *the system cannot say*, and what it cannot say forbids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from whosaw.model.access import Asked

# Every name by which a system knows one account: its own id first, which nobody can take over, then e-mail or login.
Account = tuple[str, ...]
# Before our own id of a customer, where a system keeps that among an account's names. No other name begins so.
CUSTOMER = "customer\0"


@dataclass(frozen=True, slots=True)
class Given:
    """The case was given to somebody, or to a queue, by somebody."""

    to: Account = field(repr=False)
    by: Account | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Queued:
    queue: str
    by: Account | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Named:
    """The case names a person. `since`: from the last time that they were added; `hands`: all that had a part in it.

    `fields`: what the case lists for them; None where it lists nothing.
    """

    person: str = field(repr=False)
    since: datetime | None
    hands: tuple[Account | None, ...] = field(repr=False)
    fields: frozenset[Asked] | None = None


@dataclass(frozen=True, slots=True)
class SeenCase:
    """One case, as of one answer.

    `opened`: made, re-opened, or turned into a case of another type, whichever was last. `openers`: whoever did any of
    these. `requesters`: everybody for whom it was ever opened. `closed`: when; None while it is open.
    """

    id: str
    type: str
    opened: datetime
    closed: datetime | None
    openers: tuple[Account | None, ...] = field(repr=False)
    requesters: tuple[Account, ...] = field(repr=False)
    assigned: tuple[Given, ...] = field(repr=False)
    queued: tuple[Queued, ...] = field(repr=False)
    persons: tuple[Named, ...] = field(repr=False)
