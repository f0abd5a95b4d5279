# SPDX-License-Identifier: Apache-2.0
"""Names and texts in SQL, quoted."""

from __future__ import annotations

from collections.abc import Iterable


def name(of: str) -> str:
    """A column or table."""
    return '"' + of.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """A list of texts."""
    return "[" + ", ".join(literal(text) for text in texts) + "]"
