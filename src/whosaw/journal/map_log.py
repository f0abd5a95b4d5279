# SPDX-License-Identifier: Apache-2.0
"""The map log: what the index said, and when, for good. A second log beside the first one, by the same commits.

    published head ──▶ index moved to its size ──▶ root
                                                    └─▶ leaf: root ‖ head  ──stage, sign, swap, apply, publish──▶ answer

A leaf is appended once a minute where there is something new, and whenever somebody must be answered: a statement. Input
sizes strictly grow. Nothing is answered from an index that is not under a published head of this log. A log with witnesses
gets its index only of heads that they have seen: then head and index of a statement can both be shown with their quorum.

A leaf follows from its input size, but which size comes next is a choice. So a choice that is staged is carried through,
by this process or the next one, before another is made: no size of this log is ever signed with two roots.

Invariant: it never holds up the log. Where it fails it stops alone, is behind, and a start makes it whole.
                                                                      Specification: docs/spec/index.md §3
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.errors import Damaged, NotCanonical, OutcomeUnknown, ProofFailed, Unavailable, WhosawError
from whosaw.journal.commit import Commits
from whosaw.journal.edge import Edge
from whosaw.journal.face import Face
from whosaw.journal.heads import CHECKPOINT, MAP, Signers, opened
from whosaw.journal.index import Index, IndexAt
from whosaw.journal.map_standing import Last, last_leaf, said_by
from whosaw.journal.older import Pairs
from whosaw.journal.partials import Partials
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.published import nodes
from whosaw.journal.reader import Reader
from whosaw.journal.receipts import moment
from whosaw.journal.resume import bring_up
from whosaw.journal.segments import Segments
from whosaw.journal.staging import FOLDER as STAGING
from whosaw.journal.staging import Staged
from whosaw.journal.standing import Standing
from whosaw.journal.state import Published, State
from whosaw.journal.under import Under
from whosaw.journal.witnessed import Witnessed
from whosaw.tlog.map_leaf import MapLeaf, map_origin
from whosaw.tlog.merkle import leaf_hash, prove_inclusion
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.tile import FULL, parse_bundle

EVERY = timedelta(seconds=60)
SMALL = 65_536  # leaves whose index is made in a fraction of a second
KEPT = 256  # last leaves whose heads are remembered, for witnesses that are late
CROWN = "crown"
_SAVE_AFTER = 4_096  # leaves, or a sixty-fourth of all: indexing them again takes no longer than reading the file
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The index of one published head, with what proves that it was signed. All of one moment.

    `reader`: the log as of that head. `checkpoint`: of the map log, a note; its last leaf is `leaf`, with its `path`.
    """

    reader: Reader
    checkpoint: bytes = field(repr=False)
    leaf: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)
    index: IndexAt = field(repr=False)


class MapLog:
    """The map log of a running journal. Safe to share between threads: one at a time appends.

    `witnessed`: what witnesses have seen of it.
    """

    witnessed: Witnessed

    def __init__(
        self,
        state: State,
        stores: Stores,
        commits: Commits,
        keys: Sequence[VerifierKey],
        *,
        heads: Callable[[], Published | None],
        every: timedelta,
    ) -> None:
        """Use `open`. `keys`: of the log itself."""
        self._state, self._stores, self._commits, self._keys = state, stores, commits, keys
        self._heads, self._every = heads, every
        self._partials = Partials(commits.public, commits.clock)
        self._index = Index(stores.public, stores.labels)
        self._segments = Segments(stores.private, stores.manifest)
        self._lock = threading.Lock()
        self._stopped: BaseException | None = None
        self._begun: bytes | None = None
        self._recent: dict[int, tuple[Published, bytes]] = {}  # size of this log ─▶ the log's head, and the leaf for it
        self._saved = 0
        self._pairs: Pairs | None = None
        self._witnesses = False

    @classmethod
    def open(
        cls,
        state: State,
        stores: Stores,
        signers: Signers,
        clock: Callable[[], datetime],
        stood: Standing,
        *,
        heads: Callable[[], Published | None] | None = None,
        every: timedelta = EVERY,
        pairs: Pairs | None = None,
    ) -> MapLog:
        """Bring the map log to what its head says, as `stand_map` found it. Raises Damaged where it is not one.

        `heads`: the newest head that gets an index, None where there is none; without it every published head does.
        `pairs`: where heads are kept with their index, for statements that end earlier.
        """
        origin = map_origin(signers.logs[0].name)
        public, private = Under(stores.public, MAP), Under(stores.private, MAP)
        commits = Commits(public, private, stores.map_head, None, origin, signers.maps, clock)
        made = cls(state, stores, commits, signers.keys(), heads=heads or (lambda: state.published), every=every)
        made._pairs, made._witnesses = pairs, heads is not None
        made._start(stood)
        made.witnessed = Witnessed(
            Face(f"{MAP}/", public, signers.map_keys(), made._published, made._check, made.stop, state.changed)
        )
        return made

    # ── a start ──

    def _start(self, stood: Standing) -> None:
        self._head, self._edge = stood.state, bring_up(stood, None)
        self._last = last_leaf(stood.public, self._head.size, self._of)
        self._begun = self._left(self._commits.private)
        given = self._heads()
        if given is not None and given.size == self._last.size:
            self._recent[self._head.size] = given, self._last.entry
        _log.info("map log: size %d, of the log's size %d", self._head.size, self._last.size)

    def _of(self, entry: bytes) -> Last:
        """What a leaf of ours says. Raises Damaged where it is of another history than the log's head."""
        size = self._state.head.size
        return said_by(entry, self._keys, size, nodes(self._stores.public, size))

    def _left(self, private: Folder) -> bytes | None:
        """The entry that was staged and never became the head; what else is left is removed."""
        begun = None
        for name in list(private.names(STAGING)):
            try:
                staged = Staged.parse(private.read(name) or b"", name)
                if staged.old != self._head.size:
                    private.delete(name)
                    continue
                path, data = next((path, data) for path, data in staged.files if path.startswith("tile/entries/"))
                begun = parse_bundle(data, (staged.size - 1) % FULL + 1, path)[-1]
            except (NotCanonical, StopIteration) as error:
                raise Damaged(f"what was staged for the map log is not whole: {error}", where=f"{MAP}/{name}") from None
            if self._grown(begun)[1] != staged or self._of(begun).size <= self._last.size:
                raise Damaged("what was staged for the map log does not follow on it", where=f"{MAP}/{name}")
        return begun

    @property
    def stopped(self) -> str:
        """Why no more leaves are appended; empty where they are."""
        error = self._stopped
        return "" if error is None else str(error) if isinstance(error, WhosawError) else type(error).__name__

    # ── growing ──

    def step(self) -> bool:
        """Append a leaf for the newest published head, where one is due. False where nothing was to do."""
        with self._lock, self._stopping():
            due = self._commits.clock() - moment(self._head.signed_at) >= self._every
            newest = self._heads()
            grown = due and newest is not None and self._grow(newest)
            self._keep_pair()
            return grown

    def last_step(self) -> bool:
        """`step` at the end of a short run, whose minute may never come: only where it costs next to nothing.

        An index that no earlier process has kept is built from the whole table first; of a large log that takes seconds.
        """
        newest = self._heads()
        if newest is None:
            return False
        kept = self._index.size > 0 or newest.size <= SMALL or self._commits.private.length(CROWN) is not None
        return kept and self.step()

    def answer(self) -> Mapped:
        """The index of the newest head that gets one: appended first, if it is not yet there. Raises Damaged, Unavailable."""
        with self._lock, self._stopping():
            self._newest()
            return self._mapped(self._published())

    def seen(self, timeout: float) -> Mapped:
        """The same under a head of this log that enough witnesses have seen. Raises Unavailable after `timeout`."""
        with self._lock, self._stopping():
            self._newest()
            size = self._head.size
        self.witnessed.wait(size - 1, timeout)
        with self._lock, self._stopping():
            shown = self.witnessed.shown
            if shown is None or shown.size not in self._recent:
                raise _of_another_head()
            return self._mapped(shown)

    def _newest(self) -> None:
        newest = self._heads()
        if newest is None:
            raise Unavailable("no witness has seen this log yet", part="witnesses", hint="whosaw witness status")
        self._grow(newest)
        if self._head.size not in self._recent:
            raise _of_another_head()

    def _mapped(self, shown: Published) -> Mapped:
        """What stands under `shown`, a head of this log."""
        of, entry = self._recent[shown.size]
        self._move(of.size)
        path = prove_inclusion(nodes(self._commits.public, shown.size), shown.size - 1, shown.size)
        reader = Reader.at(self._stores, of.note, opened(of.note, self._keys, CHECKPOINT), self._segments)
        return Mapped(reader, shown.note, entry, tuple(path), self._index.at())

    def _grow(self, published: Published) -> bool:
        """Leaves up to this head of the log, which is the newest one. Whether any was appended."""
        size = self._head.size
        if self._begun is not None:
            self._append(self._begun)
        if published.size > self._last.size:
            self._commits.check_clock(self._head)
            self._move(published.size)
            self._begun = MapLeaf.of(self._index.root(), published.note, self._keys).encode()
            self._append(self._begun)
            self._save(max(_SAVE_AFTER, published.size >> 6))
        if published.size == self._last.size:
            self._recent[self._head.size] = published, self._last.entry
            self._recent.pop(self._head.size - KEPT, None)
        if grown := self._head.size > size:
            with self._state.changed:
                self._state.changed.notify_all()
            self.witnessed.face.tell()
        return grown

    def _append(self, entry: bytes) -> None:
        last = self._of(entry)
        edge, staged = self._grown(entry)
        self._head = self._commits.commit(self._head, staged)
        self._edge, self._last, self._begun = edge, last, None
        try:
            self._commits.private.delete(staged.name)
            self._partials.completed(path for path, _ in staged.files)
            self._partials.collect(staged.size)
        except Unavailable as error:
            _log.warning("left lying: %s", error)

    def _grown(self, entry: bytes) -> tuple[Edge, Staged]:
        edge, files = self._edge.grow([entry], [leaf_hash(entry)])
        return edge, Staged(self._edge.size, edge.size, edge.root(), tuple(files))

    def _move(self, size: int) -> None:
        """The index at this size; from what was signed last, where it is the first time."""
        if not self._index.size and self._last.size:
            self._index.begin(self._last.size, self._last.root, self._commits.private.read(CROWN))
            self._saved = self._last.size
        self._index.move(size)

    def _save(self, least: int) -> None:
        """Keep the index for the next start, where it has grown by so many leaves. Without it that start takes seconds longer."""
        size = self._index.size
        if not 0 < size == self._last.size or size - self._saved < least:
            return
        try:
            self._commits.private.replace(CROWN, self._index.save())
            self._saved = size
        except (Unavailable, OutcomeUnknown) as error:
            _log.warning("index: not kept for the next start: %s", error)

    def _keep_pair(self) -> None:
        """Keep the newest pair that a statement could be made over. What fails is made up for a minute later."""
        shown = self.witnessed.shown if self._witnesses else self._published()
        if self._pairs is None or shown is None or shown.size not in self._recent:
            return
        try:
            self._pairs.keep(self._commits.clock(), self._recent[shown.size][0], shown)
        except (Unavailable, OutcomeUnknown) as error:
            _log.warning("older heads: not kept this time: %s", error)

    def close(self) -> None:
        """Keep the index for the next start."""
        with self._lock:
            if self._stopped is None and self._state.stopped is None:
                self._save(1)
                self._keep_pair()

    # ── its end ──

    def _published(self) -> Published:
        return Published(self._head.size, self._head.note)

    def stop(self, error: WhosawError) -> None:
        """Sign nothing more here, and tell whoever asks why. The log goes on."""
        with self._state.changed:
            self._stopped = self._stopped or error
            self._state.changed.notify_all()
        _log.error("the map log stopped: %s", error)

    def _check(self) -> None:
        """Raise Unavailable where this log, or the journal, has stopped."""
        self._state.check()
        if isinstance(self._stopped, ProofFailed):
            raise Unavailable(
                f"the map log stopped; the log itself goes on: {self._stopped}",
                part="map log",
                hint=self._stopped.hint,
            ) from self._stopped
        if self._stopped is not None:
            raise Unavailable(
                "the map log stopped after a failed write; the log itself goes on",
                part="map log",
                hint="start the journal again: a start finds out what the disk has",
            ) from self._stopped

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """After any error but Unavailable nobody knows what the disk has, or somebody must look: no more leaves."""
        self._check()
        try:
            yield
        except Unavailable:
            raise
        except BaseException as error:
            self._stopped = error
            _log.error("the map log stopped: %s", error if isinstance(error, WhosawError) else type(error).__name__)
            raise


def _of_another_head() -> Unavailable:
    return Unavailable(
        "the index is of another head than witnesses have seen; it follows once they have seen a newer one",
        part="map log",
        hint="ask again",
    )
