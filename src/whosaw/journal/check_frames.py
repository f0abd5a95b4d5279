# SPDX-License-Identifier: Apache-2.0
"""Checks 1 and 2: every frame as it was written, and every leaf opened by its frame.

    segments ──frame by frame──▶ the entry it commits to  ==  the entry in the bundle
                             └──▶ Census: streams, submissions and labels, counted for check 6

A bad frame is a finding, and the walk goes on behind it where its length still says where that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from whosaw.errors import BadInput, Damaged, NotCanonical, Unavailable
from whosaw.journal.findings import Progress, Report
from whosaw.journal.ports import Folder
from whosaw.journal.published import reading
from whosaw.journal.segment import Frame, Mark, Order, frame_length, parse_frame
from whosaw.journal.segments import firsts
from whosaw.model.record import parse
from whosaw.tlog.leaf import GENESIS_LABEL, parse_entry
from whosaw.tlog.tile import FULL, Bundle, parse_bundle

_EVERY = 4_096


@dataclass(slots=True)
class Census:
    """What the frames say. `nexts`: handle ─▶ next i. `placed`: idem ─▶ first index and count."""

    nexts: dict[bytes, int] = field(default_factory=dict)
    placed: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    labels: dict[bytes, int] = field(default_factory=dict)


def frames(private: Folder, size: int, report: Report) -> Iterator[Frame]:
    """Every valid frame below `size`, in order; everything else becomes a finding of check 1."""
    try:
        known = firsts(private)
    except Damaged as error:
        report.find(1, "segments", str(error))
        return
    expected = 0
    for first, until in zip(known, [*known[1:], size], strict=True):
        if first >= size:
            break
        if first != expected:
            report.find(1, Mark(first).name, f"begins at index {first}; index {expected} and on are in no segment")
        yield from _segment(private, Mark(first), min(until, size), report)
        expected = min(until, size)
    if expected < size:
        report.find(1, "segments", f"index {expected} and on are in no segment")


def _segment(private: Folder, mark: Mark, until: int, report: Report) -> Iterator[Frame]:
    raw = private.read(mark.name) or b""
    order, at, last = Order(mark.first), 0, None
    while order.index < until:
        try:
            frame, end = parse_frame(raw, at, mark)
            order.follow(frame, mark.name)
        except (NotCanonical, Damaged) as error:
            length = frame_length(raw, at)
            report.find(1, f"{mark.name}, byte {at}, index {order.index}", str(error))
            if length is None or at + length > len(raw):
                report.find(1, mark.name, f"index {order.index} up to {until} cannot be read")
                return
            order, at, last = Order(order.index + 1), at + length, None
            continue
        report.looked(1)
        yield frame
        at, last = end, frame
    if last is not None and last.left:
        report.find(1, f"{mark.name}, index {last.index}", "a submission has no end")


def check(public: Folder, private: Folder, size: int, report: Report, progress: Progress) -> Census:
    """Checks 1 and 2 up to `size`."""
    census, leaves = Census(), _Leaves(public, size)
    first = 0
    for frame in frames(private, size, report):
        index = frame.index
        _leaf(frame, leaves.entry(index), report)
        _label(frame, census, report)
        if frame.handle != bytes(16):
            _position(frame, census, report)
        if frame.left == 0:
            if frame.idem in census.placed:
                report.find(1, f"index {first}", "an idempotency key is used by two submissions")
            census.placed[frame.idem] = first, index + 1 - first
            first = index + 1
        if index % _EVERY == 0:
            progress("frames", index, size)
    progress("frames", size, size)
    return census


def _leaf(frame: Frame, entry: bytes | None, report: Report) -> None:
    where = f"index {frame.index}"
    report.looked(2)
    try:
        body = parse(frame.body, where)
        if (frame.index == 0) != (body["kind"] == "genesis" and frame.label == GENESIS_LABEL):
            report.find(2, where, "a genesis stands at index 0 and nowhere else")
    except NotCanonical as error:
        report.find(2, where, f"the body is not canonical: {error}")
    if entry is not None and entry != frame.entry:
        report.find(2, where, "the frame does not open the leaf in its bundle")


def _label(frame: Frame, census: Census, report: Report) -> None:
    other = census.labels.setdefault(frame.label, frame.index)
    if other != frame.index:
        report.find(2, f"index {frame.index}", f"its label stands at index {other} already")


def _position(frame: Frame, census: Census, report: Report) -> None:
    expected = census.nexts.get(frame.handle, 0)
    if frame.i != expected:
        report.find(2, f"index {frame.index}", f"position {frame.i} of its stream, where {expected} follows")
    census.nexts[frame.handle] = frame.i + 1


class _Leaves:
    """Entries by index, bundle by bundle. What cannot be had is for check 3 to say."""

    __slots__ = ("_at", "_entries", "_read", "_size")

    def __init__(self, public: Folder, size: int) -> None:
        self._read, self._size = reading(public), size
        self._at = -1
        self._entries: list[bytes] = []

    def entry(self, index: int) -> bytes | None:
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
