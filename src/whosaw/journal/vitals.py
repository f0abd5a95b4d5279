# SPDX-License-Identifier: Apache-2.0
"""How a log stands, from what is on the disk: for whoever looks after it, beside whoever writes it.

    published ≤ head ≤ head + waiting        leaves        witnessed ≤ published        mapped ≤ published
    files and bytes of `public`, partial files among them; segments and their bytes

Numbers are read one after the other while the log goes on, in an order in which none can be ahead of what it follows.

Invariant: sizes, times and bytes of the log as a whole. Nothing here is about a stream, and no name of a file is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal import tail
from whosaw.journal.heads import CHECKPOINT, MAP, opened
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.published import reading
from whosaw.journal.receipts import moment
from whosaw.journal.recover import no_journal
from whosaw.journal.segment import FOLDER as SEGMENTS
from whosaw.journal.under import Under
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.tlog.tile import FULL, Bundle, parse_bundle
from whosaw.verify.witnessed import WITNESSED


@dataclass(frozen=True, slots=True)
class Files:
    """How many files, how many bytes; `partial`: files among them that a full one replaces later."""

    count: int
    bytes: int
    partial: int = 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """One log at the moment `at`. `waiting`: frames under no head yet; None where they cannot be read.

    `public`: None where nobody counted.

    `mapped`, `witnessed`: how many leaves the newest index and the newest witnessed head cover, 0 where there is none.
    """

    at: datetime
    published: Checkpoint
    size: int
    signed_at: datetime
    waiting: int | None
    mapped: int
    mapped_at: datetime
    map_size: int
    witnessed: int
    public: Files | None
    segments: Files

    @property
    def age_s(self) -> int:
        """How old the newest signature is."""
        return max(0, int((self.at - self.signed_at).total_seconds()))


def vitals(stores: Stores, keys: Sequence[VerifierKey], at: datetime, *, files: bool = True) -> Vitals:
    """`keys` sign the log's heads; `files`: count the published ones, which takes a while in a large log.

    Raises BadInput where there is no journal, Damaged for a head or a checkpoint that is not ours, Unavailable.
    """
    witnessed = _witnessed(stores.public)
    mapped, map_size = _mapped(Under(stores.public, MAP))
    note = stores.public.read(CHECKPOINT)
    head, map_head = stores.head.read(), stores.map_head.read()
    if head is None or note is None:
        raise no_journal()
    if map_head is None:
        raise Damaged("the head of the map log is missing", where="map.db")
    return Vitals(
        at=at,
        published=opened(note, keys, CHECKPOINT),
        size=head.size,
        signed_at=moment(head.signed_at),
        waiting=_waiting(stores, head.size),
        mapped=mapped,
        mapped_at=moment(map_head.signed_at),
        map_size=map_size,
        witnessed=witnessed,
        public=_files(stores.public) if files else None,
        segments=_files(stores.private, SEGMENTS),
    )


def _witnessed(public: Folder) -> int:
    """Of the file as it stands: who vouches for it is for `whosaw verify` and fsck to say."""
    raw = public.read(WITNESSED)
    try:
        return 0 if raw is None else Checkpoint.parse(parse_note(raw, WITNESSED).text, WITNESSED).size
    except NotCanonical as error:
        raise Damaged(str(error), where=WITNESSED) from None


def _mapped(public: Folder) -> tuple[int, int]:
    """How many leaves the last index covers, and the size of its log."""
    where = f"{MAP}/{CHECKPOINT}"
    note = public.read(CHECKPOINT)
    if note is None:
        return 0, 0
    try:
        size = Checkpoint.parse(parse_note(note, where).text, where).size
        if not size:
            return 0, 0
        last = Bundle((size - 1) // FULL, (size - 1) % FULL + 1)
        entry = parse_bundle(reading(public)(last), last.width, last.path)[-1]
        of = Checkpoint.parse(parse_note(MapLeaf.parse(entry, where).note, where).text, where)
    except NotCanonical as error:
        raise Damaged(str(error), where=where) from None
    return of.size, size


def _waiting(stores: Stores, size: int) -> int | None:
    try:
        return len(tail.find(stores.private, stores.manifest, size).frames)
    except Damaged:
        return None


def _files(folder: Folder, under: str = "") -> Files:
    count = size = partial = 0
    for name in folder.names(under):
        length = folder.length(name)
        if length is None:
            continue  # collected since it was listed
        count, size, partial = count + 1, size + length, partial + (".p/" in name)
    return Files(count, size, partial)
