# SPDX-License-Identifier: Apache-2.0
"""Check 6: streams without gaps, and three tables that must say what the frames say.

    frame ──▶ i follows on in its stream      ──at the end──▶  positions in the head       exactly these
          ├─▶ its submission is complete                   ──▶  idempotency rows            exactly these
          ├─▶ the label table finds it where it stands     ──▶  as many labels as leaves
          └─▶ with keys: label_i is what its stream's key makes, and i = 0 enrols exactly that key

Every leaf is the genesis, an enrolment, label_i of an enrolled stream or erased on record; with gaps excluded, no stream
misses a leaf. Of an erased one there is its label, in its leaf. What an erasure is at while we look is nobody's gap.

Invariant: keys and tables are read after the head was pinned. What is below it is in them then, whoever goes on
writing; so what is missing is missing.                                       Specification: docs/spec/leaf.md
"""

from __future__ import annotations

from whosaw.journal.core import CALLER
from whosaw.journal.fsck.findings import Fault, Report
from whosaw.journal.fsck.head import HEAD_DB, Pinned
from whosaw.journal.place import enrolment, following, is_rekey, label_of, rekey_body, split
from whosaw.journal.ports import Head, Labels, StreamKey, StreamKeys
from whosaw.journal.segment import AnyFrame, Frame
from whosaw.tlog.receipt import idem
from whosaw.tlog.spelling import HASH

LABELS_DB = "labels.db"
_NO_STREAM = bytes(16)
_AT_ONCE = 500
_DAY_MS = 24 * 3_600 * 1_000  # a clock may be set back between a record and its head: no second's matter
_ENROLS = b'"kind":"enrol"'


class Census:
    """What the frames say, counted one by one; `close` holds the tables against it."""

    __slots__ = (
        "_covered",
        "_first",
        "_fresh",
        "_idem",
        "_keys",
        "_labels",
        "_later",
        "_next",
        "_nexts",
        "_placed",
        "_report",
        "_starts",
        "_waiting",
        "_wiped",
    )

    def __init__(self, labels: Labels, keys: StreamKeys | None, report: Report) -> None:
        self._labels, self._report = labels, report
        self._nexts: dict[bytes, int] = {}
        self._placed: dict[bytes, tuple[int, int]] = {}
        self._wiped: set[tuple[int, int]] = set()  # submissions of which no key is left
        self._idem: bytes | None = None  # of the submission that has begun
        self._starts: dict[bytes, int] = {}  # where each stream was first seen
        self._later: list[tuple[int, Fault, str]] = []  # findings that an erasure may explain
        self._next = self._first = 0
        self._waiting: dict[bytes, int] = {}
        self._fresh: dict[bytes, int] = {}  # labels that the table does not know yet
        self._covered = self._cover()
        self._keys = self._all_keys(keys)

    def _cover(self) -> int | None:
        with self._report.holding(Fault.LABELS, LABELS_DB):
            self._labels.check()
            return self._labels.size()
        return None

    def _all_keys(self, keys: StreamKeys | None) -> dict[bytes, StreamKey] | None:
        if keys is None:
            self._report.skip(6, "without the keyring: no label was made again")
            return None
        with self._report.holding(Fault.KEYS, "keyring"):
            return {key.handle: key for key in keys.all()}
        self._report.skip(6, "the keyring cannot be read: no label was made again")
        return None

    # ── frame by frame ──

    def see(self, frame: AnyFrame, entry: bytes | None) -> None:
        """Take the next frame, and its leaf. Frames that could not be read are left out, and were found by check 1."""
        self._report.looked(6)
        if frame.index != self._next:
            self._first, self._idem = frame.index, None
        self._next = frame.index + 1
        if isinstance(frame, Frame):
            self._record(frame)
            self._waiting[frame.label] = frame.index
        elif entry is not None:
            self._waiting[entry[1 : 1 + HASH]] = frame.index
        if frame.left == 0:
            self._submission(frame.index)
        if len(self._waiting) >= _AT_ONCE:
            self._find()

    def _record(self, frame: Frame) -> None:
        self._idem = frame.idem
        if frame.handle != _NO_STREAM:
            self._position(frame)
        if frame.index > 0 and self._keys is not None:
            self._stream(frame, self._keys.get(frame.handle))

    def _submission(self, last: int) -> None:
        """A submission ends at index `last`."""
        where, first, idem = (self._first, last + 1 - self._first), self._first, self._idem
        self._first, self._idem = last + 1, None
        if idem is None:
            self._wiped.add(where)
            return
        if idem in self._placed:
            self._report.find(Fault.PLACED, f"index {first}", "an idempotency key is used by two submissions")
        self._placed[idem] = where

    def recorded(self, key: str) -> bool:
        """Whether the journal itself recorded something under this key."""
        return idem(CALLER, key) in self._placed

    def _position(self, frame: Frame) -> None:
        expected = self._nexts.get(frame.handle, 0)
        self._starts.setdefault(frame.handle, frame.index)
        if frame.i != expected:
            said = f"position {frame.i} of its stream, where {expected} follows"
            self._later.append((frame.index, Fault.POSITION, said))
        self._nexts[frame.handle] = following(frame.i, frame.body)

    def _stream(self, frame: Frame, key: StreamKey | None) -> None:
        said = ""
        if key is None:
            said = "it is of no stream that the keyring knows"
        elif key.rekeys < (rekeys := split(frame.i)[0] + is_rekey(frame.body)):
            said = f"it is of key {rekeys} of its stream, and the keyring knows of {key.rekeys}"
        elif frame.label != label_of(key, frame.i):
            said = "its label is not the one that its stream's key makes"
        elif is_rekey(frame.body) and frame.body != rekey_body(key, rekeys):
            said = "it commits to another key than the next one of its stream"
        elif (frame.i == 0 or _ENROLS in frame.body) and (frame.i == 0) != (frame.body == enrolment(key)):
            said = "a stream begins with the enrolment of its key, once"
        if said:
            self._later.append((frame.index, Fault.STREAM, said))

    def _find(self) -> None:
        """Ask the label table for those seen since it was last asked."""
        waiting, self._waiting = self._waiting, {}
        covered = self._covered
        if covered is None:
            return
        with self._report.holding(Fault.LABELS, LABELS_DB):
            found = self._labels.find(list(waiting))
            for label, index in waiting.items():
                if index >= covered and self._fresh.setdefault(label, index) != index:
                    self._report.find(Fault.LEAF, f"index {index}", "its label stands in the log already")
                if found.get(label, index if index >= covered else None) != index:
                    self._report.find(
                        Fault.LABELS, f"{LABELS_DB}, index {index}", "its label is not there, or elsewhere"
                    )

    # ── at the end ──

    def close(self, head: Head, pinned: Pinned, erasing: frozenset[int]) -> None:
        """Hold the tables against all frames. `erasing`: indexes that an erasure was at while we looked."""
        self._find()
        for index, kind, said in self._later:
            if index not in erasing:
                self._report.find(kind, f"index {index}", said)
        size = pinned.head.size
        with self._report.holding(Fault.PLACED, HEAD_DB):
            later = self._check_placed(head, size, pinned.state.signed_at + _DAY_MS)
            positions = dict(head.all_positions())
            now = head.read()  # last: if it is the pinned one still, the tables are exactly its own
            moved = now is None or now.note != pinned.state.note
            if later and not moved:
                self._report.find(Fault.PLACED, HEAD_DB, f"{later} rows are of submissions beyond the log")
            self._check_positions(positions, erasing, moved=moved)
            self._check_covered(size, size if now is None else max(size, now.size))

    def _check_placed(self, head: Head, size: int, limit: int) -> int:
        """Every row. How many are of a later head."""
        missing, later = dict(self._placed), 0
        for name, placed in head.all_placed():
            if placed.first >= size:
                later += 1
                continue
            where = f"{HEAD_DB}, placed at index {placed.first}"
            if name not in missing and (placed.first, placed.count) in self._wiped:
                continue  # all of it was erased, and with it the key that this row was made of
            if missing.pop(name, None) != (placed.first, placed.count):
                self._report.find(Fault.PLACED, where, "no submission stands there under this key")
            if not 0 < placed.at <= limit:
                self._report.find(Fault.PLACED, where, "its receipt has a time that cannot be")
        for first, _ in missing.values():
            self._report.find(Fault.PLACED, f"index {first}", "a submission is not in the head's table")
        return later

    def _check_positions(self, positions: dict[bytes, int], erasing: frozenset[int], *, moved: bool) -> None:
        for handle in self._nexts.keys() | positions.keys():
            ours, theirs = self._nexts.get(handle, 0), positions.get(handle, 0)
            if self._starts.get(handle) in erasing:
                continue
            if theirs != ours and not (moved and theirs > ours):
                where = f"{HEAD_DB}, position of {handle.hex()[:8]}"
                self._report.find(Fault.POSITION, where, f"{theirs} stands there, {ours} follows from the log")

    def _check_covered(self, size: int, limit: int) -> None:
        """`limit`: the size of the newest head. The table follows it, and is never in front of it."""
        covered = self._covered
        if covered is not None and covered < size:
            self._report.untidy(Fault.LABELS, LABELS_DB, f"it covers {covered} of {size} leaves")
        if covered is not None and covered > limit:
            self._report.find(Fault.LABELS, LABELS_DB, f"it covers {covered} leaves, the head {limit}")
