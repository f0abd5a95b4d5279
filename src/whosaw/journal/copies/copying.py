# SPDX-License-Identifier: Apache-2.0
"""A published log, taken over whole: what a mirror keeps, and what is packed for somebody without a network.

    steps 1 … 5    checkpoint signed · witnesses · genesis · the same log as was kept · the map log's checkpoint
    then           every file below both roots (descent), `genesis`, and each checkpoint behind what it needs

What a later head rests on is read before it: witnessed and map checkpoint first, then the checkpoint.

Invariant: nothing comes out before every step held, and no file that does not hash to a signed root. Labels that stand
twice and roots of the index are for `whosaw verify`, which reads a copy as it reads the log itself.
                                                                              Specification: docs/spec/operator.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import BadInput, ProofFailed, Unavailable, WhosawError
from whosaw.journal.copies.descent import Descent, File, Read
from whosaw.journal.heads import CHECKPOINT, GENESIS, MAP
from whosaw.journal.ports import Folder
from whosaw.journal.published import nodes
from whosaw.journal.under import Under
from whosaw.tlog import map_leaf
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.leaf import parse_entry
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import Node, root_at
from whosaw.tlog.note import LIMIT as NOTE_LIMIT
from whosaw.tlog.note import parse_note
from whosaw.tlog.tile import FULL
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.genesis import Genesis, check_served
from whosaw.verify.head import Head, open_head
from whosaw.verify.history import check_same_log
from whosaw.verify.map_log import MapSource, open_map_head, read_map_checkpoint
from whosaw.verify.source import Source
from whosaw.verify.steps import Said, Steps
from whosaw.verify.tree import served_nodes
from whosaw.verify.witnessed import MAP_TITLE, WITNESSED, Opens, Raw, Which, check_witnessed, read_witnessed

_LIMIT = FULL * (2 + map_leaf.LIMIT)
HANDS = 8  # files fetched at once over a network


@dataclass(slots=True)
class Copying:
    """One log on its way from `source`. `kept`: the copy that grows; None where everything is wanted."""

    source: Source
    trust: TrustPolicy
    now: datetime
    kept: Folder | None = None
    steps: Steps = field(default_factory=Steps)
    head: Head | None = None
    map_head: Head | None = None
    witnessed: Head | None = None
    map_witnessed: Head | None = None
    raw_genesis: bytes = b""
    had: int = 0
    map_had: int = 0

    # ── before anything is taken ──

    def check(self) -> bool:
        """All steps. Whether everything held; what did not stands in `steps`, with the evidence. Raises BadInput."""
        source, steps = self.source, self.steps
        raw_map_witnessed, raw_map = read_witnessed(MapSource(source)), read_map_checkpoint(source)
        raw_witnessed = read_witnessed(source)
        head = steps.take("The checkpoint is signed", self._checkpoint)
        if head is None:
            return False
        self.head = head
        if (old := steps.take("The same log as was kept", lambda said: self._same(said, CHECKPOINT, head))) is None:
            return False
        self.had = old
        self.witnessed = check_witnessed(source, raw_witnessed, head, steps, trust=self.trust, now=self.now)
        found = steps.take("The genesis leaf", lambda said: self._genesis(said, head))
        if found is not None:
            self.map_head = steps.take("The log of the index", lambda said: self._map(said, raw_map, found))
        if found is not None and self.map_head is not None:
            which = Which(MAP_TITLE, f"{MAP}/", self._opening(found))
            self.map_witnessed = check_witnessed(
                MapSource(source), raw_map_witnessed, self.map_head, steps, trust=self.trust, now=self.now, which=which
            )
        return steps.sound

    def _opening(self, found: Genesis) -> Opens:
        """How a head of the map log is opened: its keys stand in leaf 0."""
        return lambda raw, said, where, quorum: open_map_head(
            raw, found, self.trust, self.now, said, where=where, quorum=quorum
        )

    def _checkpoint(self, said: Said) -> Head:
        raw = self.source.read(CHECKPOINT, NOTE_LIMIT)
        if raw is None:
            raise Unavailable(
                "no log lies here: there is no checkpoint",
                part=self.source.place,
                hint="give the folder or URL that holds `checkpoint`",
            )
        said.keep(CHECKPOINT, raw)
        head = open_head(raw, self.trust, self.now, said, quorum=False)
        if not head.size:
            raise Unavailable("the log is empty", part=self.source.place, hint="there is nothing to copy yet")
        return head

    def _same(self, said: Said, name: str, head: Head) -> int:
        """The size that was kept, whose leaves are the beginning of what is offered."""
        note = None if self.kept is None else self.kept.read(name)
        if note is None or self.kept is None:
            said.say("Nothing of it was kept before.")
            return 0
        old = self._old(note, name, head)
        if old.size > head.size and root_at(self._nodes(name, old.size), head.size) == head.root:
            raise Unavailable(
                f"an older head is served, size {head.size:,}, and {old.size:,} leaves are kept: nothing was changed",
                part=self.source.place,
                hint="a cache on the way, most likely: try again in a while",
            )
        source = MapSource(self.source) if name.startswith(f"{MAP}/") else self.source
        check_same_log(source, old, head, "that was kept", said)
        return old.size

    def _old(self, note: bytes, name: str, head: Head) -> Head:
        """What the copy shows. It was verified when it was kept; who signed it is looked up again all the same."""
        found = Checkpoint.parse(parse_note(note, f"kept {name}").text, f"kept {name}")
        if found.origin != head.origin:
            raise BadInput("another log is kept there", where="FOLDER", hint="one folder for each log")
        return Head(found.origin, found.size, found.root, note, None)

    def _nodes(self, name: str, size: int) -> Node:
        folder = self.kept
        if folder is None:
            raise BadInput("nothing was kept", where="FOLDER")
        return nodes(Under(folder, MAP) if name.startswith(f"{MAP}/") else folder, size)

    def _genesis(self, said: Said, head: Head) -> Genesis:
        found = check_served(self.source, head, served_nodes(self.source, head.size), said)
        self.raw_genesis = said.evidence[GENESIS]
        return found

    def _map(self, said: Said, raw: Raw, found: Genesis) -> Head:
        name = f"{MAP}/{CHECKPOINT}"
        if isinstance(raw, WhosawError):
            raise raw
        if raw is None:
            raise ProofFailed(f"{name} is missing: nobody can check that a statement is complete", step=name)
        said.keep(name, raw)
        head = open_map_head(raw, found, self.trust, self.now, said, where=name, quorum=False)
        self.map_had = self._same(said, name, head)
        return head

    # ── taking ──

    def files(self, progress: Callable[[str, int, int], None]) -> Iterator[list[File]]:
        """Every file that the copy does not have, each checkpoint behind what it needs. Only after `check` held.

        A step of its own: what does not fit is in `steps`, with the file as it was found, and the files end there.
        """
        if self.head is None:
            return
        head, there = self.head, self._there("")
        yield from self._descend("leaves", head, "", self.had, entry=parse_entry, progress=progress)
        if self.steps.sound:
            yield [(GENESIS, self.raw_genesis), (CHECKPOINT, head.note)]
        if self.steps.sound and self.map_head is not None:
            if self.map_head.size:
                yield from self._descend(
                    "index", self.map_head, f"{MAP}/", self.map_had, entry=MapLeaf.parse, progress=progress
                )
            if self.steps.sound:
                yield [(f"{MAP}/{CHECKPOINT}", self.map_head.note)]
        for prefix, seen in (("", self.witnessed), (f"{MAP}/", self.map_witnessed)):
            if self.steps.sound and seen is not None and self._newer(seen, there(f"{prefix}{WITNESSED}")):
                yield [(f"{prefix}{WITNESSED}", seen.note)]

    def _descend(
        self,
        what: str,
        head: Head,
        prefix: str,
        have: int,
        *,
        entry: Callable[[bytes, str], object],
        progress: Callable[[str, int, int], None],
    ) -> Iterator[list[File]]:
        descent = Descent(
            Checkpoint.of(head.origin, head.size, head.root),
            lambda path: self.source.read(prefix + path, _LIMIT),
            self._there(prefix),
            entry,
            1 if self.source.listed else HANDS,
        )
        failed: list[WhosawError] = []
        try:
            for files in descent.files(have, lambda done, of: progress(what, done, of)):
                yield [(prefix + path, data) for path, data in files]
        except WhosawError as error:
            failed.append(error)

        def told(said: Said) -> bool:
            if failed:
                if isinstance(failed[0], ProofFailed) and failed[0].theirs:
                    said.keep(f"{prefix}{failed[0].step}", failed[0].theirs)
                raise failed[0]
            said.say(f"Size {head.size:,}: every file that was taken hashes to it.")
            return True

        self.steps.take(f"Every file below the root of {what}", told)

    def _there(self, prefix: str) -> Read:
        kept = self.kept
        return (lambda _: None) if kept is None else (lambda path: kept.read(prefix + path))

    @staticmethod
    def _newer(witnessed: Head, note: bytes | None) -> bool:
        """Whether what witnesses have seen is not older than what is shown already."""
        if note is None:
            return True
        return Checkpoint.parse(parse_note(note, WITNESSED).text, WITNESSED).size <= witnessed.size
