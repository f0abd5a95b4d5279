# SPDX-License-Identifier: Apache-2.0
"""A person's id has one spelling, or one person would be found under three names and two of them would hide a look.

integer   042 and +42 are 42           uuid   in lower case, with its hyphens
text      as it is                     text-ci   capitals or not, and one spelling of each letter: what such a tool's database compares
"""

from __future__ import annotations

import unicodedata
import uuid

from whosaw.collect.observed import identifier

TYPES = ("text", "text-ci", "integer", "uuid")


def spelled(value: str, kind: str) -> str | None:
    """The person that `value` names; None where it is not of the type `kind`."""
    if kind == "integer":
        digits = value.strip().removeprefix("+")
        return str(int(digits)) if digits.isascii() and digits.isdigit() and len(digits) <= 30 else None
    if kind == "uuid":
        try:
            return str(uuid.UUID(value)) if value.isascii() and len(value) <= 40 else None
        except ValueError:
            return None
    if kind == "text-ci" and identifier(value) is not None:
        # Canonical caseless matching of Unicode (chapter 3.13); folding can undo a composition, so it is composed last.
        value = unicodedata.normalize("NFC", unicodedata.normalize("NFD", value).casefold())
    return identifier(value)
