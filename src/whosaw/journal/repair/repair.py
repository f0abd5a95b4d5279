# SPDX-License-Identifier: Apache-2.0
"""Repair: what follows from something verified is made again. Leaves, bodies and heads do not follow from anything.

    head, signed ──root──▶ leaves from bundles, frames, a mirror ──▶ bundles, tiles, genesis      (rebuild)
                           bundles, right now                    ──▶ labels.db
                           frames that open every leaf           ──▶ positions, idempotency rows
                                                                     but for one thing: a receipt's time

fsck runs before and after, so what is called whole was read whole. Nothing runs beside it: it holds the lock.

Invariant: with a head that cannot be believed, or two histories in hand, nothing is touched. Never written are segments,
the head, the checkpoint that shows it, and what witnesses signed.            Specification: docs/spec/operator.md §2
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from whosaw.errors import Contradiction, Damaged, NotCanonical
from whosaw.journal.fsck.files import single
from whosaw.journal.fsck.findings import Fault, Progress, Report, silent
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.fsck.head import MAIN, Log
from whosaw.journal.fsck.map_log import LOG as MAP_LOG
from whosaw.journal.heads import CHECKPOINT, GENESIS, MAP, Signers, opened
from whosaw.journal.labels import catch_up
from whosaw.journal.place import following
from whosaw.journal.ports import Folder, Head, HeadState, Mendable, Placed, Stores, StreamKeys
from whosaw.journal.published import bundles, entries
from whosaw.journal.recover import no_journal
from whosaw.journal.repair.aside import Aside
from whosaw.journal.repair.mirrored import mirrored
from whosaw.journal.repair.rebuild import Leaves, Rebuild, framed, served
from whosaw.journal.segment import Frame
from whosaw.journal.segments import Segments
from whosaw.journal.under import Under
from whosaw.model.genesis import GenesisFile
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.leaf import entry as entry_of
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.verify.source import Source
from whosaw.verify.witnessed import WITNESSED

_NO_STREAM = bytes(16)


@dataclass(slots=True)
class Mended:
    """What a repair did. `done`: what was made again, by name; `left`: why something was not."""

    before: Report
    after: Report
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def repair(
    stores: Stores,
    signers: Signers,
    keys: StreamKeys | None = None,
    *,
    mirror: Source | None = None,
    progress: Progress = silent,
) -> Mended:
    """Check, make again what can be, check again. Raises Busy where another process holds the folder, BadInput, Unavailable."""
    if stores.head.read() is None:  # before the lock: a wrong path is left as it was
        raise no_journal()
    held = stores.private.hold("lock")
    try:
        before = fsck(stores, signers, keys, progress=progress)
        if before.whole and not any(finding.kind is Fault.LABELS for finding in before.findings):
            return Mended(before, before)
        work = _Work(stores, signers, mirror, progress)
        work.all(before)
        after = fsck(stores, signers, keys, progress=progress) if work.done else before
        return Mended(before, after, work.done, work.left)
    finally:
        held.release()


@dataclass(slots=True)
class _Work:
    stores: Stores
    signers: Signers
    mirror: Source | None
    progress: Progress
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def all(self, before: Report) -> None:
        """Everything, each part for itself: what cannot be mended in one does not keep the others waiting."""
        stores, faults = self.stores, {finding.kind for finding in before.damage}
        believed = None
        with self._telling():
            believed = _believed(stores.head, stores.public, self.signers.keys(), MAIN)
        if believed is None:
            self.left.append("Nothing follows from a head that cannot be believed: nothing was touched.")
            return
        head, signed, shown = believed
        with self._telling():
            # Frames first: of all copies they alone carry a check of their own.
            leaves = [framed(stores.private, stores.manifest), served(stores.public), *self._mirrored("")]
            whole = self._tree(stores.public, (signed, shown), leaves, MAIN)
            if whole:
                self._genesis()
                self._labels(signed.size, faults)
                self._tables(head, signed.size, faults)
        with self._telling():
            public = Under(stores.public, MAP)
            _, signed, shown = _believed(stores.map_head, public, self.signers.map_keys(), MAP_LOG)
            self._tree(public, (signed, shown), [served(public), *self._mirrored(MAP)], MAP_LOG)

    def _telling(self) -> _Telling:
        return _Telling(self.left)

    def _mirrored(self, below: str) -> list[Leaves]:
        return [] if self.mirror is None else [mirrored(self.mirror, below)]

    def _tree(
        self, public: Folder, heads: tuple[Checkpoint, Checkpoint | None], leaves: Sequence[Leaves], log: Log
    ) -> bool:
        """The files of one log: of its head, of which what is shown is the beginning. Whether every bundle stands there now."""
        names = [name for name in public.names() if log.folder or not name.startswith(f"{MAP}/")]
        sizes = [*_shown(public), *(() if log.folder else _indexed(Under(public, MAP)))]
        rebuild = Rebuild(public, heads[0], leaves, names=names, single=single(log), sizes=sizes, shown=heads[1])
        plan = rebuild.plan(lambda done, of: self.progress("leaves", done, of))
        self.left += [f"{log.folder}{name}: nobody has these leaves any more." for name in plan.lost]
        self.done += rebuild.mend(plan, Aside(self.stores.private, log.folder))
        return not plan.lost

    def _genesis(self) -> None:
        """The genesis that is shown opens leaf 0, which is right by now."""
        with self._telling():
            frame = Segments(self.stores.private, self.stores.manifest).record(0)
            _, label, commitment = next(entries(self.stores.public, 0, 1))
            if frame.entry != entry_of(label, commitment):
                raise Damaged("the frame of leaf 0 does not open it", where="index 0")
            file = GenesisFile(frame.nonce, frame.body).encode()
            self.done += Aside(self.stores.private).put(self.stores.public, [(GENESIS, file)])

    def _labels(self, size: int, faults: set[Fault]) -> None:
        """The table follows from the bundles: caught up where it is behind, thrown away and made again where it is wrong."""
        labels = self.stores.labels
        with self._telling():
            if Fault.LABELS in faults:
                labels.clear()
            if labels.size() < size:
                catch_up(self.stores.public, labels, size, lambda n, of: self.progress("labels", n, of))
                self.done.append("labels.db")

    def _tables(self, head: HeadState, size: int, faults: set[Fault]) -> None:
        """Positions and idempotency rows, where every frame opens its leaf."""
        if faults.isdisjoint({Fault.POSITION, Fault.PLACED}):
            return
        store = self.stores.head
        if not isinstance(store, Mendable):
            self.left.append("Positions and idempotency rows of this kind of head are not made again.")
            return
        with self._telling():
            positions, placed = _tables_of(self.stores, size, head.signed_at, self.progress)
            store.mend(head.note, positions, placed)
            self.done += ["head.db, positions", "head.db, placed"]


@dataclass(frozen=True, slots=True)
class _Telling:
    """For a ``with``: what cannot be made again says so, and the rest goes on."""

    left: list[str]

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Damaged | NotCanonical | Contradiction):
            self.left.append(f"{error}{f' ({error.hint})' if error.hint else ''}.")
            return True
        return False


def _believed(
    store: Head, public: Folder, keys: Sequence[VerifierKey], log: Log
) -> tuple[HeadState, Checkpoint, Checkpoint | None]:
    """A head, and the checkpoint that is shown, where it is one of ours and not ahead. Raises Damaged."""
    store.check()
    state = store.read()
    if state is None:
        raise Damaged("the head of this log is missing", where=log.database)
    head = opened(state.note, keys, log.database)
    if head.size != state.size or head.size < log.least:
        raise Damaged("the head does not say what its note says", where=log.database)
    try:
        note = public.read(CHECKPOINT)
        shown = None if note is None else opened(note, keys, CHECKPOINT)
    except Damaged:
        shown = None  # not ours, so it says nothing about any history; fsck names it
    if shown is not None and (shown.size > head.size or (shown.size == head.size and shown.root != head.root)):
        raise Damaged(
            f"{log.name(CHECKPOINT)} is of another history than the head: nothing was touched",
            where=log.name(CHECKPOINT),
            hint="the head database may be an old copy; keep everything as it is",
        )
    return state, head, shown


def _shown(public: Folder) -> Iterator[int]:
    """The sizes that are shown to everybody, whose right edge somebody may ask for."""
    for name in (CHECKPOINT, WITNESSED):
        with suppress(NotCanonical):
            if (note := public.read(name)) is not None:
                yield Checkpoint.parse(parse_note(note).text).size


def _indexed(public: Folder) -> Iterator[int]:
    """The sizes that the map log speaks of, as far as it can be read: whoever checks it asks for their tiles."""
    leaves = served(public)
    with suppress(NotCanonical):
        note = public.read(CHECKPOINT)
        size = 0 if note is None else Checkpoint.parse(parse_note(note).text).size
        for bundle in bundles(size):
            for entry in leaves(bundle) or ():
                with suppress(NotCanonical):
                    yield Checkpoint.parse(parse_note(MapLeaf.parse(entry).note).text).size


def _tables_of(
    stores: Stores, size: int, signed_at: int, progress: Callable[[str, int, int], None]
) -> tuple[dict[bytes, int], dict[bytes, Placed]]:
    """What the frames say of positions and submissions, each frame opening its leaf. Raises Damaged.

    A receipt's time stands nowhere else. Where a row for this very submission has one it is kept; else it is the head's.
    """
    known = dict(stores.head.all_placed())
    positions: dict[bytes, int] = {}
    placed: dict[bytes, Placed] = {}
    first = 0
    leaves = entries(stores.public, 0, size)
    frames, idem, left = Segments(stores.private, stores.manifest).frames(0, size), None, set[tuple[int, int]]()
    for frame, (index, label, commitment) in zip(frames, leaves, strict=True):
        if isinstance(frame, Frame):
            _follow(frame, entry_of(label, commitment), positions)
            idem = frame.idem
        if frame.left == 0:
            if idem is None:
                left.add((first, index + 1 - first))
            else:
                placed[idem] = _row(first, index + 1 - first, known.get(idem), signed_at)
            first, idem = index + 1, None
        if index % 4096 == 0:
            progress("frames", index, size)
    # Of a submission that was erased whole, no frame tells the key. The row that has its place is all there is of it.
    return positions, {idem: row for idem, row in known.items() if (row.first, row.count) in left} | placed


def _follow(frame: Frame, entry: bytes, positions: dict[bytes, int]) -> None:
    where = f"index {frame.index}"
    if frame.entry != entry:
        raise Damaged("the frame does not open its leaf: no table follows from it", where=where)
    if frame.handle == _NO_STREAM:
        return
    if frame.i != positions.get(frame.handle, 0):
        raise Damaged("a stream has a gap: no table follows from it", where=where)
    positions[frame.handle] = following(frame.i, frame.body)


def _row(first: int, count: int, known: Placed | None, signed_at: int) -> Placed:
    true = known is not None and (known.first, known.count) == (first, count) and 0 < known.at <= signed_at
    return known if known is not None and true else Placed(first, count, signed_at)
