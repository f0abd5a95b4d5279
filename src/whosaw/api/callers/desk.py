# SPDX-License-Identifier: Apache-2.0
"""Who may ask is changed here, and nowhere else: a record first, the effect second.

    whosaw caller …  ─▶ add · rotate · remove ─┐
    [[caller]]       ─▶ settle, at each start ─┴─▶ record, durable ─▶ table ─▶ the next request knows it

A folder that a gate has open is closed to commands. What they wish the gate does: by the same functions, with the same record.

What was removed by a command stays removed, even where whosaw.toml still names it, until its table there changes.

Invariant: nobody is admitted whose registration is not on record. A crash between the two leaves a record without effect;
the same command again finds it and brings it into force.                                        Use: docs/callers.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whosaw.api.callers.record import Event, change_body
from whosaw.api.callers.registered import Registered, parse_row
from whosaw.api.callers.rows import COMMAND, SETTINGS, CallerRows, Row
from whosaw.errors import BadInput, Busy, IdempotencyConflict, NotCanonical
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Json, Stream, canonical
from whosaw.settings.callers import check_apart, known_issuers

JOURNAL_CALLER = "callers"
_TRIES = 8


class Journal(Protocol):
    """The log, as far as a change needs it."""

    def submit(self, submission: Submission) -> Recorded: ...
    def find(self, caller: str, key: str) -> Recorded | None: ...


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that is in force, and the leaf of its record; None where nothing changed."""

    name: str
    leaf: int | None


@dataclass(frozen=True, slots=True)
class Desk:
    """`purposes`, `issuers`: those that there are. `by`, everywhere: a principal's pseudonym."""

    rows: CallerRows
    journal: Journal
    purposes: frozenset[str]
    issuers: frozenset[str]
    clock: Callable[[], datetime]

    def live(self) -> tuple[Registered, ...]:
        """Everybody who is registered now. Raises Damaged, Unavailable."""
        return tuple(parse_row(row.said, row.name) for row in self.rows.live())

    def add(self, made: Registered, by: str) -> Changed:
        """Admit a tool from now on. Raises BadInput, Misconfigured, and has then changed nothing."""
        number, live = self.rows.state()
        if any(row.name == made.name for row in live):
            raise BadInput(
                "a caller of this name is registered", where=made.name, hint="remove it first, or take another name"
            )
        self._fits(made, live)
        return self._change("added", number, made.name, COMMAND, made=made, by=by)

    def rotate(self, name: str, pin: str, until: str, by: str) -> Changed:
        """Admit one more key of a tool; its others end at `until`."""
        number, live = self.rows.state()
        row = _named(live, name)
        made = parse_row(row.said, name).rotated(pin, until, self.clock())
        self._fits(made, [other for other in live if other.name != name])
        return self._change("rotated", number, name, row.origin, made=made, by=by)

    def remove(self, name: str, by: str) -> Changed:
        """Refuse a tool from now on."""
        number, live = self.rows.state()
        return self._change("removed", number, name, _named(live, name).origin, made=None, by=by)

    def settle(self, said: Sequence[Registered]) -> tuple[list[Changed], list[str]]:
        """Bring the tables [[caller]] into force: what changed there since the last start. Returns the changes, and the
        names of those that a command had removed and that stay so.
        """
        done: list[Changed] = []
        for _ in range(_TRIES):
            try:
                return done, self._settle(said, done)
            except Busy:
                continue  # another gate of this log starts, or a command came between: what is left is compared anew
        return done, self._settle(said, done)

    def _settle(self, said: Sequence[Registered], done: list[Changed]) -> list[str]:
        stay: list[str] = []
        wanted = {made.name: made for made in said}
        for row in self.rows.live():
            if row.origin == SETTINGS and row.name not in wanted:
                number, _ = self.rows.state()
                done.append(self._change("removed", number, row.name, SETTINGS, made=None, by=None))
        for made in said:
            number, live = self.rows.state()
            others = [row for row in live if row.name != made.name]
            if any(row.name == made.name and row.origin == COMMAND for row in live):
                raise BadInput(
                    "a command registered a caller of this name",
                    where=f"[[caller]] {made.name}",
                    hint=f"whosaw caller remove {made.name} --by ID, or take it out of whosaw.toml",
                )
            known = any(row.name == made.name for row in live)
            if self.rows.settled(made.name) == made.digest:
                # Not: different from the row. A key that a command rotated would be taken back at the next start.
                stay += [] if known else [made.name]
                continue
            self._fits(made, others)
            done.append(self._change("changed" if known else "added", number, made.name, SETTINGS, made=made, by=None))
        return stay

    # ── a change ──

    def _fits(self, made: Registered, others: Sequence[Row]) -> None:
        if unknown := sorted(set(made.said.purposes) - self.purposes):
            raise BadInput(
                f"there is no purpose {unknown[0]!r}",
                where=made.name,
                hint="docs/reference.md lists them, purposes.toml defines them",
            )
        known_issuers(made.said, self.issuers)
        check_apart([made.said, *(parse_row(row.said, row.name).said for row in others)])

    def _change(
        self, event: Event, number: int, name: str, origin: str, *, made: Registered | None, by: str | None
    ) -> Changed:
        # The key is made of the state before and of the whole change: a retry after a crash finds its own record, and
        # another change in its place, or somebody else's order, finds none.
        exactly = canonical([event, name, by, None if made is None else made.digest.hex()])
        key = f"{number + 1}-{hashlib.sha256(exactly).hexdigest()[:32]}"
        body = change_body(event, name, origin, made=made, principal=by, at=self.clock())
        leaf = self._recorded(key, body)
        said = None if made is None else made.encode()
        self.rows.change(number, name, origin, said, ordered=by is not None, clock=self.clock)
        return Changed(name, leaf)

    def _recorded(self, key: str, body: bytes) -> int:
        found = self.journal.find(JOURNAL_CALLER, key)
        if found is None:
            try:
                found = self.journal.submit(Submission(JOURNAL_CALLER, key, (Record(Stream.named("admin"), body),)))
            except IdempotencyConflict:
                # Another process records the same change at this moment, with another time in the body.
                found = self.journal.find(JOURNAL_CALLER, key)
                if found is None:
                    raise
        return found.leaves[-1].index


def do(desk: Desk, said: Json) -> Changed:
    """Do what a command says, in the folder that it opened or in the gate's."""
    match said:
        case {"what": "add", "said": str(made), "by": str(by)}:
            return desk.add(Registered.parse(made.encode()), by)
        case {"what": "rotate", "name": str(name), "pin": str(pin), "until": str(until), "by": str(by)}:
            return desk.rotate(name, pin, until, by)
        case {"what": "remove", "name": str(name), "by": str(by)}:
            return desk.remove(name, by)
    raise NotCanonical("not a wish", where="wish")


def _named(live: Sequence[Row], name: str) -> Row:
    for row in live:
        if row.name == name:
            return row
    raise BadInput("no caller of this name is registered", where=name, hint="whosaw caller list")
