# SPDX-License-Identifier: Apache-2.0
"""All labels of a log with their indexes, sorted by first byte into heaps that each fit into memory many times over.

    bundle ──▶ 256 rows of 40 bytes, label ‖ u64be(index) ──first byte──▶ 256 heaps: in memory, or files 00 … ff
                                                                          a heap too large: 256 more, by the next byte

What must be found out about labels (one twice, the root of a trie) is found out heap by heap. Whoever makes a log chooses
its labels, and can choose them all alike: then heaps are divided again, and memory stays what it was.

Invariant: a row is in exactly one heap. No label leaves this machine, and a heap's file is gone with its folder.
"""

from __future__ import annotations

import shutil
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from struct import Struct

from whosaw.errors import Unavailable
from whosaw.tlog import leaf
from whosaw.tlog.prefix import ROW
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL
from whosaw.verify import trie

IN_MEMORY = 1 << 20  # leaves whose rows are kept in memory where one process does everything
HEAP = 8 << 20  # bytes of rows that are looked at in one piece


class Heaps:
    """Rows by one byte of their label, in memory; or appended to the files of a folder, `writer` in their names."""

    def __init__(self, folder: Path | None = None, writer: str = "") -> None:
        self._folder, self._writer = folder, writer
        self.heaps: dict[int, bytearray] = {}

    def add(self, first: int, bundle: bytes) -> None:
        """The labels of a bundle whose first leaf is `first`. Its length is right; what its leaves say is as it may be."""
        width = len(bundle) // (2 + leaf.SIZE)
        indexes = array("Q", range(first, first + width))
        if _SWAPPED:
            indexes.byteswap()
        labels, places = _cuts(width)
        heaps = self.heaps
        for label, place in zip(labels.unpack(bundle), places.unpack(indexes), strict=True):
            try:
                heaps[label[0]] += label + place
            except KeyError:
                heaps[label[0]] = bytearray(label + place)

    def add_rows(self, rows: bytes, byte: int) -> None:
        """Rows of another heap, by this byte of their labels."""
        for at in range(0, len(rows), ROW):
            self.heaps.setdefault(rows[at + byte], bytearray()).extend(rows[at : at + ROW])

    def flush(self) -> None:
        """Append what is in memory to the files. Raises Unavailable where there is no room."""
        if self._folder is None:
            return
        try:
            for number, rows in self.heaps.items():
                path = f"{self._folder}/{number:02x}.{self._writer}"
                with open(path, "ab") as file:  # noqa: PTH123 - thousands of times
                    file.write(rows)
        except OSError as error:
            raise no_room(self._folder.parent, error.strerror or "input/output error") from None
        self.heaps.clear()


@lru_cache(maxsize=FULL)
def _cuts(width: int) -> tuple[Struct, Struct]:
    """What cuts a bundle into labels, and so many indexes into pieces of eight bytes."""
    return Struct(f"3x{HASH}s{HASH}x" * width), Struct("8s" * width)


_SWAPPED = array("Q", [1]).tobytes() != (1).to_bytes(8)


Looked = tuple[int, int, trie.Found]
"""The number of a heap, how many rows it has, and what is found."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """Looks at a heap in memory, at the sizes `cuts`.

    Where reading broke off at leaf `end`, leaves from there on do not count: some process may have gone further.
    """

    cuts: Sequence[int]
    end: int | None = None

    def __call__(self, heap: tuple[int, bytes | bytearray]) -> Looked:
        number, rows = heap[0], _below(bytes(heap[1]), self.end)
        return number, len(rows) // ROW, trie.look(rows, 8, self.cuts)


@dataclass(frozen=True, slots=True)
class InFiles:
    """The same with the files of a heap, which are gone afterwards. They go by the labels' byte number `byte`, from 0."""

    folder: Path
    cuts: Sequence[int]
    end: int | None = None
    byte: int = 0

    def __call__(self, heap: tuple[int, Sequence[str]]) -> Looked:
        number, paths = heap[0], [self.folder / name for name in heap[1]]
        size = sum(path.stat().st_size for path in paths)
        if size > HEAP and self.byte < HASH - 1:
            found = self._divided(paths)
        else:
            # Of rows that have one and the same label the first are enough: they are in order in each file.
            most = size if size <= HEAP else HEAP // (ROW * len(paths)) * ROW
            rows = b"".join([piece for path in paths for piece in islice(_pieces(path, most), 1)])
            found = trie.look(_below(rows, self.end), 8 * (self.byte + 1), self.cuts)
        for path in paths:
            path.unlink()
        return number, size // ROW, found

    def _divided(self, paths: Sequence[Path]) -> trie.Found:
        """By the next byte: 256 heaps instead of one."""
        with temporary(self.folder) as below:
            for path in paths:
                into = Heaps(below, path.suffix[1:])
                for piece in _pieces(path, HEAP):
                    into.add_rows(piece, self.byte + 1)
                    into.flush()
            found = list(map(InFiles(below, self.cuts, self.end, self.byte + 1), files(below).items()))
        twice = [indexes for _, _, one in found for indexes in one.twice]
        return trie.Found(twice, trie.joined({number: one.changes for number, _, one in found}))


def files(folder: Path) -> dict[int, list[str]]:
    """The names of each heap's files in a folder."""
    made: dict[int, list[str]] = {}
    for name in sorted(path.name for path in folder.iterdir() if path.suffix):
        made.setdefault(int(name[:2], 16), []).append(name)
    return made


def _pieces(path: Path, most: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(most):
            yield piece


def _below(rows: bytes, end: int | None) -> bytes:
    if end is None:
        return rows
    limit = end.to_bytes(8)
    return b"".join([rows[at : at + ROW] for at in range(0, len(rows), ROW) if rows[at + HASH : at + ROW] < limit])


def no_room(folder: Path, why: str) -> Unavailable:
    """Temporary files cannot be written there."""
    return Unavailable(
        f"temporary files cannot be written in {folder}: {why}",
        part=str(folder),
        hint=f"give TMPDIR a folder on a disk with room: {ROW} bytes for each leaf",
    )


@contextmanager
def temporary(inside: Path | None = None) -> Iterator[Path]:
    """A folder for heaps, gone afterwards. Raises Unavailable where there can be none."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="whosaw-verify-", dir=inside))
    except OSError as error:
        raise no_room(inside or Path(tempfile.gettempdir()), error.strerror or "input/output error") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
