# SPDX-License-Identifier: Apache-2.0
"""The segment files of one log as one long row of frames, read by index.

    segments/…0000.seg   │ 0 … 89 │ 90 … 99 ░░░     the file's name says where it begins;
    segments/…0090.seg            │ 90 … 104 │      the next file's name says where it ends
    segments/…0105.seg                       │ 105 …

What stands in a file beyond the first index of the next one does not exist: it is what a crash left, copied whole into
the next file by the start after it, before anything else was written.

Invariant: every frame that comes out was checked against its segment and its index. Offsets are remembered, frames are
not. Safe to use beside a running sequencer for indexes that it has made durable, and from several threads.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.ports import Folder
from whosaw.journal.segment import FOLDER, OVERHEAD, Frame, Mark, Order, frame_length, parse_frame, segment_first
from whosaw.model.record import LIMIT as BODY_LIMIT

_PIECE = 4 * 1024 * 1024
_REMEMBERED = 32


class Segments:
    """Frames by index."""

    __slots__ = ("_firsts", "_folder", "_lock", "_offsets")

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._firsts = firsts(folder)
        self._offsets: OrderedDict[int, _Offsets] = OrderedDict()
        self._lock = threading.Lock()

    def frame(self, index: int) -> Frame:
        """The frame at `index`. Raises Damaged where there is none."""
        mark, offset, length = self._place(index)
        raw = self._folder.read_part(mark.name, offset, length)
        return _checked(raw, 0, mark, index)[0]

    def frames(self, first: int, end: int) -> Iterator[Frame]:
        """The frames `first` up to `end`, in order. Raises Damaged where one is missing."""
        order = Order(first)
        while first < end:
            mark, offset, _ = self._place(first)
            until = min(end, self._end_of(mark) or end)
            for frame in self._run(mark, offset, first, until):
                order.follow(frame, mark.name)
                yield frame
            first = until

    def submission(self, first: int, count: int, idem: bytes) -> tuple[Frame, ...]:
        """All leaves of the submission under this idempotency key. Raises Damaged where they are not exactly that."""
        frames = tuple(self.frames(first, first + count))
        if [(f.left, f.idem) for f in frames] != [(left, idem) for left in range(count - 1, -1, -1)]:
            raise Damaged(
                f"frames {first} and on are not the submission of {count} that the head says", where=f"index {first}"
            )
        return frames

    def start_of(self, index: int) -> tuple[Mark, int]:
        """Segment and offset at which the frame after `index` - 1 begins, or would begin. Raises Damaged."""
        mark, offset, length = self._place(index - 1)
        return mark, offset + length

    def _run(self, mark: Mark, offset: int, first: int, until: int) -> Iterator[Frame]:
        """Frames of one segment from `offset` on, read piece by piece."""
        raw, at = b"", 0
        for index in range(first, until):
            if len(raw) - at < OVERHEAD + BODY_LIMIT:
                offset += at
                raw, at = self._folder.read_part(mark.name, offset, _PIECE), 0
            frame, at = _checked(raw, at, mark, index)
            yield frame

    def _place(self, index: int) -> tuple[Mark, int, int]:
        """Segment, offset and length of the frame at `index`."""
        with self._lock:
            for _ in range(2):
                offsets = self._offsets_of(index)
                place = offsets and offsets.of(index, self._folder)
                if offsets and place:
                    return offsets.mark, *place
                # A running sequencer may have begun a segment since the folder was listed.
                self._firsts = firsts(self._folder)
        raise Damaged(f"no segment holds index {index}", where=f"{FOLDER}, index {index}")

    def _offsets_of(self, index: int) -> _Offsets | None:
        at = bisect_right(self._firsts, index) - 1
        if at < 0:
            return None
        first = self._firsts[at]
        offsets = self._offsets.setdefault(first, _Offsets(Mark(first)))
        self._offsets.move_to_end(first)
        while len(self._offsets) > _REMEMBERED:
            self._offsets.popitem(last=False)
        return offsets

    def _end_of(self, mark: Mark) -> int | None:
        """Where the segment after this one begins; None for the newest."""
        with self._lock:
            if mark.first == self._firsts[-1]:  # the newest that was listed: a running sequencer may have begun another
                self._firsts = firsts(self._folder)
            at = bisect_right(self._firsts, mark.first)
            return self._firsts[at] if at < len(self._firsts) else None


class _Offsets:
    """Where each frame of one segment begins, as far as anybody asked."""

    __slots__ = ("mark", "starts")

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.starts = array("Q", [0])  # one more than frames known: where the next one would begin

    def of(self, index: int, folder: Folder) -> tuple[int, int] | None:
        """Where the frame at `index` begins and how long it is; None where the file ends before it."""
        nth = index - self.mark.first
        if nth + 1 >= len(self.starts):
            self._extend(nth + 1, folder)
        if nth + 1 >= len(self.starts):
            return None
        return self.starts[nth], self.starts[nth + 1] - self.starts[nth]

    def _extend(self, wanted: int, folder: Folder) -> None:
        """Step over frames by their lengths; they are checked when they are read."""
        while len(self.starts) <= wanted:
            base = self.starts[-1]
            raw, at = folder.read_part(self.mark.name, base, _PIECE), 0
            while (length := frame_length(raw, at)) is not None and at + length <= len(raw):
                at += length
                self.starts.append(base + at)
            if at == 0:
                return


def firsts(folder: Folder) -> list[int]:
    """First indexes of all segments, in order. Raises Damaged for a file that is no segment."""
    found = []
    for name in folder.names(FOLDER):
        first = segment_first(name)
        if first is None:
            raise Damaged("a file that is no segment stands among the segments", where=FOLDER)
        found.append(first)
    return sorted(found)


def _checked(raw: bytes, at: int, mark: Mark, index: int) -> tuple[Frame, int]:
    try:
        frame, end = parse_frame(raw, at, mark)
    except NotCanonical as error:
        raise Damaged(str(error), where=f"{mark.name}, index {index}") from None
    if frame.index != index:
        raise Damaged(
            f"{mark.name} holds index {frame.index} where {index} belongs", where=f"{mark.name}, index {index}"
        )
    return frame, end
