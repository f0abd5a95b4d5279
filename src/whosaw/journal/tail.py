# SPDX-License-Identifier: Apache-2.0
"""What a crash left beyond the head: found, made durable again, and what is torn kept aside.

    …0000.seg  │ … 88 89 │ 90 91 92 93 ░░░░       head at 90; 93 is the last whole submission
                              │          └──▶ kept/…torn, and a record of kind `tail` in the stream `admin`
                              └─copied──▶ …0090.seg, durable before anything else is written

The bytes of the old file may be in the page cache only: the process that wrote them died in its fdatasync. So they are
copied, synced and only then counted; the old file is never written to again. A segment that begins beyond the head holds
nothing but such frames; it is replaced or removed once the copy is durable.

Invariant: nothing that was answered for is cut. An answer came after an fdatasync, and what that returned for is whole.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from whosaw.errors import Damaged
from whosaw.journal.ports import Folder, Manifest
from whosaw.journal.segment import FOLDER, Frame, Mark, Order, encode_all, scan, segment_name
from whosaw.journal.segments import Segments, records
from whosaw.journal.state import Written
from whosaw.model.record import Json, Kind, canonical

KEPT = "kept"
_KEPT_NAME = re.compile(r"kept/([0-9]{20})-([0-9]{20})-([0-9a-f]{16})\.torn")


@dataclass(frozen=True, slots=True)
class Found:
    """The frames beyond the head, whole submissions, and the torn bytes after them.

    `newest` is the segment whose end was looked at, `beyond` all that begin at the head or after it.
    """

    frames: list[Frame] = field(repr=False)
    torn: bytes = field(repr=False)
    newest: int
    beyond: list[int]


def find(private: Folder, manifest: Manifest, size: int) -> Found:
    """Everything beyond a head of `size`. Changes nothing. Raises Damaged for what no crash leaves."""
    segments = Segments(private, manifest)
    if segments.frame(size - 1).left:
        raise Damaged(f"a head of size {size} cuts a submission in two", where=FOLDER)
    marks = segments.marks()
    beyond = [mark.first for mark in marks if mark.first >= size]
    if beyond:
        # All but the newest segment are whole up to where the next one begins: a later write followed them.
        newest, start = Mark(beyond[-1]), 0
        frames = records(segments.frames(size, newest.first))
    elif marks[-1].first in manifest.sealed():
        return Found([], b"", marks[-1].first, [])  # it gets no more frames, and what follows them does not exist
    else:
        newest, start = segments.start_of(size)
        frames = []
    order = Order(size + len(frames))
    scanned = scan(private.read(newest.name) or b"", newest, order, start)
    return Found(frames + scanned.frames, scanned.torn, newest.first, beyond)


def settle(private: Folder, size: int, found: Found) -> list[Written]:
    """Make what was found durable, in one new segment, and keep aside what is torn. Returns where the frames are.

    Any part of it may have been done by a start that did not come to its end.
    """
    end = size + len(found.frames)
    if found.torn:
        private.create_or_compare([(_kept_name(found.newest, end, found.torn), found.torn)])
    written = []
    if found.frames:
        mark = Mark(size)
        data = encode_all(found.frames, mark)
        private.replace(mark.name, data)
        written = [Written(mark, 0, len(data), len(found.frames))]
    # Their frames have just been made durable under another name, or they had none. The next segment's creation makes
    # the removal durable before anything else is written.
    for first in found.beyond:
        if first > size or not found.frames:
            private.delete(segment_name(first))
    return written


@dataclass(frozen=True, slots=True)
class Cut:
    """What the name of a file kept aside says: cut from which segment, before which index, and its digest's beginning."""

    segment: int
    index: int
    digest: str

    @property
    def key(self) -> str:
        """The idempotency key of its record."""
        return f"tail-{self.index:020d}-{self.digest}"


def parse_kept(name: str) -> Cut | None:
    """What a file of `kept/` is; None for one that no start made."""
    found = _KEPT_NAME.fullmatch(name)
    return Cut(int(found[1]), int(found[2]), found[3]) if found else None


def cuts(private: Folder) -> Iterator[tuple[str, bytes]]:
    """An idempotency key and the body of a `tail` record for everything that was ever kept aside."""
    for name in private.names(KEPT):
        cut = parse_kept(name)
        if cut is None:
            continue
        data = private.read(name) or b""
        body: dict[str, Json] = {
            "v": 1,
            "kind": str(Kind.TAIL),
            "segment": cut.segment,
            "index": cut.index,
            "bytes": len(data),
            "sha256": b64encode(sha256(data).digest()).decode(),
        }
        yield cut.key, canonical(body)


def _kept_name(segment: int, index: int, torn: bytes) -> str:
    return f"{KEPT}/{segment:020d}-{index:020d}-{sha256(torn).hexdigest()[:16]}.torn"
