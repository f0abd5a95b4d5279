# SPDX-License-Identifier: Apache-2.0
"""The records around an erasure: who ordered it, what forbade it, holds put and lifted.

    Order   stream `admin`          beside the tombstone, in one submission: who, on what basis; of whom, nobody can tell
    Hold    the person's stream     these records are kept; the person reads it
    Lift    the person's stream     this hold is lifted
    Kept    the person's stream     somebody asked to erase, and was refused, with the reasons

The tombstone itself is the journal's (``journal.erase``) and names nobody. What stands in a person's own stream goes
with it; so a hold, too, is gone once an erasure has been allowed.

Invariant: no body here holds a person's pseudonym or id.                   Specification: docs/spec/erasure.md §1
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whosaw.model.record import Json, Kind, canonical, parse, time_text

BASES: Mapping[str, str] = {
    "request": "the person asked for it",
    "withdrawn": "the person withdrew their consent",
    "expiry": "the time for which it may be kept is over",
    "order": "a court or an authority ordered it",
}
HOLDS: Mapping[str, str] = {
    "claim": "a legal claim",
    "inquiry": "an inquiry",
    "order": "an order of a court or an authority",
}


class Frame(Protocol):
    """One leaf, opened."""

    @property
    def body(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that was not lifted. `id`: random, to lift it by."""

    id: str
    basis: str
    at: str
    principal: str = field(repr=False)


def order_body(principal: str, at: datetime, basis: str, digest: bytes | None) -> bytes:
    """`digest`: of the tombstone; None where nothing was recorded of the person, and so nothing has to be accounted for."""
    frames = None if digest is None else b64encode(digest).decode()
    return _body(Kind.ORDER, principal, at, basis=basis, frames=frames)


def hold_body(id_: str, principal: str, at: datetime, basis: str) -> bytes:
    return _body(Kind.HOLD, principal, at, hold=id_, basis=basis)


def lift_body(id_: str, principal: str, at: datetime) -> bytes:
    return _body(Kind.LIFT, principal, at, hold=id_)


def kept_body(principal: str, at: datetime, basis: str, reasons: Sequence[str]) -> bytes:
    return _body(Kind.KEPT, principal, at, basis=basis, reasons=list(reasons))


def _body(kind: Kind, principal: str, at: datetime, **more: Json) -> bytes:
    return canonical({"v": 1, "kind": str(kind), "at": time_text(at), "principal": principal, **more})


def holds(frames: Iterable[Frame]) -> list[Hold]:
    """The holds in a person's stream that nobody has lifted, oldest first."""
    found: dict[str, Hold] = {}
    for frame in frames:
        said = parse(frame.body)
        if said["kind"] == Kind.HOLD:
            hold = Hold(str(said["hold"]), str(said["basis"]), str(said["at"]), str(said["principal"]))
            found[hold.id] = hold
        elif said["kind"] == Kind.LIFT:
            found.pop(str(said["hold"]), None)
    return list(found.values())
