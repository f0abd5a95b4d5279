# SPDX-License-Identifier: Apache-2.0
"""Expressions to SQL, each shape once in a process: writing SQL takes longer than a small company's data takes to answer.

    expression ──shape──▶ known?  ── yes ──▶ its text, with the names of tables and the instants of this one put in
                                  └─ no ───▶ compiled with marks in their place, kept, and then the same

Two expressions have one shape if they differ in nothing but how their tables are called and in large whole numbers, which
are instants: so tomorrow's watch has the shapes of today's.

Invariant: the text is what compiling the expression itself gives (columns that are left out stand in no order, then as
now); what has no shape is compiled itself.
                                                                                        Design: docs/adr/0166
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any

from whosaw.facts.extra import need

# A whole number from here on is an instant, or lies a window before one; whatever else is counted stays below.
INSTANT = 10**12
# Shapes that a process remembers; a watch has about a hundred.
MOST = 512

# Marks that nobody can write into an identifier of a dataset, because they are other ones in each process.
_SALT = secrets.randbelow(10**12)
_FIRST = 9_000_000_000_000_000_000 + _SALT * 1_000
_MARKS = 1_000
_TABLE = f"table {_SALT:012d} "
_MARK = re.compile(rf"""(?P<quote>["`]){_TABLE}(?P<table>\d+)["`]|\b{_FIRST // 1_000}(?P<number>\d{{3}})\b""")


class Compiler:
    """The texts of one engine."""

    def __init__(self) -> None:
        self._texts: OrderedDict[Any, tuple[Any, ...]] = OrderedDict()
        self._lock = Lock()

    def sql(self, expr: Any, compile_: Callable[[Any], str]) -> str:
        """What `compile_(expr)` is. `compile_`: the engine's own way from an expression to its text."""
        op = expr.op()
        shape = _Shape()
        if not shape.take(op):
            return compile_(expr)
        key = shape.key()
        with self._lock:
            text = self._texts.get(key)
            if text is not None:
                self._texts.move_to_end(key)
        if text is None:
            text = _pieces(compile_(op.replace(shape.marks()).to_expr()))
            with self._lock:
                self._texts[key] = text
                if len(self._texts) > MOST:
                    self._texts.popitem(last=False)
        return shape.filled(text)


def _pieces(text: str) -> tuple[Any, ...]:
    """The text in pieces, and between them what is to be put in: (quote, place of a table) or ("", place of an instant)."""
    found: list[Any] = []
    end = 0
    for match in _MARK.finditer(text):
        found.append(text[end : match.start()])
        quote = match["quote"]
        found.append(("", int(match["number"])) if quote is None else (quote, int(match["table"])))
        end = match.end()
    return (*found, text[end:])


class _Shape:
    """One expression, taken apart from below: each node is told by its class and by the numbers of what it is made of."""

    def __init__(self) -> None:
        ops = need("ibis.expr.operations", "watching")
        self._node, self._table, self._literal, self._reference = (
            ops.Node,
            ops.DatabaseTable,
            ops.Literal,
            ops.Reference,
        )
        self._physical = ops.PhysicalTable
        self._numbers: dict[Any, int] = {}
        self._places: dict[int, int] = {}
        self.tables: dict[str, int] = {}
        self.instants: dict[int, int] = {}
        self._references: dict[int, int] = {}
        self._marked: dict[Any, Any] = {}

    def take(self, op: Any) -> bool:
        """False for what has no shape: tables that live in this process, or more instants than there are marks."""
        rest = [op]
        while rest:
            node = rest[-1]
            if id(node) in self._places:
                rest.pop()
                continue
            below = [each for each in self._below(node.__args__) if id(each) not in self._places]
            if below:
                rest.extend(below)
                continue
            rest.pop()
            if isinstance(node, self._physical) and type(node) is not self._table:
                return False
            token = self._token(node)
            self._places[id(node)] = self._numbers.setdefault(token, len(self._numbers))
        return len(self.instants) < _MARKS and all(abs(value) < _FIRST for value in self.instants)

    def key(self) -> Any:
        return tuple(self._numbers)

    def marks(self) -> dict[Any, Any]:
        """Each table and instant, and the mark that stands for it while compiling."""
        return {node: make() for node, make in self._marked.items()}

    def filled(self, text: tuple[Any, ...]) -> str:
        tables, instants = list(self.tables), list(self.instants)

        def put(quote: str, place: int) -> str:
            return quote + tables[place].replace(quote, quote * 2) + quote if quote else str(instants[place])

        return "".join(piece if type(piece) is str else put(*piece) for piece in text)

    def _below(self, value: Any) -> Iterator[Any]:
        if isinstance(value, self._node):
            yield value
        elif isinstance(value, tuple):
            for each in value:
                yield from self._below(each)
        elif isinstance(value, Mapping):
            for each in value.values():
                yield from self._below(each)

    def _token(self, node: Any) -> Any:
        kind = type(node)
        if kind is self._table:
            place = self.tables.setdefault(node.name, len(self.tables))
            self._marked[node] = lambda: node.copy(name=f"{_TABLE}{place}")
            return kind, place, node.schema, node.namespace
        if kind is self._literal and type(node.value) is int and node.value >= INSTANT and node.dtype.is_int64():
            at = self.instants.setdefault(node.value, len(self.instants))
            self._marked[node] = lambda: node.copy(value=_FIRST + at)
            return kind, "instant", at, node.dtype
        if isinstance(node, self._reference):
            # Numbered through the whole process, and so other ones each time.
            which = self._references.setdefault(node.identifier, len(self._references))
            return kind, self._part(node.parent), which
        return kind, self._part(node.__args__)

    def _part(self, value: Any) -> Any:
        if isinstance(value, self._node):
            return self._places[id(value)]
        if isinstance(value, tuple):
            return tuple(self._part(each) for each in value)
        if isinstance(value, Mapping):
            return tuple((name, self._part(each)) for name, each in value.items())
        # 1, 1.0 and True are equal and are not the same.
        return type(value), value
