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
from whosaw.model.record import Json, canonical

_LATELY = 64  # looks
_ASK, _EXACT = b"whosaw/ask/v1", b"whosaw/exact/v1"


@lru_cache(_LATELY)  # guard and vault ask for the same one three times, a moment apart
def ask_digest(look: Look, principal: str, person: str) -> bytes:
    """SHA-256 over `look` with the two pseudonyms in place of its identifiers, 32 bytes."""
    asked = {**_exact(look, principal, person), "app": look.app, "look": look.look_id}
    if look.caller is not None:
        asked["caller"] = look.caller.json()
    return hashlib.sha256(_ASK + canonical(asked)).digest()


def exact_digest(look: Look, principal: str, person: str) -> bytes:
    """What an approval is bound to, 32 bytes: who asks for whom, which fields how exactly, how, for what, under which case."""
    return hashlib.sha256(_EXACT + canonical(_exact(look, principal, person))).digest()


def _exact(look: Look, principal: str, person: str) -> dict[str, Json]:
    asked: dict[str, Json] = {
        "case": look.case,
        "fields": [{"field": str(a.field), "detail": a.detail} for a in sorted(look.asked)],
        "mode": str(look.mode),
        "person": person,
        "principal": principal,
        "purpose": look.purpose,
    }
    # Left out where it is not so: digests were made before it was there, and stay what they are.
    if look.break_glass:
        asked["break_glass"] = True
    return asked
