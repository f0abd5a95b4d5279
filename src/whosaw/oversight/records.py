# SPDX-License-Identifier: Apache-2.0
"""Records for a regulator: bodies taken out of the log, on record first, each with its proof, into one file.

    record in `exports` ──published──▶ header with that head ──▶ leaf, leaf, … ──▶ end ──▶ read again, line by line

Bodies hold pseudonyms, never names. Taking them out is a record all the same: what, by whom, as of which head.

Invariant: every line is checked under the signed root before it is written, and the whole file once more before it gets
its name. What was broken off goes on behind the last line that holds.            Specification: docs/spec/records.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from whosaw.errors import BadInput, Damaged, NotCanonical, ProofFailed
from whosaw.journal.ports import StreamKey
from whosaw.journal.reader import Reader
from whosaw.journal.segment import AnyFrame, Erased
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Json, Kind, Stream, canonical, time_text
from whosaw.tlog.merkle import root_at
from whosaw.verify.records import ALL, LINE_LIMIT, Blank, End, Header, Line, Walk

CALLER = "oversight"


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded: ...
    def wait_published(self, index: int) -> bytes: ...
    def reader(self) -> Reader: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is taken out: named streams by name with their keys, or everything. `named`: which streams have which handle."""

    streams: tuple[str, ...]
    keys: tuple[StreamKey, ...]
    named: Mapping[bytes, str]

    @property
    def all(self) -> bool:
        return self.streams == (ALL,)


def begin(
    wanted: Wanted, principal: str, journal: Journal, clock: Callable[[], datetime], key: str
) -> tuple[Header, Reader]:
    """Put it on record, by `principal` (a pseudonym), and pin the head that covers that record."""
    at = clock()
    body = export_body(wanted, principal, time_text(at))
    recorded = journal.submit(Submission(CALLER, key, (Record(Stream.named("exports"), body),)))
    index = recorded.leaves[-1].index
    journal.wait_published(index)
    reader = journal.reader()
    return Header(time_text(at), reader.note, wanted.streams, index), reader


def refuse(
    wanted: Wanted, principal: str, reasons: Sequence[str], journal: Journal, *, clock: Callable[[], datetime], key: str
) -> Recorded:
    """Put on record that `principal` asked, and got nothing for these `reasons`."""
    body = export_body(wanted, principal, time_text(clock()), reasons)
    return journal.submit(Submission(CALLER, key, (Record(Stream.named("exports"), body),)))


def export_body(wanted: Wanted, principal: str, at: str, reasons: Sequence[str] = ()) -> bytes:
    """What is put on record of it. With `reasons` nothing was taken out."""
    said: dict[str, Json] = {
        "v": 1, "kind": str(Kind.EXPORT), "at": at, "what": "records", "principal": principal, "streams": list(wanted.streams),
    }  # fmt: skip
    return canonical({**said, "reasons": list(reasons)} if reasons else said)


def resume(
    raw: bytes, wanted: Wanted, principal: str, newest: Reader, pinned: Callable[[bytes], Reader]
) -> tuple[Header, Reader]:
    """Go on with a file that begins with `raw`. `pinned`: a reader for a note of ours.

    Raises BadInput where it is another's, and where no record says that `principal` takes exactly this out: a first line
    can be typed by anybody, from what is published.
    """
    try:
        header = Header.parse(raw)
        reader = pinned(header.checkpoint)
    except (NotCanonical, Damaged) as error:
        raise BadInput(f"an unfinished file of something else stands there: {error}", where="OUT") from None
    ours = reader.size <= newest.size and root_at(newest.node, reader.size) == reader.checkpoint.root
    if header.streams != wanted.streams or not ours:
        raise BadInput(
            "an unfinished file of other streams, or of another log, stands there",
            where="OUT",
            hint="take it away first",
        )
    if not _on_record(header, wanted, principal, reader):
        raise BadInput(
            "no record says that this was begun by the one who asks now",
            where="OUT",
            hint="take the unfinished file away: a new one is on record first",
        )
    return header, reader


def _on_record(header: Header, wanted: Wanted, principal: str, reader: Reader) -> bool:
    if header.export >= reader.size:
        return False
    frame = reader.frame(header.export)
    if isinstance(frame, Erased) or wanted.named.get(frame.handle) != "exports":
        return False
    return frame.body == export_body(wanted, principal, header.at)


def write(file: BinaryIO, header: Header, wanted: Wanted, reader: Reader, progress: Callable[[int, int], None]) -> Walk:
    """Fill `file`, which is new or holds the beginning of these very lines, up to its end."""
    walk = Walk(reader.size, reader.checkpoint.root)
    first = header.encode()
    _held(file, walk, first)
    for line in _lines(wanted, reader, walk.last):
        raw = line.encode()
        walk.take(raw, f"leaf {line.index}")
        file.write(raw)
        progress(line.index + 1, reader.size)
    if not walk.ended:
        file.write(End(walk.leaves, walk.digest()).encode())
    return walk


def _held(file: BinaryIO, walk: Walk, first: bytes) -> None:
    """Go through the lines that are there, and cut off what does not hold."""
    file.seek(0)
    there = file.readline(len(first))
    walk.begin(first)
    good = len(first)
    if there != first:
        file.seek(0)
        file.truncate()
        file.write(first)
        return
    while raw := file.readline(LINE_LIMIT):
        try:
            walk.take(raw, "unfinished file")
        except (NotCanonical, ProofFailed):
            break
        good += len(raw)
    file.seek(good)
    file.truncate()


def _lines(wanted: Wanted, reader: Reader, last: int) -> Iterator[Line | Blank]:
    frames: Iterator[AnyFrame]
    if wanted.all:
        frames = reader.frames(last + 1)
    else:
        found = [frame for key in wanted.keys for frame in reader.run(key) if frame.index > last]
        frames = iter(sorted(found, key=lambda frame: frame.index))
    for frame in frames:
        if isinstance(frame, Erased):
            yield Blank(frame.index, frame.tombstone)
        else:
            stream = "genesis" if frame.index == 0 else wanted.named.get(frame.handle, "person")
            path = tuple(reader.inclusion(frame.index))
            yield Line(frame.index, stream, frame.i, frame.label, frame.nonce, frame.body, path)
