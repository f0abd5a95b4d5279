# SPDX-License-Identifier: Apache-2.0
"""The leaves of a log, read once: each of them well formed, no label twice, and every index made of exactly them.

    bundles ──▶ 65 bytes, version 1 ──▶ tiles, root          one range of bundles at a time, by as many processes as there are
                       └─▶ labels ──▶ heaps ──▶ none twice; the trie at the size of each leaf of the map log == the claim

A claim is what a leaf of the map log says: this root, at that size of the log. Where a bundle could not be read, what comes
after it is not compared: it is not known to be false.

Invariant: what is found does not depend on how many processes looked. Where every bundle was seen, every claim is `held`
or `wrong`. Memory does not grow with the log, but for one hash of each 256 leaves.
                                                                Specification: docs/spec/index.md §4, checkpoint.md §3
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import tee
from pathlib import Path

from whosaw.errors import Unavailable
from whosaw.tlog import leaf
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.tile import FULL, Bundle, Tile
from whosaw.verify import heaps, trie
from whosaw.verify.frames import span
from whosaw.verify.heaps import Heaps
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure
from whosaw.verify.tree import BUNDLES, Part, Rebuild, Rebuilt
from whosaw.verify.workers import Each, here, spans, workers

FRAMED = 2 + leaf.SIZE
SHARE = 256  # bundles that are read in one piece where processes share the work: those below one tile of level 1
MOST = 256  # processes
ALONE = 16  # and where there is nobody to share it with
_LENGTH = leaf.SIZE.to_bytes(2)

Old = Mapping[tuple[int, int], Sequence[Tile | Bundle]]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a leaf of the map log says: `number` is its own index, `root` the index's root, `of` the head that it is of."""

    number: int
    root: bytes = field(repr=False)
    of: Checkpoint = field(repr=False)


@dataclass(slots=True)
class Leaves:
    """What was found. `twice`: the leaves of each label that more than one leaf has."""

    whole: Rebuilt
    held: list[Claim] = field(default_factory=list)
    wrong: list[Claim] = field(default_factory=list)
    twice: list[list[int]] = field(default_factory=list)

    def shared_labels(self) -> list[Failure]:
        """A failure for each label that stands twice."""
        return [
            Failure(
                f"leaves {', '.join(map(str, indexes[:5]))} have the same label, which no log may do", "tile/entries"
            )
            for indexes in self.twice
        ]


def read_leaves(
    source: Source,
    size: int,
    claims: Sequence[Claim],
    old: Old,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Leaves:
    """Read everything that a log of `size` leaves serves. `claims` have growing sizes. Raises Unavailable."""
    # A list is what a folder has. A URL is read by one process: twice the requests are not twice the speed, nor welcome.
    jobs = min(jobs, MOST, -(-size // FULL) // SHARE) if source.listed else 1
    if jobs < 2 and size <= heaps.IN_MEMORY:
        return _read(_Reading(source, size, None), claims, old, progress, here)
    with heaps.temporary() as folder, workers(jobs, folder) as each:
        return _read(_Reading(source, size, folder), claims, old, progress, each)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every process knows. `folder`: of the heaps; None where they are in this process's memory, in `inside`."""

    source: Source
    size: int
    folder: Path | None
    inside: Heaps = field(default_factory=Heaps)

    def __call__(self, given: tuple[int, int, Old]) -> Part:
        """The part that the bundles `first` up to `last` make."""
        first, last, old = given
        into = self.inside if self.folder is None else Heaps(self.folder, str(os.getpid()))

        def see(bundle: Bundle, raw: bytes) -> Iterator[Failure]:
            into.add(bundle.first, raw)
            return misshapen(bundle, raw)

        rebuild = Rebuild(self.source, self.size, old, see=see)
        rebuild.bottom(first, last)
        into.flush()
        return rebuild.part()


def _read(
    reading: _Reading, claims: Sequence[Claim], old: Old, progress: Callable[[int, int], None], each: Each
) -> Leaves:
    size = reading.size
    rebuild = Rebuild(reading.source, size, old, see=misshapen)
    width = ALONE if each is here else SHARE
    aside = _by_piece(old, width)
    pieces, again = tee(spans(-(-size // FULL), width))
    with closing(each(reading, ((first, last, aside.get(first, {})) for first, last in again))) as parts:
        for (first, last), part in zip(pieces, parts, strict=False):
            rebuild.take(part, first, last)
            progress(rebuild.found.end // 2, size)  # the other half is to compare their labels
            if rebuild.found.given_up:
                break
    found = Leaves(rebuild.finish())
    _compare(reading, claims, found, progress, each)
    return found


def _by_piece(old: Old, width: int) -> dict[int, dict[tuple[int, int], Sequence[Tile | Bundle]]]:
    """Older files of the lowest level, by the first bundle of the piece that reads what stands in their place today."""
    made: dict[int, dict[tuple[int, int], Sequence[Tile | Bundle]]] = {}
    for (level, index), files in old.items():
        if level in {BUNDLES, 0}:
            made.setdefault(index - index % width, {})[level, index] = files
    return made


def _compare(
    reading: _Reading, claims: Sequence[Claim], found: Leaves, progress: Callable[[int, int], None], each: Each
) -> None:
    """Labels with each other, and the index that they make with each claim."""
    whole = found.whole
    seen = reading.size if whole.gap is None else whole.gap
    judged = [claim for claim in claims if claim.of.size <= seen]
    cuts, end = tuple(claim.of.size for claim in judged), whole.end if whole.given_up else None
    if reading.folder is None:
        looked = each(heaps.InMemory(cuts, end), reading.inside.heaps.items())
    else:
        looked = each(heaps.InFiles(reading.folder, cuts, end), heaps.files(reading.folder).items())
    changes, done = {}, 0
    with closing(looked):
        for number, count, one in looked:
            changes[number], done = one.changes, done + count
            found.twice += one.twice
            progress(min(whole.end, (whole.end + done) // 2), reading.size)
    if whole.gap is None and not whole.given_up and done != reading.size:
        raise Unavailable(
            f"of {reading.size:,} labels {done:,} were compared: temporary files were lost or cut meanwhile",
            part="temporary files",
            hint="nothing is known to be false; try again, with TMPDIR in a folder that nobody cleans",
        )
    found.twice.sort()
    for claim, root in zip(judged, trie.roots(trie.joined(changes), len(cuts)), strict=True):
        (found.held if root == claim.root else found.wrong).append(claim)


def misshapen(bundle: Bundle, raw: bytes) -> Iterator[Failure]:
    """What is wrong with the leaves of a bundle whose length is right."""
    # Three slices look at every length and version at once; only where one is wrong are leaves looked at one by one.
    width = bundle.width
    lengths = raw[0::FRAMED] == _LENGTH[:1] * width and raw[1::FRAMED] == _LENGTH[1:] * width
    if lengths and raw[2::FRAMED] == bytes([leaf.VERSION]) * width:
        return
    for i in range(width):
        at = i * FRAMED
        place = f"{bundle.path}, {span(i, FRAMED)}"
        if raw[at : at + 2] != _LENGTH:
            length = int.from_bytes(raw[at : at + 2])
            yield Failure(f"leaf {bundle.first + i} says that it has {length:,} bytes, not {leaf.SIZE}", place)
        elif raw[at + 2] != leaf.VERSION:
            yield Failure(f"leaf {bundle.first + i} has version {raw[at + 2]}, not {leaf.VERSION}", place)
