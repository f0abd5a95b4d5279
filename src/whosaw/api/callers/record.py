# SPDX-License-Identifier: Apache-2.0
"""Records about callers, in the stream `admin`: who may ask from here on, and who asked for what they may not.

    change    added · changed · rotated · removed     before it is in force
    refused   a caller that is who it says, and says of somebody else, or asks for, what it may not     before it is told

What a stranger tries is in no record: anybody could fill the log. It is counted (``callers.Door.counts``).

Invariant: principals by pseudonym only; of tokens, claims and certificates nothing.       Specification: docs/callers.md
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Literal

from whosaw.api.callers.registered import Registered
from whosaw.model.caller import Proof
from whosaw.model.record import Json, Kind, canonical, time_text

Event = Literal["added", "changed", "rotated", "removed"]


def change_body(
    event: Event, name: str, origin: str, *, made: Registered | None, principal: str | None, at: datetime
) -> bytes:
    """`made`: what holds from here on; None for a removal. `principal`: who ordered it; None where whosaw.toml did."""
    may: dict[str, Json] | None = None
    if made is not None:
        said = made.said
        may = {
            "digest": b64encode(made.digest).decode(),
            "expires": said.expires,
            "paths": list(said.paths),
            "proof": str(made.proof),
            "purposes": list(said.purposes),
            "reason_admin": said.reason_admin,
            "speaks": said.speaks,
            "tokens": list(said.tokens),
        }
    return _body(event, name, at, origin=origin, principal=principal, may=may)


def refused_body(name: str, proof: Proof, why: str, *, principal: str | None, said: str | None, at: datetime) -> bytes:
    """`principal`: whom the token named; `said`: whom the request named; each by pseudonym, None where nobody."""
    return _body("refused", name, at, proof=str(proof), why=why, principal=principal, said=said)


def _body(event: str, name: str, at: datetime, **more: Json) -> bytes:
    return canonical({"v": 1, "kind": str(Kind.CALLER), "at": time_text(at), "event": event, "caller": name, **more})
