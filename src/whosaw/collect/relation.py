# SPDX-License-Identifier: Apache-2.0
"""Names of tables and views, as PostgreSQL writes them: each part bare, or quoted where it must be.

    public.users                ──parse──▶   ("public", "users")
    public."Case Notes"         ──parse──▶   ("public", "Case Notes")     ──spelled──▶   the same text

Maps and pgAudit's records are compared by what a name means and never by its spelling: PostgreSQL also quotes words that
are reserved today (`public."user"`), and which those are changes with its version.
"""

from __future__ import annotations

import re

_PART = re.compile(r'([a-z_][a-z0-9_$]*)|"((?:[^"]|"")+)"')
_BARE = re.compile(r"[a-z_][a-z0-9_]*")


def parse(text: str) -> tuple[str, str] | None:
    """(schema, name), or None where `text` is not a name with its schema. A bare part has no capitals: those fold."""
    first = _PART.match(text)
    if first is None or not text.startswith(".", first.end()):
        return None
    second = _PART.fullmatch(text, first.end() + 1)
    return None if second is None else (_meant(first), _meant(second))


def spelled(schema: str, name: str) -> str:
    """The one spelling that is ours: bare where no quotes are needed to read it."""
    return ".".join(p if _BARE.fullmatch(p) else '"' + p.replace('"', '""') + '"' for p in (schema, name))


def _meant(part: re.Match[str]) -> str:
    return part[1] or part[2].replace('""', '"')
