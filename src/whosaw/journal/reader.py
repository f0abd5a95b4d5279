# SPDX-License-Identifier: Apache-2.0
"""The log, read: frames with bodies for those inside, proofs for everybody. It writes nothing and asks nobody.

    Reader.pinned(stores, keys) ──▶ the published checkpoint, verified ──▶ everything below it, and nothing beyond

It works beside a running sequencer and on a copy of the folders alike. What is durable and not yet published is not
here: nobody could check it. (A journal answers for that: ``journal.Journal.leaves``.)

Invariant: every answer is about one size, that of the checkpoint it was made with.   Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from whosaw.errors import BadInput, Damaged, Unavailable
from whosaw.journal.heads import CHECKPOINT, GENESIS, opened
from whosaw.journal.place import OF_ONE_KEY, is_rekey, key_at, label_of, split
from whosaw.journal.ports import Folder, Labels, Stores, StreamKey
from whosaw.journal.published import nodes
from whosaw.journal.recover import no_journal
from whosaw.journal.segment import AnyFrame, Erased, Frame
from whosaw.journal.segments import Segments
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import Node, prove_consistency, prove_inclusion
from whosaw.tlog.note import VerifierKey


@dataclass(frozen=True, slots=True)
class Reader:
    """The log as of one checkpoint. `note`: the signed checkpoint, `node`: its tree. Safe to share between threads."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)
    node: Node = field(repr=False)
    _public: Folder = field(repr=False)
    _segments: Segments = field(repr=False)
    _labels: Labels = field(repr=False)

    @classmethod
    def pinned(cls, stores: Stores, keys: Sequence[VerifierKey]) -> Reader:
        """The log as of the published checkpoint, which every one of `keys` must have signed."""
        note = stores.public.read(CHECKPOINT)
        if note is None:
            raise no_journal()
        return cls.at(stores, note, opened(note, keys, CHECKPOINT))

    @classmethod
    def at(cls, stores: Stores, note: bytes, checkpoint: Checkpoint, segments: Segments | None = None) -> Reader:
        """The log as of a checkpoint that the caller has verified, or signed itself.

        `segments`: those of an earlier reader, which know already where in its segment each frame begins.
        """
        node = nodes(stores.public, checkpoint.size)
        segments = segments or Segments(stores.private, stores.manifest)
        return cls(checkpoint, note, node, stores.public, segments, stores.labels)

    @property
    def size(self) -> int:
        return self.checkpoint.size

    def genesis(self) -> bytes:
        """The published genesis file."""
        raw = self._public.read(GENESIS)
        if raw is None:
            raise Damaged(
                "public/genesis is missing", where=GENESIS, hint="start the journal: it is rebuilt from leaf 0"
            )
        return raw

    def frame(self, index: int) -> AnyFrame:
        """The leaf at `index` with what opens it, or what is left of one that was erased."""
        self._below(index)
        return self._segments.frame(index)

    def frames(self, first: int = 0, last: int | None = None) -> Iterator[AnyFrame]:
        """The leaves from `first` up to `last` (excluded), in order; up to the checkpoint's size without it."""
        end = self.size if last is None else min(last, self.size)
        yield from self._segments.frames(first, end)

    def run(self, key: StreamKey) -> list[Frame]:
        """All leaves of one stream: label_0, label_1, … up to the first that is absent, under each of its keys.

        Raises Unavailable where it is erased while somebody holds its key: this is not a stream without records.
        """
        return self._to_its_end(key, self.places(key))

    def since(self, key: StreamKey, known: int) -> list[Frame]:
        """The same without the first `known` leaves, of a stream that has one key."""
        return self._to_its_end(key, self._stretch(key, known))

    def places(self, key: StreamKey) -> list[int]:
        """Where they stand, erased or not."""
        found = self._stretch(key, 0)
        # The keyring may be one key ahead of the log: then nothing stands under that one.
        for rekeys in range(1, key.rekeys + 1):
            found += self._stretch(key, rekeys * OF_ONE_KEY + 1)
        return found

    def _stretch(self, key: StreamKey, first: int) -> list[int]:
        """Where the leaves stand from the place `first` on, as far as its key goes."""
        found: list[int] = []
        ahead = 1
        while True:
            labels = [label_of(key, place) for place in range(first + len(found), first + len(found) + ahead)]
            known = self._indexes(labels)
            for label in labels:
                if label not in known:
                    return found
                found.append(known[label])
            ahead = min(2 * ahead, 512)  # most streams are short, and some are not

    def inclusion(self, index: int) -> list[bytes]:
        """The inclusion proof of the leaf at `index` under the checkpoint."""
        self._below(index)
        return prove_inclusion(self.node, index, self.size)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree of `old` leaves is the start of this one."""
        return prove_consistency(self.node, old, self.size)

    def _indexes(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        # The table may be ahead of the checkpoint: it knows what was published since.
        return {label: index for label, index in self._labels.find(labels).items() if index < self.size}

    def _to_its_end(self, key: StreamKey, places: Sequence[int]) -> list[Frame]:
        run = [self._opened(index) for index in places]
        if run and is_rekey(run[-1].body):
            # Raises where the keyring is older than the log: this would be the beginning of a stream, and no more.
            key_at(key, split(run[-1].i)[0] + 1)
        return run

    def _opened(self, index: int) -> Frame:
        frame = self._segments.frame(index)
        if isinstance(frame, Erased):
            raise Unavailable("this stream is being erased", part="journal", hint="ask again in a while")
        return frame

    def _below(self, index: int) -> None:
        if not 0 <= index < self.size:
            raise BadInput(f"there is no index {index} below the checkpoint of size {self.size}", where="index")
