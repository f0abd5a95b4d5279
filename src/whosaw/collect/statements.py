# SPDX-License-Identifier: Apache-2.0
"""Statements understood once: the same text comes thousands of times, with other parameters.

Invariant: the cache is bounded and is asked by the text alone, so an answer never depends on whose statement it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from whosaw.collect import sql, sql_text
from whosaw.collect.columns import Columns, Watched
from whosaw.collect.observed import No
from whosaw.collect.sql import Statement

_KEPT = 1_024


class Statements:
    """Reads SQL for one map."""

    def __init__(self, watched: Watched) -> None:
        known: dict[str, set[str]] = {}
        for table in watched.tables:
            known.setdefault(table.table, set()).update(table.columns, [table.key] if table.key else [])
        self._watched = watched
        self._known: Mapping[str, frozenset[str]] = {name: frozenset(columns) for name, columns in known.items()}
        words = {w for name, columns in known.items() for w in (name, *columns)}
        self._words = sql_text.KNOWN | words | {t.schema for t in watched.tables}
        self._read: OrderedDict[str, Statement | No] = OrderedDict()

    def read(self, text: str) -> Statement | No:
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = sql.read(text, self._known)
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return found

    def shape(self, text: str) -> str | None:
        return sql_text.shape(text, self._words)

    def tables(self, database: str | None, text: str) -> tuple[Columns, ...] | No:
        """The watched tables that a statement names, each once."""
        found = self.read(text)
        if isinstance(found, No):
            return found
        meant = [t for use in found.uses for t in self._watched.meant(database, use.schema, use.table)]
        return tuple(t for t in self._watched.tables if t in meant)
