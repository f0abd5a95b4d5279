# SPDX-License-Identifier: Apache-2.0
"""Older partial files that are not the beginning of the wider one: one line each, or one line for all that are innocent.

    tile/entries/000        one byte altered                    ✗
    tile/entries/000.p/219  the same leaf as it was signed      ┐  "83 older partial files still hold what was signed"
    tile/entries/000.p/220  …                                   ┘

After one altered byte every narrower file of that place disagrees, and a line for each would bury the one that matters.

Invariant: a file is called innocent only where its hashes are those below the signed root; any other keeps its own line.
"""

from __future__ import annotations

from collections.abc import Iterator

from whosaw.errors import Damaged, NotCanonical
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, Bundle, Tile
from whosaw.verify.blame import Truth, truth_of
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure
from whosaw.verify.tree import Rebuilt, read_tile
from whosaw.verify.words import counted

Place = tuple[int, int]  # level, -1 for bundles; index
FILES = "older partial file"


def old_failures(source: Source, found: Rebuilt, signed_root: bytes) -> Iterator[Failure]:
    """A failure for each older file that is wrong, and one for each place whose older files are not to blame."""
    truth = truth_of(source, found, signed_root) if found.old_torn else None
    innocent: dict[Place, int] = {}
    lonely: dict[Place, int] = {}
    wrong = list(found.old_failures)
    for what, failure in found.old_torn:
        if truth is not None and _as_signed(source, found, truth, what):
            innocent[_place(what)] = innocent.get(_place(what), 0) + 1
        else:
            wrong.append((what, failure))
    for what in found.old_alone:
        lonely[_place(what)] = lonely.get(_place(what), 0) + 1
    yield from (failure for _, failure in sorted(wrong, key=lambda each: (*_place(each[0]), each[0].width)))
    yield from _counted(innocent, "still {hold} what was signed: what the wider one of the same place says was altered")
    yield from _counted(lonely, "cannot be compared: the wider file is missing or cut")


def _counted(places: dict[Place, int], sentence: str) -> Iterator[Failure]:
    for (level, index), count in sorted(places.items()):
        path = (Bundle(index, FULL) if level < 0 else Tile(level, index, FULL)).path
        yield Failure(f"{counted(count, FILES)} {sentence.format(hold='holds' if count == 1 else 'hold')}", path)


def _place(what: Tile | Bundle) -> Place:
    return (-1, what.index) if isinstance(what, Bundle) else (what.level, what.index)


def _as_signed(source: Source, found: Rebuilt, truth: Truth, what: Tile | Bundle) -> bool:
    """Whether this file's hashes are those that lead to the signed root."""
    level = 0 if isinstance(what, Bundle) else what.level
    if truth.level < 0 or level < truth.level:
        return False  # the leaves are the truth, and it differs; or nothing signed is known down there
    try:
        right = _right(source, found, truth, level, what.index)
        raw = source.read(what.path, found.frames.limit if isinstance(what, Bundle) else FULL * HASH)
    except (NotCanonical, Damaged):
        return False
    if raw is None or len(right) < what.width * HASH:
        return False
    hashes = found.frames.hashes(raw, what.width) if isinstance(what, Bundle) else raw
    return hashes == right[: what.width * HASH]


def _right(source: Source, found: Rebuilt, truth: Truth, level: int, index: int) -> bytes:
    """The hashes of one tile's place, as they lead to the signed root."""
    if level:
        return bytes(truth.rows[level][index * FULL * HASH : (index + 1) * FULL * HASH])
    width = min(FULL, found.size - index * FULL)
    return read_tile(source, Tile(0, index, width)) or b""
