# SPDX-License-Identifier: Apache-2.0
"""Segments: the private files of bodies, and the write-ahead log, in one. Frame after frame, never rewritten in place.

    u32be length of what follows up to check ‖ u8 kind ‖ u16be left ‖ u64be index ‖ u64be group ‖ stream handle(16)
    ‖ u64be i ‖ label(32) ‖ nonce(32) ‖ idem(32) ‖ body ‖ check(8)                              151 bytes and the body

    check = H("whosaw/frame/v1" ‖ u64be(first index of the segment) ‖ everything before)[:8]
    left  = frames of the same submission still to come       group = index of the first frame of the same fdatasync

The check names the segment, so a block that a file system hands out again from another segment is no frame here. It
finds what a crash tore, not what a liar wrote: against liars there is the leaf, which commits to label, nonce and body.

    │ frame frame frame │ frame fra░░░░░ frame │ frame …
      group 40            group 43: torn         group 46: then 43 had been durable, so this is damage

Invariant: ``encode(parse(b)) == b``. A torn tail is what *one* unsynced write can leave, and nothing else is.
                                                                              Specification: docs/spec/leaf.md
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

FOLDER = "segments"
RECORD = 1
CHECK = 8
SEGMENT_BYTES = 64 * 1024 * 1024

_HEADER = Struct(">IBHQQ16sQ32s32s32s")
OVERHEAD = _HEADER.size + CHECK
_LEAST = _HEADER.size - 4
_NAME = re.compile(r"segments/([0-9]{20})\.seg")
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


class Mark:
    """What binds frames to one segment: the hash of its first index, to go on from."""

    __slots__ = ("_prefix", "first")

    def __init__(self, first: int) -> None:
        self.first = first
        self._prefix = b"whosaw/frame/v1" + first.to_bytes(8)

    def check(self, raw: bytes) -> bytes:
        return sha256(self._prefix + raw).digest()[:CHECK]

    @property
    def name(self) -> str:
        """The segment's file."""
        return segment_name(self.first)


def segment_name(first: int) -> str:
    """``segments/00000000000000000043.seg``"""
    return f"{FOLDER}/{first:020d}.seg"


def segment_first(name: str) -> int | None:
    """The first index of the segment in this file; None for a file that is no segment."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def parse_frame(raw: bytes, at: int, mark: Mark) -> tuple[Frame, int]:
    """The frame at offset `at`, and where it ends. Raises NotCanonical for anything else."""
    if len(raw) < at + OVERHEAD:
        raise NotCanonical("a frame is cut short", where=f"{mark.name}, byte {at}")
    length, kind, left, index, group, handle, i, label, nonce, idem = _HEADER.unpack_from(raw, at)
    end = at + 4 + length
    if kind != RECORD or not _LEAST <= length <= _LEAST + BODY_LIMIT or end + CHECK > len(raw):
        raise NotCanonical("not a frame", where=f"{mark.name}, byte {at}")
    if raw[end : end + CHECK] != mark.check(raw[at:end]):
        raise NotCanonical("the check of a frame does not fit", where=f"{mark.name}, byte {at}")
    body = raw[at + _HEADER.size : end]
    return Frame(index, handle, i, label, nonce, body, group, left, idem), end + CHECK


def frame_length(raw: bytes, at: int) -> int | None:
    """How long the frame at `at` says it is, to step over it unchecked; None where that cannot be."""
    length = int.from_bytes(raw[at : at + 4])
    return 4 + length + CHECK if _LEAST <= length <= _LEAST + BODY_LIMIT else None


class Order:
    """Holds frames to the order in which a sequencer writes them. One for each walk through the log.

    Contiguous indexes, whole submissions, groups that begin where they say. What breaks it was never written by us.
    """

    __slots__ = ("_last", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self._last: Frame | None = None

    def follow(self, frame: Frame, where: str) -> None:
        """Take the next frame. Raises Damaged where it cannot be the next."""
        last = self._last
        if frame.index != self.index:
            raise Damaged(f"{where}: holds index {frame.index} where {self.index} belongs", where=where)
        if frame.left >= LEAF_LIMIT:
            raise Damaged(f"{where}: frame {frame.index} is of a submission that is too large", where=where)
        inside = last is not None and last.left > 0
        if last is not None and inside and (frame.left, frame.idem) != (last.left - 1, last.idem):
            raise Damaged(f"{where}: frame {frame.index} breaks into a submission", where=where)
        goes_on = last is None or frame.group == last.group
        if frame.group > frame.index or not (goes_on or (frame.group == frame.index and not inside)):
            raise Damaged(f"{where}: frame {frame.index} is of a group that cannot be", where=where)
        self._last, self.index = frame, frame.index + 1

    @property
    def open(self) -> bool:
        """Whether a submission has begun and not ended."""
        return self._last is not None and self._last.left > 0

    @property
    def group(self) -> int:
        """The group of the last frame."""
        return self.index if self._last is None else self._last.group


@dataclass(frozen=True, slots=True)
class Scanned:
    """The end of a segment: `frames` of whole submissions, which count, and the bytes after them, which do not."""

    frames: list[Frame]
    torn_at: int
    torn: bytes = field(repr=False)


def scan(raw: bytes, mark: Mark, order: Order, start: int = 0) -> Scanned:
    """The frames of the newest segment from offset `start` on; a crash may have torn its end. Raises Damaged for what no crash leaves."""
    frames, at = [], start
    whole = 0, start  # frames and bytes up to the end of the last whole submission
    while at < len(raw):
        try:
            frame, at = parse_frame(raw, at, mark)
        except NotCanonical:
            _check_torn(raw, at, mark, order)
            break
        order.follow(frame, mark.name)
        frames.append(frame)
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
        if frame.group not in torn_groups:
            raise Damaged(
                f"{mark.name}: byte {at} is no frame, and a later write follows it: this is not what a crash leaves",
                where=f"{mark.name}, byte {at}",
                hint="the disk or somebody changed it; keep a copy of the whole folder and restore the segment",
            )


def parse_all(raw: bytes, mark: Mark, order: Order) -> Iterator[Frame]:
    """The frames in a piece of a segment that is whole. Raises Damaged."""
    at = 0
    while at < len(raw):
        try:
            frame, at = parse_frame(raw, at, mark)
        except NotCanonical as error:
            raise Damaged(str(error), where=mark.name) from None
        order.follow(frame, mark.name)
        yield frame


def encode_all(frames: Iterable[Frame], mark: Mark) -> bytes:
    """Frames side by side, as the segment of `mark` holds them."""
    return b"".join([frame.encode(mark) for frame in frames])
