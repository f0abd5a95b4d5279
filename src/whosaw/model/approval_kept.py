# SPDX-License-Identifier: Apache-2.0
"""What state.db keeps for approvals, as plain rows: between the store, which keeps them, and the guard, which reads them.

Invariant: nothing here is the truth of anything but itself. A request is what its records say (`bodies`); the rest of
the row finds it. Pseudonyms only; `sealed` opens with the person's own key and with no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """The look that holds an approval: the idempotency key under which it is, or will be, recorded."""

    caller: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """A request. `open`: somebody may still have to do with it."""

    request: str
    person: str = field(repr=False)
    exact: bytes = field(repr=False)
    state: str
    open: bool
    asked: datetime
    bodies: tuple[bytes, ...] = field(repr=False)
    sealed: bytes = field(repr=False)
    holder: Holder | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody has to be told. `id`: the same notice is kept once. `whom`: a pseudonym, or an overseer's name."""

    id: str
    whom: str = field(repr=False)
    what: str
    request: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A passkey of an approver. `counter`: the highest it has shown. `removed` None: it counts."""

    id: bytes = field(repr=False)
    principal: str = field(repr=False)
    alg: str
    public: bytes = field(repr=False)
    rp: str
    counter: int
    added: datetime
    removed: datetime | None = None
