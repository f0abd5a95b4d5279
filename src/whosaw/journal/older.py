# SPDX-License-Identifier: Apache-2.0
"""Older heads with their index, for statements that all end some time before they are made.

    map log, once a minute ──▶ a head of the log, and the head of the map log whose last leaf is of it
                                 └──▶ private/older/<time>      the newest, and one in each 24th of the time
    a statement, at T ──▶ the newest that was kept at T − behind or before ──▶ the index of then, worked out again

The map log's newest heads are overtaken within minutes, and their notes are nowhere else: so pairs are kept. A pair holds
nothing that is not public. Which one is taken depends on the time, and never on who is asked about.

Invariant: no record that is younger than `behind` stands under the pair that is taken.
                                                                          Specification: docs/spec/statement.md §5
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.errors import Damaged, NotCanonical, Unavailable
from whosaw.journal.heads import CHECKPOINT
from whosaw.journal.ports import Folder
from whosaw.journal.receipts import milliseconds, moment
from whosaw.journal.state import Published
from whosaw.model.record import canonical, parse
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note

FOLDER = "older"
_NAME = re.compile(r"older/([0-9]{20})")
_LEAST, _PARTS = timedelta(minutes=1), 24


@dataclass(frozen=True, slots=True)
class Pair:
    """A head of the log, and the head of the map log whose last leaf is of it: both notes, with their cosignatures."""

    note: bytes = field(repr=False)
    map_note: bytes = field(repr=False)

    def encode(self) -> bytes:
        return canonical({"v": 1, "kind": "pair", "checkpoint": self.note.decode(), "map": self.map_note.decode()})

    @classmethod
    def parse(cls, raw: bytes, where: str) -> Pair:
        """The pair that `raw` spells; what it says is checked by whoever uses it. Raises Damaged."""
        try:
            said = parse(raw)
            made = cls(str(said["checkpoint"]).encode(), str(said["map"]).encode())
        except (NotCanonical, KeyError):
            made = None
        if made is None or made.encode() != raw:
            raise Damaged("not a pair of heads", where=where, hint="remove the file; newer ones follow")
        return made

    @property
    def size(self) -> int:
        return Checkpoint.parse(parse_note(self.note, CHECKPOINT).text).size


class Pairs:
    """The pairs that are kept in `private`. One process keeps them, any number may look."""

    __slots__ = ("_behind", "_private")

    def __init__(self, private: Folder, behind: timedelta) -> None:
        self._private, self._behind = private, behind

    def keep(self, at: datetime, of: Published, shown: Published) -> None:
        """Keep this pair, which is the newest one at `at`; and forget what nobody takes any more.

        Where the log did not grow, the pair of before gets the newer cosignatures.
        """
        pair, kept = Pair(of.note, shown.note), self._kept()
        if kept:
            name = kept[-1][1]
            raw = self._private.read(name) or b""
            if _size(raw, name) == of.size:
                if raw != pair.encode():
                    self._private.replace(name, pair.encode())
                return
        self._private.replace(f"{FOLDER}/{milliseconds(at):020d}", pair.encode())
        old = [name for when, name in kept if when <= at - self._behind]
        drop = old[:-1]
        # The newest one always stays: the log may be closed for days now. Behind it one in each part of the time is enough.
        if len(kept) > 1 and at - kept[-2][0] < max(_LEAST, self._behind / _PARTS):
            drop.append(kept[-1][1])
        for name in drop:
            self._private.delete(name)

    def newest(self, at: datetime) -> Pair:
        """The newest pair that was kept long enough before `at`. Raises Unavailable where there is none."""
        old = [name for when, name in self._kept() if when <= at - self._behind]
        if not old:
            raise Unavailable(
                f"no head is old enough yet: statements end {self._behind // timedelta(hours=1)} hours before they are made",
                part="statements",
                hint="heads are kept since `journal.statements_behind_h` was set; ask again when the first one is so old",
            )
        return Pair.parse(self._private.read(old[-1]) or b"", old[-1])

    def _kept(self) -> list[tuple[datetime, str]]:
        found = ((name, _NAME.fullmatch(name)) for name in self._private.names(FOLDER))
        return sorted((moment(int(match[1])), name) for name, match in found if match)


def _size(raw: bytes, name: str) -> int:
    """The size of the log in a pair; 0 for what is none, and is then replaced by time."""
    try:
        return Pair.parse(raw, name).size
    except (Damaged, NotCanonical):
        return 0
