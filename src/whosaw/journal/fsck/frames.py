# SPDX-License-Identifier: Apache-2.0
"""Checks 1 and 2: every frame as it was written, every leaf opened by its frame, and what lies beyond the head.

    segments ──frame by frame──▶ the entry it commits to  ==  the entry in the bundle
                             └──▶ `see`, which counts streams, submissions and erasures
    manifest ──▶ so many frames in so many bytes, of this generation and no other

A bad frame is a finding, and the walk goes on behind it where its length still says where that is.

Invariant: nothing is written, and nothing is believed of a frame before its check and its place were.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from hashlib import sha256

from whosaw.errors import BadInput, Damaged, NotCanonical, Unavailable
from whosaw.journal import tail
from whosaw.journal.ahead import ahead_of
from whosaw.journal.fsck.findings import Fault, Progress, Report
from whosaw.journal.manifest import strays
from whosaw.journal.ports import Folder, Sealed, Stores
from whosaw.journal.published import reading
from whosaw.journal.segment import FOLDER, AnyFrame, Frame, Mark, Order, frame_length, parse_frame
from whosaw.journal.segments import look
from whosaw.model.record import Kind, parse
from whosaw.tlog.leaf import GENESIS_LABEL, parse_entry
from whosaw.tlog.tile import FULL, Bundle, parse_bundle

_EVERY = 4_096


See = Callable[[AnyFrame, bytes | None], None]
"""``see(frame, entry)``: every frame that could be read, in order, and its leaf as far as it is published."""


def check(stores: Stores, *, size: int, published: int, report: Report, see: See, progress: Progress) -> None:
    """Checks 1 and 2 up to `size`; leaves are held against bundles as far as they are `published`."""
    leaves = _Leaves(stores.public, published)
    for frame in frames(stores, size, report):
        entry = leaves.entry(frame.index)
        if isinstance(frame, Frame):
            _leaf(frame, entry, report)
        see(frame, entry)
        if frame.index % _EVERY == 0:
            progress("frames", frame.index, size)
    progress("frames", size, size)


def frames(stores: Stores, size: int, report: Report) -> Iterator[AnyFrame]:
    """Every valid frame below `size`, in order; everything else becomes a finding."""
    try:
        sealed, marks = look(stores.private, stores.manifest)
        for name in strays(stores):
            report.untidy(Fault.SEGMENT, name, "it is of a generation that does not count, and was not removed yet")
    except Damaged as error:
        report.find(Fault.SEGMENT, error.where, str(error))
        return
    expected, rows = 0, list(ahead_of(stores).unsettled(0, size))
    for mark, until in zip(marks, [*(mark.first for mark in marks[1:]), size], strict=True):
        if mark.first >= size:
            break
        if mark.first != expected:
            report.find(
                Fault.SEGMENT, mark.name, f"begins at index {mark.first}; index {expected} and on are in no segment"
            )
        row = sealed.get(mark.first)
        if row is not None and until < size and row.end != until:
            report.find(Fault.SEGMENT, mark.name, f"it ends at index {until}, by the manifest at {row.end}")
        expected = yield from _segment(stores, mark, min(until, size), row, report, more=bool(rows) and until == size)
    if rows and expected < size:
        report.untidy(Fault.SEGMENT, FOLDER, f"index {expected} and on are in no segment yet")
    for frame in rows:
        if frame.index == expected:
            report.looked(1)
            yield frame
            expected = frame.index + 1
    if expected < size:
        report.find(Fault.SEGMENT, FOLDER, f"index {expected} and on are in no segment")


def _segment(
    stores: Stores, mark: Mark, until: int, row: Sealed | None, report: Report, *, more: bool
) -> Generator[AnyFrame, None, int]:
    """The frames of one segment; where it ends. `more`: it may end before `until`, the rest stands elsewhere."""
    mark, raw, row = _raw(stores, mark, row)
    order, at, last = Order(mark.first), 0, None
    while order.index < until and not (more and raw and at == len(raw)):
        try:
            frame, end = parse_frame(raw, at, mark)
            order.follow(frame, mark.name)
        except (NotCanonical, Damaged) as error:
            length = frame_length(raw, at)
            report.find(Fault.FRAME, f"{mark.name}, byte {at}, index {order.index}", str(error))
            if length is None or at + length > len(raw):
                report.find(Fault.SEGMENT, mark.name, f"index {order.index} up to {until} cannot be read")
                return until
            order, at, last = Order(order.index + 1), at + length, None
            continue
        report.looked(1)
        yield frame
        at, last = end, frame
    if last is not None and last.left:
        report.find(Fault.FRAME, f"{mark.name}, index {last.index}", "a submission has no end")
    if row is not None and row.end == order.index and row.bytes != at:
        report.find(Fault.SEGMENT, mark.name, f"its frames are {at} bytes, by the manifest {row.bytes}")
    elif row is not None and row.generation and len(raw) != row.bytes:
        report.find(Fault.SEGMENT, mark.name, f"{len(raw) - row.bytes} bytes follow what was written anew")
    return order.index


def _raw(stores: Stores, mark: Mark, row: Sealed | None) -> tuple[Mark, bytes, Sealed | None]:
    """A whole segment. An erasure may have put the next generation in its place since we looked."""
    raw = stores.private.read(mark.name)
    if raw is None:
        sealed, marks = look(stores.private, stores.manifest)
        mark = next((again for again in marks if again.first == mark.first), mark)
        raw, row = stores.private.read(mark.name), sealed.get(mark.first)
    return mark, raw or b"", row


def _leaf(frame: Frame, entry: bytes | None, report: Report) -> None:
    where = f"index {frame.index}"
    report.looked(2)
    try:
        body = parse(frame.body, where)
        signs = body["kind"] == Kind.GENESIS, frame.label == GENESIS_LABEL
        if signs != (frame.index == 0, frame.index == 0):
            report.find(Fault.BODY, where, "a genesis stands at index 0 and nowhere else")
    except NotCanonical as error:
        report.find(Fault.BODY, where, f"the body is not canonical: {error}")
    if entry is not None and entry != frame.entry:
        report.find(Fault.LEAF, where, "the frame does not open the leaf in its bundle")


class _Leaves:
    """Published entries by index, bundle by bundle. What cannot be had is for check 3 to say."""

    __slots__ = ("_at", "_entries", "_read", "_size")

    def __init__(self, public: Folder, size: int) -> None:
        self._read, self._size = reading(public), size
        self._at = -1
        self._entries: list[bytes] = []

    def entry(self, index: int) -> bytes | None:
        if index >= self._size:
            return None
        if index // FULL != self._at:
            self._at = index // FULL
            self._entries = self._bundle(Bundle(self._at, min(FULL, self._size - self._at * FULL)))
        nth = index % FULL
        return self._entries[nth] if nth < len(self._entries) else None

    def _bundle(self, bundle: Bundle) -> list[bytes]:
        try:
            entries = parse_bundle(self._read(bundle), bundle.width, bundle.path)
            for entry in entries:
                parse_entry(entry)
        except (Damaged, NotCanonical, BadInput, Unavailable):
            return []
        return entries


# ── beyond the head ──


def check_tail(stores: Stores, size: int, report: Report) -> None:
    """What a start would find beyond a head of `size`. A running journal has something there nearly always."""
    with report.holding(Fault.TAIL, FOLDER):
        found = ahead_of(stores).find(size)
        if found.frames:
            report.untidy(
                Fault.TAIL, f"{FOLDER}, index {size} and on", f"{len(found.frames)} frames are under no head yet"
            )
        if found.torn:
            report.untidy(
                Fault.TAIL, Mark(found.newest).name, f"its last {len(found.torn)} bytes are no whole submission"
            )


def check_cuts(private: Folder, recorded: Callable[[str], bool], report: Report) -> None:
    """What starts kept aside: still what was cut, and on record. `recorded` knows an idempotency key of the journal's."""
    for name in private.names(tail.KEPT):
        report.looked(1)
        cut = tail.parse_kept(name)
        if cut is None:
            report.find(Fault.CUT, tail.KEPT, "a file that no start kept aside stands there")
        elif sha256(private.read(name) or b"").hexdigest()[:16] != cut.digest:
            report.find(Fault.CUT, name, "it does not hold the bytes that were cut")
        elif not recorded(cut.key):
            report.untidy(Fault.CUT, name, "it is not on record yet")
