# SPDX-License-Identifier: Apache-2.0
"""The segment files of one log as one long row of frames, read by index.

    segments/…0000.seg     │ 0 … 89 │ 90 … 99 ░░░     the file's name says where it begins;
    segments/…0090.2.seg            │ 90 … 104 │      the next file's name says where it ends; written anew, twice
    segments/…0105.seg                         │ 105 …

What stands in a file beyond the first index of the next one does not exist: it is what a crash left, copied whole into
the next file by the start after it, before anything else was written. Of several files that begin at one index the
manifest says which counts, by its generation; the others are what an erasure has not removed yet.

Invariant: every frame that comes out was checked against its segment and its index. Offsets are remembered, frames are
not. Safe to use beside a running sequencer for indexes that it has made durable, beside an erasure, and from several
threads: where a file was rewritten meanwhile, the manifest is asked again.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from whosaw.errors import Damaged, NotCanonical, Unavailable
from whosaw.journal.ports import Folder, Manifest, Sealed
from whosaw.journal.segment import (
    CHECK,
    FOLDER,
    OVERHEAD,
    AnyFrame,
    Erased,
    Frame,
    Mark,
    Order,
    frame_length,
    parse_frame,
    segment_place,
)
from whosaw.model.record import LIMIT as BODY_LIMIT

_PIECE = 4 * 1024 * 1024
_REMEMBERED = 256  # segments, of a few hundred kB each
_AGAIN = 5


class Segments:
    """Frames by index."""

    __slots__ = ("_firsts", "_folder", "_lock", "_manifest", "_marks", "_offsets", "_sealed")

    def __init__(self, folder: Folder, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest
        self._marks: list[Mark] = []
        self._sealed: dict[int, Sealed] = {}
        self._offsets: OrderedDict[tuple[int, int], _Offsets] = OrderedDict()
        self._lock = threading.RLock()
        self._look()

    def frame(self, index: int) -> AnyFrame:
        """The frame at `index`. Raises Damaged where there is none."""
        while True:
            mark, offset, length = self._place(index)
            try:
                return _checked(self._folder.read_part(mark.name, offset, length), 0, mark, index)[0]
            except Unavailable:
                if self._counts(mark):
                    raise

    def record(self, index: int) -> Frame:
        """The frame at `index`, which was not erased. Raises Damaged where it was."""
        return records([self.frame(index)])[0]

    def frames(self, first: int, end: int) -> Iterator[AnyFrame]:
        """The frames `first` up to `end`, in order. Raises Damaged where one is missing."""
        order = Order(first)
        while order.index < end:
            mark, offset, _ = self._place(order.index)
            until = min(end, self._end_of(mark) or end)
            try:
                for frame in self._run(mark, offset, order.index, until):
                    order.follow(frame, mark.name)
                    yield frame
            except Unavailable:
                if self._counts(mark):
                    raise

    def submission(self, first: int, count: int, idem: bytes) -> tuple[AnyFrame, ...]:
        """All leaves of the submission under this idempotency key. Raises Damaged where they are not exactly that."""
        frames = tuple(self.frames(first, first + count))
        lefts, keys = [f.left for f in frames], {f.idem for f in frames if isinstance(f, Frame)}
        if lefts != list(range(count - 1, -1, -1)) or not keys <= {idem}:
            raise Damaged(
                f"frames {first} and on are not the submission of {count} that the head says", where=f"index {first}"
            )
        return frames

    def start_of(self, index: int) -> tuple[Mark, int]:
        """Segment and offset at which the frame after `index` - 1 begins, or would begin. Raises Damaged."""
        mark, offset, length = self._place(index - 1)
        return mark, offset + length

    def place(self, index: int) -> tuple[Mark, int, int]:
        """Segment, offset and length of the frame at `index`, as far as lengths tell. Raises Damaged where there is none."""
        return self._place(index)

    def marks(self) -> list[Mark]:
        """The segments that count, in order, as they are now."""
        with self._lock:
            self._look()
            return list(self._marks)

    def _run(self, mark: Mark, offset: int, first: int, until: int) -> Iterator[AnyFrame]:
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
            for _ in range(_AGAIN):
                offsets = self._offsets_of(index)
                if offsets is not None:
                    try:
                        place = offsets.of(index, self._folder)
                    except Unavailable:
                        if self._counts(offsets.mark):
                            raise
                        continue
                    if place is not None:
                        return offsets.mark, *place
                # A running sequencer may have begun a segment since the folder was listed.
                self._look()
        raise Damaged(f"no segment holds index {index}", where=f"{FOLDER}, index {index}")

    def _offsets_of(self, index: int) -> _Offsets | None:
        at = bisect_right(self._firsts, index) - 1
        if at < 0:
            return None
        mark = self._marks[at]
        key, sealed = (mark.first, mark.generation), self._sealed.get(mark.first)
        if sealed is not None and index >= mark.first + sealed.count:
            return None
        offsets = self._offsets.setdefault(key, _Offsets(mark))
        self._offsets.move_to_end(key)
        while len(self._offsets) > _REMEMBERED:
            self._offsets.popitem(last=False)
        return offsets

    def _end_of(self, mark: Mark) -> int | None:
        """Where the segment after this one begins; None for the newest."""
        with self._lock:
            if mark.first == self._firsts[-1]:  # the newest that was listed: a running sequencer may have begun another
                self._look()
            at = bisect_right(self._firsts, mark.first)
            return self._firsts[at] if at < len(self._firsts) else None

    def _counts(self, mark: Mark) -> bool:
        """Whether this file, which could not be read, is still the one that counts: looked up anew."""
        with self._lock:
            self._look()
            return mark.name in {known.name for known in self._marks}

    def _look(self) -> None:
        self._sealed, self._marks = look(self._folder, self._manifest)
        self._firsts = [mark.first for mark in self._marks]


class _Offsets:
    """Where each frame of one segment begins, as far as anybody asked."""

    __slots__ = ("mark", "starts")

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.starts = array("I", [0])  # one more than frames known: where the next one would begin

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
            # `frame_length`, by hand: a segment has a hundred thousand frames, and somebody waits for one of them.
            starts, most, end = [], OVERHEAD + BODY_LIMIT, len(raw)
            while at < end:
                length = int.from_bytes(raw[at : at + 4]) + 4 + CHECK
                if at + length > end or not (OVERHEAD <= length <= most or frame_length(raw, at)):
                    break
                at += length
                starts.append(base + at)
            self.starts.extend(starts)
            if at == 0:
                return


def look(folder: Folder, manifest: Manifest) -> tuple[dict[int, Sealed], list[Mark]]:
    """The manifest, and the segments that count by it, in order: read at one moment, whoever rewrites one meanwhile."""
    rows = manifest.sealed()
    for _ in range(_AGAIN):
        files, before = listed(folder), rows
        rows = manifest.sealed()
        if rows == before:
            break
    counted = ((first, g) for first, g in files if g == (rows[first].generation if first in rows else 0))
    return rows, [Mark(first, generation) for first, generation in counted]


def listed(folder: Folder) -> list[tuple[int, int]]:
    """First index and generation of every segment file, in order. Raises Damaged for a file that is no segment."""
    found = []
    for name in folder.names(FOLDER):
        place = segment_place(name)
        if place is None:
            raise Damaged("a file that is no segment stands among the segments", where=FOLDER)
        found.append(place)
    return sorted(found)


def records(frames: Iterable[AnyFrame]) -> list[Frame]:
    """Frames of which none was erased. Raises Damaged."""
    found = []
    for frame in frames:
        if isinstance(frame, Erased):
            raise Damaged(f"index {frame.index} was erased, and nothing may erase it", where=f"index {frame.index}")
        found.append(frame)
    return found


def _checked(raw: bytes, at: int, mark: Mark, index: int) -> tuple[AnyFrame, int]:
    try:
        frame, end = parse_frame(raw, at, mark)
    except NotCanonical as error:
        raise Damaged(str(error), where=f"{mark.name}, index {index}") from None
    if frame.index != index:
        raise Damaged(
            f"{mark.name} holds index {frame.index} where {index} belongs", where=f"{mark.name}, index {index}"
        )
    return frame, end
