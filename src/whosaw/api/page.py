# SPDX-License-Identifier: Apache-2.0
"""Parts of a long answer: a token says where the next one begins, and of which question.

    token = base64url( SHA-256 of the question, first 16 bytes ‖ place, 4 bytes )

Invariant: a token opens nothing. It goes on in the same question, asked anew; for another one it is refused.
"""

from __future__ import annotations

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whosaw.api.question import Page
from whosaw.errors import BadInput

MOST = 100


@dataclass(frozen=True, slots=True)
class Part:
    """What one answer holds."""

    results: list[Any]
    page: dict[str, Any]


def part_of(found: Sequence[Any], page: Page | None, question: dict[str, Any]) -> Part:
    """The part of `found` that `page` asks for; `question`: the body without its page. Raises BadInput."""
    asked = page or Page()
    name = _digest(question)
    start = _place(asked.token, name) if asked.token else 0
    end = start + (MOST if asked.limit is None else min(asked.limit, MOST))
    results = list(found[start:end])
    token = urlsafe_b64encode(name + min(end, len(found)).to_bytes(4, "big")).decode() if end < len(found) else ""
    return Part(results, {"next_token": token, "count": len(results), "total": len(found)})


def _place(token: str, name: bytes) -> int:
    try:
        raw = urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 20 or urlsafe_b64encode(raw).decode() != token or raw[:16] != name:
        raise BadInput("no token of this question", where="page.token")
    return int.from_bytes(raw[16:], "big")


def _digest(question: dict[str, Any]) -> bytes:
    text = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"whosaw/page/v1" + text.encode()).digest()[:16]
