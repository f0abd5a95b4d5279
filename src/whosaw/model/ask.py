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


@lru_cache(_LATELY)  # guard and vault ask for the same one three times, a moment apart
def ask_digest(look: Look, principal: str, person: str) -> bytes:
    """SHA-256 over `look` with the two pseudonyms in place of its identifiers, 32 bytes."""
    return _digest(_ASK, look, principal, person, everything=True)


def exact_digest(look: Look, principal: str, person: str) -> bytes:
    """What an approval is bound to, 32 bytes: who asks for whom, which fields how exactly, how, for what, under which case."""
    return _digest(_EXACT, look, principal, person, everything=False)


def _digest(domain: bytes, look: Look, principal: str, person: str, *, everything: bool) -> bytes:
    """Over the canonical JSON of what was asked, put together by hand: it is made for each look. `everything`: look id, app and caller, too."""
    fields = ",".join([f'{{"detail":{text_of(a.detail)},"field":"{a.field}"}}' for a in sorted(look.asked)])
    app = caller = look_id = ""
    if everything:
        app, look_id = f'"app":{text_of(look.app)},', f'"look":{text_of(look.look_id)},'
        caller = "" if look.caller is None else f'"caller":{spelled(look.caller.json())},'
    # Left out where it is not so: digests were made before it was there, and stay what they are.
    glass = '"break_glass":true,' if look.break_glass else ""
    said = (
        f'{{{app}{glass}{caller}"case":{text_of(look.case)},"fields":[{fields}],{look_id}"mode":"{look.mode}",'
        f'"person":{text_of(person)},"principal":{text_of(principal)},"purpose":{text_of(look.purpose)}}}'
    )
    return hashlib.sha256(domain + said.encode()).digest()
