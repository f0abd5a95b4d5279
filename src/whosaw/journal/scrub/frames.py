# SPDX-License-Identifier: Apache-2.0
"""The frames of a few leaves, from the disk, one by one where one of them is damaged: and which bit of it, where it is one.

    check of a frame does not fit ──each of its bits turned──▶ it fits: that bit is the one that flipped
                                                          └──▶ never: more than one, or the file is another

A frame of 500 bytes has 4,000 bits: as many hashes, once in the life of a disk.

Invariant: the bit is named and not turned back. Bodies are never mended.
"""

from __future__ import annotations

from whosaw.errors import Damaged, NotCanonical, Unavailable
from whosaw.journal.ahead import frames_of
from whosaw.journal.fsck.findings import Fault, Finding
from whosaw.journal.ports import Stores
from whosaw.journal.scrub.look import forgotten
from whosaw.journal.segment import AnyFrame, Frame, Mark, parse_frame
from whosaw.journal.segments import Segments
from whosaw.model.record import parse

_MOST = 16 * 1024  # bytes of a frame up to which a bit is looked for


class ScrubbedFrames:
    """Frames of one log, by index."""

    def __init__(self, stores: Stores) -> None:
        self._stores, self._segments = stores, Segments(stores.private, stores.manifest)

    def read(self, first: int, end: int, found: list[Finding]) -> list[AnyFrame | None]:
        """The frames from `first` up to `end`; None for one that cannot be read, which is in `found` then."""
        self._forget(first, end)
        try:
            frames: list[AnyFrame | None] = list(self._segments.frames(first, end))
        except Damaged:
            frames = self._each(first, end, found)
        for frame in frames:
            if isinstance(frame, Frame):
                try:
                    parse(frame.body)
                except NotCanonical:
                    found.append(Finding(Fault.BODY, f"index {frame.index}", "its body is not canonical"))
        return frames

    def _forget(self, first: int, end: int) -> None:
        try:
            begins, ends = self._segments.place(first), self._segments.place(end - 1)
        except (Damaged, Unavailable):
            return
        if begins[0].name == ends[0].name:
            forgotten(self._stores.private, begins[0].name, begins[1], ends[1] + ends[2] - begins[1])
        else:
            for mark, offset, _ in (begins, ends):
                forgotten(self._stores.private, mark.name, offset if mark is begins[0] else 0)

    def _each(self, first: int, end: int, found: list[Finding]) -> list[AnyFrame | None]:
        """One by one. Behind a damaged length nothing can be read, which is one finding and not hundreds."""
        frames: list[AnyFrame | None] = []
        lost = None
        for index in range(first, end):
            frame, finding = self._one(index)
            frames.append(frame)
            if finding is not None:
                found.append(finding)
            if frame is None and finding is None and lost is None:
                lost = index
        if lost is not None:
            found.append(
                Finding(Fault.SEGMENT, f"index {lost} and on", "no segment holds them, as far as lengths tell")
            )
        return frames

    def _one(self, index: int) -> tuple[AnyFrame | None, Finding | None]:
        try:
            return self._segments.frame(index), None
        except Damaged as error:
            # Of a cluster the newest frames are in no segment yet.
            try:
                return next(iter(frames_of(self._stores, index, index + 1))), None
            except (Damaged, StopIteration):
                return None, self._named(index, error)

    def _named(self, index: int, error: Damaged) -> Finding | None:
        """Which bit, or which bytes. None where not even its place is known."""
        try:
            mark, offset, length = self._placed(index)
            raw = self._stores.private.read_part(mark.name, offset, _MOST)
        except (Damaged, Unavailable):
            return None
        bit = flipped_bit(raw[:length], mark) if 0 < length <= _MOST else None
        bit = flipped_bit(raw, mark, 32) if bit is None else bit
        where = (
            f"bytes {offset} to {offset + length - 1}" if bit is None else f"byte {offset + bit // 8}, bit {bit % 8}"
        )
        return Finding(Fault.FRAME, f"index {index}, {mark.name}, {where}", str(error))

    def _placed(self, index: int) -> tuple[Mark, int, int]:
        """Where the frame is; where its length leads nowhere, behind the one before it, with length 0."""
        try:
            return self._segments.place(index)
        except Damaged:
            mark, before, length = self._segments.place(index - 1)
            return mark, before + length, 0


def flipped_bit(raw: bytes, mark: Mark, bits: int | None = None) -> int | None:
    """The bit among the first `bits` of `raw` that makes it begin with a frame when it is turned; None where none does.

    Without `bits`: any bit, and the frame is all of `raw`.
    """
    turned = bytearray(raw)
    for bit in range(8 * len(raw) if bits is None else min(bits, 8 * len(raw))):
        turned[bit // 8] ^= 1 << bit % 8
        try:
            if parse_frame(bytes(turned), 0, mark)[1] == len(raw) or bits is not None:
                return bit
        except NotCanonical:
            pass
        turned[bit // 8] ^= 1 << bit % 8
    return None
