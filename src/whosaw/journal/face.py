# SPDX-License-Identifier: Apache-2.0
"""A face: what everybody is shown of one log, and what they have seen of it. A journal has two.

    the log      public/checkpoint        public/checkpoint.witnessed
    the map log  public/map/checkpoint    public/map/checkpoint.witnessed

Whoever asks witnesses, or waits for them, sees a log through its face and knows nothing of what stands behind it: frames
and sequencer here, an index there.

Invariant: nothing here waits for the journal's own threads, and they wait for nothing here.
                                                                              Specification: docs/spec/witness.md
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whosaw.errors import WhosawError
from whosaw.journal.ports import Folder
from whosaw.journal.published import nodes
from whosaw.journal.state import Published
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import Node
from whosaw.tlog.note import VerifierKey, parse_note


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head that this log signed, with the tree below it."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)
    node: Node = field(repr=False)


class Headed(Protocol):
    """Whatever has a head and keys that sign it: a log that is open, or one that a start has only looked at."""

    @property
    def keys(self) -> Sequence[VerifierKey]: ...

    def head(self) -> SignedHead: ...


@dataclass(frozen=True, slots=True)
class Face:
    """One log, from outside. `published`: its newest head. `check` raises Unavailable where no more will come.

    `changed` is notified when any of it moves. `stop`: sign nothing more, and say why to whoever asks.
    """

    folder: str  # what stands before its files' names, as outsiders call them
    public: Folder
    keys: Sequence[VerifierKey]
    published: Callable[[], Published]
    check: Callable[[], None]
    stop: Callable[[WhosawError], object]
    changed: threading.Condition = field(repr=False)
    told: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def head(self) -> SignedHead:
        """The newest published head."""
        note = self.published().note
        checkpoint = Checkpoint.parse(parse_note(note).text)  # our own words: verified or signed by us
        return SignedHead(checkpoint, note, nodes(self.public, checkpoint.size))

    def listen(self, told: Callable[[], None]) -> None:
        """Call `told` after each new published head: quickly, on a thread of the journal."""
        self.told.append(told)

    def tell(self) -> None:
        """There is a new head: say so to whoever listens."""
        for told in tuple(self.told):
            told()
