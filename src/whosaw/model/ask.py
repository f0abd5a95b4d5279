# SPDX-License-Identifier: Apache-2.0
"""The digest of exactly what was asked: it ties a recorded look to the one request that it answers.

    Look ──guard──▶ ask_digest ──▶ LookBody.ask ──journal──▶ receipt
      └───────────▶ ask_digest ──────────────────── vault ──────▶ equal, or nothing opens

Invariant: two requests that differ in anything that was asked (look id, principal, person, fields, detail, purpose,
case, mode, app) have two digests. The look id is in it on purpose: without it one receipt would open the same values
for every later look that asks the same. The idempotency key is not: it belongs to the receipt.
                                                                        Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import hashlib

from whosaw.model.access import Look
from whosaw.model.record import canonical

_DOMAIN = b"whosaw/ask/v1"


def ask_digest(look: Look, principal: str, person: str) -> bytes:
    """SHA-256 over `look` with the two pseudonyms in place of its identifiers, 32 bytes."""
    asked = canonical(
        {
            "app": look.app,
            "case": look.case,
            "fields": [{"field": str(a.field), "detail": a.detail} for a in sorted(look.asked)],
            "look": look.look_id,
            "mode": str(look.mode),
            "person": person,
            "principal": principal,
            "purpose": look.purpose,
        }
    )
    return hashlib.sha256(_DOMAIN + asked).digest()
