# SPDX-License-Identifier: Apache-2.0
"""A watch that goes on: every so often once more, until SIGTERM or SIGINT; only what is new is printed.

    once ──▶ Done ──a finding, or its state, that was not so before──▶ one line       ──wait──▶ once …
      └ busy, down, damaged: said once, and tried again ──▶ readable again: said

The data folder is open only while it is watched, so that between two watches others may write. A first signal lets the watch
that is running end and be told; a second one ends it at once, and what it leaves is whole.

Invariant: a line is printed once, for as long as nothing of it changes; the exit code is that of the last watch.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, current_thread, main_thread
from types import FrameType

import click

from whosaw.cli.errand import Done
from whosaw.cli.options import say
from whosaw.cli.output import REFUSED, Cell, Table
from whosaw.errors import (
    EXIT,
    BadInput,
    Busy,
    MissingExtra,
    OutcomeUnknown,
    Unavailable,
    WhosawError,
)
from whosaw.verify.words import counted

FORMS = ("table", "json", "jsonl")
_MAY_PASS = (Busy, Unavailable, OutcomeUnknown)  # also before anything was ever read
_NEVER = (BadInput, MissingExtra)
# What makes a line of a finding new. Its score moves a little with every look of everybody else.
_NEWS = ("state", "resolution", "last", "principals", "persons", "looks", "goes to")
Line = Mapping[str, Cell]
# A watch may find nothing for weeks, and a terminal that says nothing looks like one that hangs. Machines need no such word.
_AT_FIRST = (
    "Watching, now and {every} after each watch. A line comes where a finding is new or has changed, or where the journal "
    "cannot be read; until then nothing. Ctrl-C ends it."
)


@dataclass(slots=True)
class Followed:
    """What was told so far. `rows`: of each finding what was last told of it; `silent`: why nothing can be read, told already."""

    rows: dict[str, Line] = field(default_factory=dict)
    read: bool = False
    silent: str | None = None
    code: int = 0

    def take(self, done: Done) -> list[Line]:
        """What is new of a watch. A finding that a rule hides or that has grown old is forgotten, and new if it comes back."""
        lines: list[Line] = []
        if self.silent is not None:
            lines.append({"event": "readable"})
        rows: dict[str, Line] = {str(row["finding"]): row for row in done.table.rows}
        lines += [
            {"event": "finding", **{name: cell for name, cell in row.items() if name != "new"}}
            for id_, row in rows.items()
            if id_ not in self.rows or any(self.rows[id_].get(name) != row.get(name) for name in _NEWS)
        ]
        self.rows, self.read, self.silent, self.code = rows, True, None, done.code
        return lines

    def fail(self, error: WhosawError) -> list[Line]:
        """That it could not be read, once for each reason. Raises `error` where waiting cannot mend it."""
        if isinstance(error, _NEVER) or not (self.read or isinstance(error, _MAY_PASS)):
            raise error
        told, self.silent, self.code = self.silent, str(error), EXIT[type(error)]
        return [] if told == self.silent else [{"event": "unreadable", "error": str(error), "hint": error.hint}]


def follow_(once: Callable[[], Done], every: float, form: str) -> int:
    """Watch `once` every so many seconds until told to stop; the exit code of the last one."""
    if form == "table":
        click.echo(_AT_FIRST.format(every=counted(round(every), "second")), err=True)
    stop, far = Event(), Followed()
    with _until(stop):
        while not stop.is_set():
            try:
                done = once()
            except WhosawError as error:
                lines = far.fail(error)
            else:
                if done.code == REFUSED:
                    say(done.table, form)
                    return REFUSED
                lines = far.take(done)
            for line in lines:
                _print(line, form)
            stop.wait(every)
    return far.code


@contextmanager
def _until(stop: Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; the second of them does what it always does."""
    if current_thread() is not main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for each, was in before.items():
            signal.signal(each, was)

    for each in before:
        signal.signal(each, told)
    try:
        yield
    finally:
        for each, was in before.items():
            signal.signal(each, was)


def _print(line: Line, form: str) -> None:
    at = datetime.now(UTC)
    if form != "table":
        say(Table("", rows=({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", **line},)), "jsonl")
        return
    say(Table(f"{at:%H:%M:%S} {_words(line)}"), form)


def _words(line: Line) -> str:
    match line["event"]:
        case "readable":
            return "The journal can be read again."
        case "unreadable":
            return f"The journal cannot be read: {line['error']}. It is tried again."
        case _:
            said = line.get("sentence") or f"goes to {line.get('goes to')}"
            return f"{line['finding']} ({line['state']}): {said}"
