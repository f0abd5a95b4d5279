# SPDX-License-Identifier: Apache-2.0
"""Segments: the private files of bodies, and the write-ahead log, in one. Frame after frame, never rewritten in place.

    u32be length of what follows up to check ‖ u8 kind ‖ u16be left ‖ u64be index ‖ u64be group ‖ stream handle(16)
    ‖ u64be i ‖ label(32) ‖ nonce(32) ‖ idem(32) ‖ body ‖ check(8)                              151 bytes and the body

    kind 1 record, as above     kind 2 erased: length ‖ kind ‖ left ‖ index ‖ u64be tombstone ‖ check         31 bytes

    check = H("whosaw/frame/v1" ‖ u64be(first index of the segment) ‖ everything before)[:8]
    left  = frames of the same submission still to come       group = index of the first frame of the same fdatasync
    tombstone = index of the record that says that, and on what basis, this one was erased

A segment is written anew, under the next generation, when records in it are erased; the manifest says which generation
counts. Of an erased record only its place is left: which leaf it was, and how it lay in its submission.

The check names the segment, so a block that a file system hands out again from another segment is no frame here. It
finds what a crash tore, not what a liar wrote: against liars there is the leaf, which commits to label, nonce and body.

    │ frame frame frame │ frame fra░░░░░ frame │ frame …
      group 40            group 43: torn         group 46: then 43 had been durable, so this is damage

Invariant: ``encode(parse(b)) == b``. A torn tail is what *one* unsynced write can leave, and nothing else is.
                                                                              Specification: docs/spec/leaf.md, docs/spec/erasure.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.submission import LEAF_LIMIT, Opened
from whosaw.model.record import LIMIT as BODY_LIMIT
from whosaw.tlog import leaf

FOLDER = "segments"
RECORD, ERASED = 1, 2
CHECK = 8
SEGMENT_BYTES = 64 * 1024 * 1024

_HEADER = Struct(">IBHQQ16sQ32s32s32s")
OVERHEAD = _HEADER.size + CHECK
_LEAST = _HEADER.size - 4
_BLANK = Struct(">IBHQQ")
BLANK_BYTES = _BLANK.size + CHECK
_NAME = re.compile(r"segments/([0-9]{20})(?:\.([1-9][0-9]{0,8}))?\.seg")
# Where a frame could begin: a length up to that of the largest body, kind 1, an index below 2^56.
_FRAME_LIKE = re.compile(rb"(?s)(?=\x00[\x00-\x04]..\x01..\x00)")


@dataclass(frozen=True, slots=True)
class Frame(Opened):
    """A leaf as it stands in a segment: opened, with its place in the submission and in the write that made it durable."""

    group: int
    left: int
    idem: bytes = field(repr=False)

    def encode(self, mark: Mark) -> bytes:
        """The bytes of the frame in the segment of `mark`."""
        body = self.body
        raw = (
            _HEADER.pack(
                _LEAST + len(body), RECORD, self.left, self.index, self.group, self.handle, self.i,
                self.label, self.nonce, self.idem,
            )
            + body
        )  # fmt: skip
        return raw + mark.check(raw)


@dataclass(frozen=True, slots=True)
class Erased:
    """What is left of a frame whose record was erased: its place, and the record that says so. Nothing opens its leaf."""

    index: int
    left: int
    tombstone: int

    @property
    def body(self) -> None:
        """None: erased. Not empty, not withheld, not absent."""
        return None

    def encode(self, mark: Mark) -> bytes:
        """The bytes of the frame in the segment of `mark`."""
        raw = _BLANK.pack(_BLANK.size - 4, ERASED, self.left, self.index, self.tombstone)
        return raw + mark.check(raw)


AnyFrame = Frame | Erased


class Mark:
    """What binds frames to one segment: the hash of its first index, to go on from. The generation is in its name only."""

    __slots__ = ("_prefix", "first", "generation")

    def __init__(self, first: int, generation: int = 0) -> None:
        self.first, self.generation = first, generation
        self._prefix = b"whosaw/frame/v1" + first.to_bytes(8)

    def check(self, raw: bytes) -> bytes:
        return sha256(self._prefix + raw).digest()[:CHECK]

    @property
    def name(self) -> str:
        """The segment's file."""
        return segment_name(self.first, self.generation)


def segment_name(first: int, generation: int = 0) -> str:
    """``segments/00000000000000000043.seg``; once it was rewritten ``segments/00000000000000000043.1.seg``, and so on."""
    return f"{FOLDER}/{first:020d}.{generation}.seg" if generation else f"{FOLDER}/{first:020d}.seg"


def segment_place(name: str) -> tuple[int, int] | None:
    """First index and generation of the segment in this file; None for a file that is no segment."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2] or 0)) if found else None


def parse_frame(raw: bytes, at: int, mark: Mark) -> tuple[AnyFrame, int]:
    """The frame at offset `at`, and where it ends. Raises NotCanonical for anything else."""
    if raw[at + 4 : at + 5] == b"\x02":
        return _parse_erased(raw, at, mark)
    index, handle, i, label, nonce, group, left, idem, body, end = _parse_record(raw, at, mark)
    return Frame(index, handle, i, label, nonce, body, group, left, idem), end


def _parse_record(raw: bytes, at: int, mark: Mark) -> tuple[int, bytes, int, bytes, bytes, int, int, bytes, bytes, int]:
    """Index, handle, i, label, nonce, group, left, key and body of a frame of kind 1, and where it ends."""
    if len(raw) < at + OVERHEAD:
        raise NotCanonical("a frame is cut short", where=f"{mark.name}, byte {at}")
    length, kind, left, index, group, handle, i, label, nonce, idem = _HEADER.unpack_from(raw, at)
    end = at + 4 + length
    if kind != RECORD or not _LEAST <= length <= _LEAST + BODY_LIMIT or end + CHECK > len(raw):
        raise NotCanonical("not a frame", where=f"{mark.name}, byte {at}")
    if raw[end : end + CHECK] != mark.check(raw[at:end]):
        raise NotCanonical("the check of a frame does not fit", where=f"{mark.name}, byte {at}")
    return index, handle, i, label, nonce, group, left, idem, raw[at + _HEADER.size : end], end + CHECK


def _parse_erased(raw: bytes, at: int, mark: Mark) -> tuple[Erased, int]:
    if len(raw) < at + BLANK_BYTES:
        raise NotCanonical("a frame is cut short", where=f"{mark.name}, byte {at}")
    length, _, left, index, tombstone = _BLANK.unpack_from(raw, at)
    end = at + _BLANK.size
    if length != _BLANK.size - 4 or raw[end : end + CHECK] != mark.check(raw[at:end]):
        raise NotCanonical("the check of a frame does not fit", where=f"{mark.name}, byte {at}")
    return Erased(index, left, tombstone), end + CHECK


def frame_length(raw: bytes, at: int) -> int | None:
    """How long the frame at `at` says it is, to step over it unchecked; None where that cannot be."""
    length = int.from_bytes(raw[at : at + 4])
    known = length == _BLANK.size - 4 or _LEAST <= length <= _LEAST + BODY_LIMIT
    return 4 + length + CHECK if known else None


class Order:
    """Holds frames to the order in which a sequencer writes them. One for each walk through the log.

    Contiguous indexes, whole submissions, groups that begin where they say. What breaks it was never written by us.
    An erased frame tells neither its key nor its group; those around it must still fit.
    """

    __slots__ = ("_group", "_idem", "_left", "_since", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self._left = 0
        self._idem: bytes | None = (
            None  # of the submission that has begun; None where only erased frames were seen of it
        )
        self._group: int | None = None  # of the last record
        self._since = index  # from here on there was none

    def follow(self, frame: AnyFrame, where: str) -> None:
        """Take the next frame. Raises Damaged where it cannot be the next."""
        if isinstance(frame, Frame):
            self.record(frame.index, frame.left, frame.idem, frame.group, where)
            return
        self._place(frame.index, frame.left, where)
        if frame.tombstone <= frame.index:
            raise Damaged(f"{where}: frame {frame.index} was erased by a record before it", where=where)
        self._left, self.index = frame.left, frame.index + 1

    def record(self, index: int, left: int, idem: bytes, group: int, where: str) -> None:
        """Take the next frame, one of a record."""
        inside = self._place(index, left, where)
        if self._idem is not None and idem != self._idem:
            raise Damaged(f"{where}: frame {index} breaks into a submission", where=where)
        # It goes on with the last group, or begins one, or one that began in what was erased between goes on.
        goes_on = self._group is None or group == self._group or self._since <= group < index
        if group > index or not (goes_on or (group == index and not inside)):
            raise Damaged(f"{where}: frame {index} is of a group that cannot be", where=where)
        self._idem, self._group, self._since = idem, group, index + 1
        self._left, self.index = left, index + 1

    def _place(self, index: int, left: int, where: str) -> bool:
        """Whether a frame here is inside of a submission. Raises Damaged where it cannot be the next."""
        if index != self.index:
            raise Damaged(f"{where}: holds index {index} where {self.index} belongs", where=where)
        if left >= LEAF_LIMIT:
            raise Damaged(f"{where}: frame {index} is of a submission that is too large", where=where)
        inside = self._left > 0
        if inside and left != self._left - 1:
            raise Damaged(f"{where}: frame {index} breaks into a submission", where=where)
        if not inside:
            self._idem = None
        return inside

    @property
    def open(self) -> bool:
        """Whether a submission has begun and not ended."""
        return self._left > 0

    @property
    def group(self) -> int:
        """The group of the last record."""
        return self.index if self._group is None else self._group


@dataclass(frozen=True, slots=True)
class Scanned:
    """The end of a segment: `frames` of whole submissions, which count, and the bytes after them, which do not."""

    frames: list[Frame]
    torn_at: int
    torn: bytes = field(repr=False)


def scan(raw: bytes, mark: Mark, order: Order, start: int = 0) -> Scanned:
    """The frames of the newest segment from offset `start` on; a crash may have torn its end. Raises Damaged for what no crash leaves."""
    frames: list[Frame] = []
    at = start
    whole = 0, start  # frames and bytes up to the end of the last whole submission
    while at < len(raw):
        try:
            frame, at = parse_frame(raw, at, mark)
        except NotCanonical:
            _check_torn(raw, at, mark, order)
            break
        order.follow(frame, mark.name)
        frames.append(_record(frame, mark))
        if frame.left == 0:
            whole = len(frames), at
    count, end = whole
    return Scanned(frames[:count], end, raw[end:])


def _check_torn(raw: bytes, at: int, mark: Mark, order: Order) -> None:
    """Whether the bytes from `at` on can be what one unsynced write left.

    Its pages may have reached the disk in any order, so frames of the same group may well follow the bad one. A frame
    of a later group may not: that write began only after the fdatasync of this one had returned.
    """
    torn_groups = {order.group, order.index}
    for found in _FRAME_LIKE.finditer(raw, at + 1):
        try:
            frame, _ = parse_frame(raw, found.start(), mark)
        except NotCanonical:
            continue
        if _record(frame, mark).group not in torn_groups:
            raise Damaged(
                f"{mark.name}: byte {at} is no frame, and a later write follows it: this is not what a crash leaves",
                where=f"{mark.name}, byte {at}",
                hint="the disk or somebody changed it; keep a copy of the whole folder and restore the segment",
            )


def parse_all(raw: bytes, mark: Mark, order: Order) -> Iterator[Frame]:
    """The frames in a piece of a segment that was just written. Raises Damaged, also for an erased one."""
    at = 0
    while at < len(raw):
        try:
            frame, at = parse_frame(raw, at, mark)
        except NotCanonical as error:
            raise Damaged(str(error), where=mark.name) from None
        order.follow(frame, mark.name)
        yield _record(frame, mark)


def parse_entries(raw: bytes, mark: Mark, order: Order) -> Iterator[bytes]:
    """The same, and of each record only the 65 bytes that the log holds: what a head is made of, every record's once."""
    at, where = 0, mark.name
    while at < len(raw):
        try:
            index, _, _, label, nonce, group, left, idem, body, at = _parse_record(raw, at, mark)
        except NotCanonical as error:
            raise Damaged(str(error), where=where) from None
        order.record(index, left, idem, group, where)
        yield leaf.entry_of(label, nonce, body)


def _record(frame: AnyFrame, mark: Mark) -> Frame:
    if isinstance(frame, Erased):
        raise Damaged(f"{mark.name}: frame {frame.index} is erased, and under no head yet", where=mark.name)
    return frame


def encode_all(frames: Iterable[AnyFrame], mark: Mark) -> bytes:
    """Frames side by side, as the segment of `mark` holds them."""
    return b"".join([frame.encode(mark) for frame in frames])
