# SPDX-License-Identifier: Apache-2.0
"""SQL as text: its shape without a value, and the query inside DECLARE, PREPARE, EXPLAIN.

    select ip from users where id = '42' -- Ann   ──shape──▶   SELECT ip FROM users WHERE id = ?text

Invariant: a shape holds keywords, punctuation, and words that we know beforehand; everything else is a mark. Blacking
out literals alone would not do: `AS "Ann Example"`, a comment, or a name given to a cursor carry what somebody typed.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from typing import Any

from whosaw.collect.observed import No
from whosaw.collect.sql_bounds import UNREADABLE
from whosaw.collect.sql_params import spaced, trusted
from whosaw.errors import MissingExtra

LIMIT = 64 * 1024
SHAPE_LIMIT = 2_000
_DEEP = 3  # DECLARE, PREPARE, EXPLAIN inside each other; each reads the rest of the text once more

# Functions that say how a value was shown. None of them can be a person.
KNOWN = frozenset({
    "count", "sum", "avg", "min", "max", "coalesce", "lower", "upper", "now", "row_to_json", "to_json", "to_jsonb",
    "json_agg", "jsonb_agg", "array_agg", "string_agg", "date_trunc", "md5", "substring", "length",
    "id", "text", "integer", "bigint", "uuid", "jsonb", "public",
})  # fmt: skip
_TEXTS = frozenset({
    "STRING", "HEREDOC_STRING", "RAW_STRING", "BYTE_STRING", "NATIONAL_STRING", "UNICODE_STRING", "HEX_STRING",
    "BIT_STRING",
})  # fmt: skip
EXPLAIN_ONLY = "EXPLAIN ONLY"
OPENERS = frozenset({"DECLARE", "PREPARE", "EXPLAIN", EXPLAIN_ONLY})


def tokens(text: str) -> list[Any] | No:
    """The tokens that sqlglot finds in `text`. Raises MissingExtra and nothing else."""
    dialect = postgres()
    try:
        found = list(dialect.tokenize(text))
        return found if trusted(found, text) else UNREADABLE
    except Exception:  # noqa: BLE001  somebody else's parser on hostile text: whatever it raises, it could not read it
        return UNREADABLE


def postgres() -> Any:
    """PostgreSQL as sqlglot knows it. Imported here, because only those who read SQL need it."""
    try:
        from sqlglot.dialects.dialect import Dialect
    except ModuleNotFoundError:
        raise MissingExtra("collect", "reading SQL in audit logs") from None
    # Its warnings quote the statement, and a statement is personal data: no log line of ours may hold it.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)
    return Dialect.get_or_raise("postgres")


def shape(text: str, known: Container[str]) -> str | None:
    """`text` with a mark for every value and every word that is not in `known`; None where it cannot be read."""
    return _shape(spaced(text), known, _DEEP) if len(text) <= LIMIT else None


def _shape(text: str, known: Container[str], deep: int) -> str | None:
    found = tokens(text)
    if isinstance(found, No):
        return None
    if found and str(found[0].text).upper() in OPENERS and not isinstance(begun := inner(text), No):
        rest = _shape(begun[1], known, deep - 1) if deep else None
        return None if rest is None else f"{begun[0].partition(' ')[0]} … {rest}"
    words: list[str] = []
    number_follows = False
    for token in found:
        kind = token.token_type.name
        word = str(token.text)
        if number_follows and kind == "NUMBER":
            words[-1] = f"${word}" if len(word) <= 5 else "?number"
        elif kind in _TEXTS:
            words.append("?text")
        elif kind == "NUMBER":
            words.append("?number")
        elif kind in ("VAR", "IDENTIFIER"):
            words.append(word if word in known else word.lower() if word.lower() in known else "?name")
        elif word.replace(" ", "").replace("_", "").isalpha():
            # A keyword for sqlglot may be a column's name for us: its text is from a closed list either way.
            words.append(word.lower() if word.lower() in known else word.upper())
        else:
            words.append(word if len(word) <= 3 and not any(c.isalnum() for c in word) else "?")
        number_follows = kind == "PARAMETER" and word == "$"
    made = " ".join(words)
    return made if len(made) <= SHAPE_LIMIT else made[:SHAPE_LIMIT] + " …"


def inner(text: str) -> tuple[str, str] | No:
    """How a statement begins (SELECT, DECLARE, …) and the query in it: for DECLARE, PREPARE, EXPLAIN what follows."""
    found = tokens(text)
    if isinstance(found, No):
        return found
    if not found:
        return UNREADABLE
    first = str(found[0].text).upper()
    if first not in OPENERS:
        return first, text
    # sqlglot takes the rest of such a command as one text; it is read again from there.
    start = found[0].end + 1
    rest = tokens(text[start:])
    if isinstance(rest, No):
        return rest
    at = {"DECLARE": _after_for, "PREPARE": _after_as, "EXPLAIN": _after_options}[first](rest)
    if at is None or at >= len(rest):
        return UNREADABLE
    if first == "EXPLAIN" and not any(_word(t).startswith("ANALY") for t in rest[:at]):
        first = EXPLAIN_ONLY
    return first, text[start + rest[at].start :]


def _word(token: Any) -> str:
    return str(token.text).upper()


def _after_for(rest: list[Any]) -> int | None:
    """DECLARE name … CURSOR … FOR query."""
    seen = False
    for n, token in enumerate(rest):
        seen = seen or _word(token) == "CURSOR"
        if seen and _word(token) == "FOR":
            return n + 1
    return None


def _after_as(rest: list[Any]) -> int | None:
    """PREPARE name (types) AS query."""
    depth = 0
    for n, token in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(str(token.text), 0)
        if n and depth == 0 and _word(token) == "AS":
            return n + 1
    return None


def _after_options(rest: list[Any]) -> int | None:
    """EXPLAIN (options) query, or EXPLAIN ANALYZE VERBOSE query."""
    if rest and str(rest[0].text) == "(":
        closing = [n for n, t in enumerate(rest) if str(t.text) == ")"]
        return closing[0] + 1 if closing else None
    n = 0
    while n < len(rest) and _word(rest[n]) in ("ANALYZE", "ANALYSE", "VERBOSE"):
        n += 1
    return n
