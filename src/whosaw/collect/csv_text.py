# SPDX-License-Identifier: Apache-2.0
"""One record of comma-separated values, strictly: RFC 4180 quoting and nothing else.

    a,"b, ""c"" d",  ──parse──▶  a | b, "c" d (quoted) | nothing  ──render──▶  the same text

Python's own reader takes `a"b`, `"a"b` and an open quote at the end. An open quote is a record cut off, which a reader
must say and not take; so the parser is ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from whosaw.collect.observed import No

INCOMPLETE = "cut off: a quote is never closed"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. PostgreSQL writes null as nothing and the empty text as `""`, so `quoted` matters."""

    text: str = field(repr=False)
    quoted: bool = False


def parse(text: str) -> tuple[Cell, ...] | No:
    """The cells of one record."""
    cells: list[Cell] = []
    at = 0
    while True:
        if text.startswith('"', at):
            end = _closing(text, at + 1)
            if end < 0:
                return No(INCOMPLETE)
            cells.append(Cell(text[at + 1 : end].replace('""', '"'), quoted=True))
            at = end + 1
            if at < len(text) and text[at] != ",":
                return No("text after a closing quote")
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            if '"' in text[at:end]:
                return No("a quote inside a value that is not quoted")
            cells.append(Cell(text[at:end]))
            at = end
        if at == len(text):
            return tuple(cells)
        at += 1


def render(cells: Iterable[Cell]) -> str:
    """The text that `cells` were parsed from."""
    return ",".join('"' + c.text.replace('"', '""') + '"' if c.quoted else c.text for c in cells)


def _closing(text: str, at: int) -> int:
    while True:
        end = text.find('"', at)
        if end < 0 or not text.startswith('"', end + 1):
            return end
        at = end + 2
