# SPDX-License-Identifier: Apache-2.0
"""How much of a statement is read at all: counted, never timed.

    tokens ──▶ too many, too deep, too many queries?  ──▶ TOO_MUCH
           ──▶ parser, each step counted              ──▶ trees, or TOO_MUCH where it goes back again and again

One statement of 179 bytes (`array[array[array[…`) keeps sqlglot's parser busy for years: each bracket is tried as a type,
then as a value, and so is all that stands in it. `varchar(varchar(…` and `struct(struct(…` do the same, so brackets alone
are no measure. What counts is how often the parser steps: about once for each token of an honest statement.

Invariant: the same text is always read or always too much, on any machine. Whoever runs a statement chooses its text, so
a statement that is too much counts as everything it may have shown, and is never passed over.      Decided in: docs/adr/0031
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from whosaw.collect.observed import No
from whosaw.collect.sql_params import trusted

UNREADABLE = No("a statement that could not be read")
TOO_MUCH = No("a statement too long or too deep to be read")
WORDS = 3_000  # tokens that are no value and no comma: a list of ten thousand keys is one list
QUERIES = 100  # SELECTs and JOINs
DEPTH = 60
STEPS = 8  # of the parser, for each token
SOURCES = 100  # tables and subqueries in all FROMs
EQUALITIES = 20_000
_CHEAP = frozenset({"NUMBER", "STRING", "COMMA", "PARAMETER"})
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


class Exhausted(Exception):
    """Read on, and it would take too long. Never leaves this package."""


def bounded(tokens: list[Any]) -> bool:
    """Whether there are few enough tokens, queries, and brackets inside brackets."""
    words = queries = depth = 0
    for token in tokens:
        kind, text = token.token_type.name, str(token.text)
        words += kind not in _CHEAP
        queries += kind in ("SELECT", "JOIN")
        depth += (text in _OPEN) - (text in _CLOSE)
        if words > WORDS or queries > QUERIES or depth > DEPTH:
            return False
    return True


def trees(dialect: Any, text: str) -> list[Any] | No:
    """What `text` spells, a tree for each statement. Raises whatever sqlglot raises."""
    tokens = list(dialect.tokenize(text))
    if not trusted(tokens, text):
        return UNREADABLE
    if not bounded(tokens):
        return TOO_MUCH
    parser = _counting(dialect.parser_class)(dialect=dialect)
    parser.left = STEPS * len(tokens) + 1_000
    try:
        return [tree for tree in parser.parse(tokens, text) if tree is not None]
    except Exhausted:
        return TOO_MUCH


@lru_cache(maxsize=4)
def _counting(parser_class: Any) -> Any:
    class Counting(parser_class):  # type: ignore[misc]
        """sqlglot's parser, which stops where it has gone forth and back too often."""

        left = 0

        def _advance(self, times: int = 1) -> None:
            self.left -= 1
            # None of sqlglot's own errors: those it catches itself, to try something else.
            if self.left < 0:
                raise Exhausted
            super()._advance(times)

    return Counting
