# SPDX-License-Identifier: Apache-2.0
"""Digests of exactly what was asked: one ties a recorded look to its request, the other an approval to a look to come.

    Look ──guard──▶ ask_digest ──▶ LookBody.ask ──journal──▶ receipt
      └───────────▶ ask_digest ──────────────────── vault ──────▶ equal, or nothing opens

    Look ──exact_digest──▶ what approvers sign      the same for every look that asks the same

Invariant: two requests that differ in anything that was asked (look id, principal, person, fields, detail, purpose,
case, mode, app, caller, break-glass) have two digests. The look id is in it on purpose: without it one receipt would open
the same values for every later look that asks the same. The idempotency key is not: it belongs to the receipt. An approval
comes before the look has an id and whichever tool asks, so of all these it has neither look id nor app nor caller.
                                                                        Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from whosaw.model.access import Look
from whosaw.model.record import spelled, text_of

_LATELY = 512  # looks: as many as are on their way together, in several groups
_ASK, _EXACT = b"whosaw/ask/v1", b"whosaw/exact/v1"


def ask_digest(look: Look, principal: str, person: str) -> bytes:
    """SHA-256 over `look` with the two pseudonyms in place of its identifiers, 32 bytes."""
    return _digests(look, principal, person)[0]


def exact_digest(look: Look, principal: str, person: str) -> bytes:
    """What an approval is bound to, 32 bytes: who asks for whom, which fields how exactly, how, for what, under which case."""
    return _digests(look, principal, person)[1]


@lru_cache(_LATELY)  # guard and vault ask for the same ones four times, a moment apart
def _digests(look: Look, principal: str, person: str) -> tuple[bytes, bytes]:
    """Both: over the canonical JSON of what was asked, put together by hand, because it is made for each look."""
    fields = ",".join([f'{{"detail":{text_of(a.detail)},"field":"{a.field}"}}' for a in sorted(look.asked)])
    caller = "" if look.caller is None else f'"caller":{spelled(look.caller.json())},'
    # Left out where it is not so: digests were made before it was there, and stay what they are.
    glass = '"break_glass":true,' if look.break_glass else ""
    case = f'"case":{text_of(look.case)},"fields":[{fields}],'
    rest = (
        f'"mode":"{look.mode}","person":{text_of(person)},"principal":{text_of(principal)},'
        f'"purpose":{text_of(look.purpose)}}}'
    )
    ask = f'{{"app":{text_of(look.app)},{glass}{caller}{case}"look":{text_of(look.look_id)},{rest}'
    exact = f"{{{glass}{case}{rest}"
    return hashlib.sha256(_ASK + ask.encode()).digest(), hashlib.sha256(_EXACT + exact.encode()).digest()
