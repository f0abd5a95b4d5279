# SPDX-License-Identifier: Apache-2.0
"""An errand: what a command does in an open house. In the folder if that is free; else by the gate that has it open.

    command ──said──▶ Errand.run ──free──▶ act(house, said) ──────────────────────────▶ Done ──▶ printed
                          └─────serving──▶ wish ──▶ the gate: act(its house, said) ──▶ Done ──▶ printed

What an act is told and what it returns are plain values, so that both ways are one. Files are read and written by the
command, for whoever typed it; the login is that of the command's process, too.

Invariant: an act does the same wherever it runs. Whatever it must know of who typed it, it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from whosaw.beside import wishing
from whosaw.cli import operator
from whosaw.cli.operator import NotTheirs, local
from whosaw.cli.options import opened
from whosaw.cli.output import Cell, Table
from whosaw.errors import Busy, NotCanonical
from whosaw.model.record import Json
from whosaw.wiring import House


@dataclass(frozen=True, slots=True)
class Given:
    """What an act is told. Each of these raises NotCanonical where it was told something else."""

    values: Mapping[str, Json] = field(repr=False)

    def text(self, name: str) -> str:
        return _of(str, self.values.get(name))

    def maybe(self, name: str) -> str | None:
        return None if self.values.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        return _of(int, self.values.get(name))

    def flag(self, name: str) -> bool:
        return _of(bool, self.values.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(_of(str, each) for each in _of(list, self.values.get(name)))


@dataclass(frozen=True, slots=True)
class Done:
    """What a command prints, and its exit code. `besides`: what it needs, and does not print."""

    table: Table
    code: int = 0
    besides: Mapping[str, Json] = field(default_factory=dict, repr=False)


_T = TypeVar("_T")
Act = Callable[[House, Given], Done]


@dataclass(frozen=True, slots=True)
class Errand:
    """`name`: the words of the command."""

    name: str
    act: Act

    def run(self, data: Path, said: Mapping[str, Json]) -> Done:
        """Do it, here or by the gate. Raises what the act raises, wherever it ran."""
        told = {**said, "login": operator.login()}
        with ExitStack() as open_:
            try:
                here = open_.enter_context(opened(data))
            except Busy:
                pass  # not what the act raises: that is its answer
            else:
                return self.act(here, Given(told))
        with wishing(data) as wishes:
            return _done(wishes.wished(self.name, told))

    def doer(self, here: House) -> Callable[[Json], Json]:
        """What a gate does when this is wished."""

        def do(said: Json) -> Json:
            if not isinstance(said, dict):
                raise NotCanonical("not an errand", where="wish")
            try:
                return _encoded(self.act(here, Given(said)))
            except NotTheirs as no:
                return {"not_theirs": no.leaf}

        return do


def typed_by(here: House, said: Given) -> str:
    """The staff id of whoever asks, as it was typed. Raises NotTheirs, on record."""
    local(here, said.text("asker"), said.text("login"))
    return said.text("asker")


# ── what is done, as plain values ──


def _encoded(done: Done) -> Json:
    table = done.table
    return {
        "sentence": table.sentence,
        "columns": list(table.columns),
        "rows": [_pairs(row) for row in table.rows],
        "facts": None if table.facts is None else _pairs(table.facts),
        "after": list(table.after),
        "code": done.code,
        "besides": dict(done.besides),
    }


def _done(raw: Json) -> Done:
    match raw:
        case {"not_theirs": int(leaf)}:
            raise NotTheirs(leaf)
        case {
            "sentence": str(sentence), "columns": list(columns), "rows": list(rows), "facts": facts, "after": list(after),
            "code": int(code), "besides": dict(besides),
        }:  # fmt: skip
            table = Table(
                sentence,
                tuple(_of(str, each) for each in columns),
                tuple(_cells(row) for row in rows),
                None if facts is None else _cells(facts),
                tuple(_of(str, each) for each in after),
            )
            return Done(table, code, besides)
    raise NotCanonical("not what a gate answers", where="answer")


def _pairs(cells: Mapping[str, Cell]) -> Json:
    # Pairs, because names of columns have spaces, and keys of records have none.
    return [[name, cell if cell is None or isinstance(cell, str | int) else list(cell)] for name, cell in cells.items()]


def _cells(pairs: Json) -> Mapping[str, Cell]:
    cells: dict[str, Cell] = {}
    for pair in _of(list, pairs):
        match pair:
            case [str(name), None | str() | int() as cell]:
                cells[name] = cell
            case [str(name), list(texts)]:
                cells[name] = [_of(str, each) for each in texts]
            case _:
                raise NotCanonical("not what a gate answers", where="answer")
    return cells


def _of(kind: type[_T], value: object) -> _T:
    if type(value) is not kind:
        raise NotCanonical("something else was expected here", where="wish")
    return value
