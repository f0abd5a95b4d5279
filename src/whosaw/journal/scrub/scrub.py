# SPDX-License-Identifier: Apache-2.0
"""The scrub: checks 1 to 3 all the time, at a low rate, from the disk. Once around in a week.

    look 0 ─▶ look 1 ─▶ … ─▶ the last bundle ─▶ the map log's ─▶ round over: a report ─▶ again from 0
       256 leaves each, up to the head that is published when it comes by
       └─ private/scrub.json: where it is, what it found      a new process goes on there

One flipped bit in one leaf hash ended a large log for ever in 2022, because it was found after it had been built upon.

Invariant: it reads, and writes nothing but where it is and what it found. Damage is named, and left for somebody to see.
                                                                          Specification: docs/spec/operator.md §4
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from whosaw.errors import NotCanonical
from whosaw.journal.fsck.findings import Fault, Finding
from whosaw.journal.heads import CHECKPOINT, MAP, Signers, opened
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.recover import no_journal
from whosaw.journal.scrub import reports
from whosaw.journal.scrub.frames import ScrubbedFrames
from whosaw.journal.scrub.look import Look
from whosaw.journal.segment import Frame
from whosaw.journal.under import Under
from whosaw.model.record import Json, Kind, canonical, parse_json, parse_time, time_text
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.tile import FULL, Bundle
from whosaw.verify.shape import list_of, number, object_of, text

STATE = "scrub.json"
PERIOD = timedelta(days=7)
NAMED = 20  # findings that a report names; the rest is a count
_LIMIT = 1024 * 1024
_SAVE = 64  # looks between two notes of where it is


@dataclass(frozen=True, slots=True)
class Round:
    """One way around. `next`: the bundle whose turn it is, of the log and then of the map log. `ended`: None while it goes on."""

    began: datetime
    next: int = 0
    leaves: int = 0
    files: int = 0
    octets: int = 0
    damaged: int = 0
    found: tuple[tuple[str, str], ...] = ()
    ended: datetime | None = None

    def json(self) -> dict[str, Json]:
        return {
            "began": time_text(self.began),
            "next": self.next,
            "leaves": self.leaves,
            "files": self.files,
            "bytes": self.octets,
            "damaged": self.damaged,
            "found": [{"where": where, "what": what} for where, what in self.found],
            "ended": None if self.ended is None else time_text(self.ended),
        }

    @classmethod
    def of(cls, given: Json, where: str) -> Round:
        """The round that `json` spelled. Raises NotCanonical."""
        names = ("began", "next", "leaves", "files", "bytes", "damaged", "found", "ended")
        row = object_of(given, names, where)
        found = [object_of(each, ("where", "what"), where) for each in list_of(row["found"], where)]
        return cls(
            parse_time(text(row["began"], where), where),
            next=number(row["next"], where),
            leaves=number(row["leaves"], where),
            files=number(row["files"], where),
            octets=number(row["bytes"], where),
            damaged=number(row["damaged"], where),
            found=tuple((text(each["where"], where), text(each["what"], where)) for each in found),
            ended=None if row["ended"] is None else parse_time(text(row["ended"], where), where),
        )


@dataclass(frozen=True, slots=True)
class Rounds:
    """`now`: the round that goes on. `last`: the one before it that came to its end."""

    now: Round
    last: Round | None = None

    def encode(self) -> bytes:
        last = None if self.last is None else self.last.json()
        return canonical({"v": 1, "kind": "scrub_state", "now": self.now.json(), "last": last})

    @classmethod
    def parse(cls, raw: bytes, where: str = STATE) -> Rounds:
        """What `encode` wrote. Raises NotCanonical."""
        given = object_of(parse_json(raw, where, _LIMIT), ("v", "kind", "now", "last"), where)
        if given["kind"] != "scrub_state" or number(given["v"], where) != 1:
            raise NotCanonical("not where a scrub is, version 1", where=where)
        last = None if given["last"] is None else Round.of(given["last"], where)
        return cls(Round.of(given["now"], where), last)


def rounds(private: Folder) -> Rounds | None:
    """Where the scrub is; None before the first look, and where that cannot be read: then it begins again."""
    raw = private.read(STATE)
    try:
        return None if raw is None else Rounds.parse(raw)
    except NotCanonical:
        return None


@dataclass(slots=True)
class Scrub:
    """The scrub of one log. For one thread at a time; beside whoever writes the log."""

    stores: Stores
    signers: Signers
    clock: Callable[[], datetime]
    at: Rounds = field(init=False)
    _frames: ScrubbedFrames | None = None
    _unsaved: int = 0

    def __post_init__(self) -> None:
        self.at = rounds(self.stores.private) or Rounds(Round(self.clock()))
        if self.at.now.ended is not None:
            self.at = Rounds(Round(self.clock()), self.at.now)

    def looks(self) -> int:
        """How many looks a round has, as of now."""
        return -(-self._head("", self.signers.keys()).size // FULL) + -(-self._map_size() // FULL)

    def step(self) -> list[Finding]:
        """The next look; what it found. Raises Damaged where the checkpoint itself is not ours, Unavailable."""
        head = self._head("", self.signers.keys())
        of_log, now = -(-head.size // FULL), self.at.now
        if now.next < of_log:
            look = self._log(head, now.next)
        elif (nth := now.next - of_log) < -(-self._map_size() // FULL):
            look = self._map(nth)
        else:
            self._end()
            return []
        found = tuple((finding.where, finding.what) for finding in look.found)
        leaves = look.bundle.width if now.next < of_log else 0
        self.at = replace(
            self.at,
            now=replace(
                now, next=now.next + 1, leaves=now.leaves + leaves, files=now.files + look.files,
                octets=now.octets + look.octets, damaged=now.damaged + len(found), found=(now.found + found)[:NAMED],
            ),
        )  # fmt: skip
        self._unsaved += 1
        if found or self._unsaved >= _SAVE:
            self.save()
        return look.found

    def save(self) -> None:
        """Note where it is. Losing the note costs reading some leaves twice."""
        self._unsaved = 0
        self.stores.private.replace(STATE, self.at.encode())

    def body(self, of: Round) -> dict[str, Json]:
        """The record of a round, finished or with damage found."""
        made = of.json()
        del made["next"]
        return {"v": 1, "kind": str(Kind.SCRUB), "at": time_text(self.clock()), **made}

    # ── looks ──

    def _log(self, head: Checkpoint, nth: int) -> Look:
        bundle = Bundle(nth, min(FULL, head.size - nth * FULL))
        if self._frames is None or nth == 0:
            self._frames = ScrubbedFrames(self.stores)
        found: list[Finding] = []
        frames = self._frames.read(bundle.first, bundle.first + bundle.width, found)
        look = Look(self.stores.public, head, bundle, found=found)
        look.published(frames)
        covered = self.stores.labels.size()
        labels = {f.label: f.index for f in frames if isinstance(f, Frame) and f.index < covered}
        known = self.stores.labels.find(list(labels))
        wrong = sorted(index for label, index in labels.items() if known.get(label) != index)
        look.found += [
            Finding(Fault.LABELS, f"labels.db, index {i}", "its label is not there, or elsewhere") for i in wrong
        ]
        return look

    def _map(self, nth: int) -> Look:
        head = self._head(f"{MAP}/", self.signers.map_keys())
        look = Look(Under(self.stores.public, MAP), head, Bundle(nth, min(FULL, head.size - nth * FULL)), f"{MAP}/")
        look.published(())
        return look

    def _end(self) -> None:
        ended = replace(self.at.now, ended=self.clock())
        reports.keep(self.stores.private, self.body(ended))
        self.at = Rounds(Round(self.clock()), ended)
        self.save()

    def _head(self, prefix: str, keys: tuple[VerifierKey, ...]) -> Checkpoint:
        note = self.stores.public.read(f"{prefix}{CHECKPOINT}")
        if note is None:
            raise no_journal()
        return opened(note, keys, f"{prefix}{CHECKPOINT}")

    def _map_size(self) -> int:
        return self._head(f"{MAP}/", self.signers.map_keys()).size
