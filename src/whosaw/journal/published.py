# SPDX-License-Identifier: Apache-2.0
"""Tiles and bundles out of the published folder, for whoever knows the size of a signed head.

A partial tile may have been collected once its full tile stands, so the full one answers for it: its beginning holds the
same hashes. Only widths of a size that was signed may be asked for; nothing else is sure to exist.

Invariant: what comes out has exactly the width that was asked for. It is not believed: a proof from wrong tiles fails
against the signed root, and fsck compares every byte.                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from whosaw.errors import Damaged, NotCanonical
from whosaw.tlog.leaf import parse_entry
from whosaw.tlog.merkle import Node
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, Bundle, Tile, cut_bundle, nodes_in, parse_bundle


class Reads(Protocol):
    """What tiles are read from: a folder, or what is as good as one."""

    def read(self, name: str) -> bytes | None: ...


def reading(folder: Reads) -> Callable[[Tile | Bundle], bytes]:
    """A reader of tiles and bundles of exactly the width asked for. It raises Damaged where there is none.

    A tile's length is checked here, a bundle's by whoever takes it apart: only that knows where its entries end.
    """

    def read(wanted: Tile | Bundle) -> bytes:
        raw = folder.read(wanted.path)
        if raw is None and wanted.width < FULL:
            whole = folder.read(wanted.full.path)
            raw = None if whole is None else _beginning(whole, wanted)
        if raw is None:
            raise Damaged(f"{wanted.path} is missing", where=wanted.path)
        if isinstance(wanted, Tile) and len(raw) != wanted.width * HASH:
            raise Damaged(f"{wanted.path} has {len(raw)} bytes", where=wanted.path)
        return raw

    return read


def _beginning(whole: bytes, wanted: Tile | Bundle) -> bytes:
    if isinstance(wanted, Tile):
        return whole[: wanted.width * HASH]
    try:
        return cut_bundle(whole, wanted.width, wanted.full.path)
    except NotCanonical as error:
        raise Damaged(str(error), where=wanted.full.path) from None


def nodes(folder: Reads, size: int) -> Node:
    """The tree of a log of `size` entries, for proofs."""
    return nodes_in(reading(folder), size)


def bundles(size: int, first: int = 0) -> Iterator[Bundle]:
    """The bundles of a log of `size` entries, from the one that holds `first`."""
    for index in range(first // FULL, (size + FULL - 1) // FULL):
        yield Bundle(index, min(FULL, size - index * FULL))


def entries(folder: Reads, first: int, size: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Index, label and commitment of every leaf from `first` up to `size`. Raises Damaged."""
    read = reading(folder)
    for bundle in bundles(size, first) if first < size else ():
        path, index = bundle.path, first  # spelled once: a path takes longer to spell than a leaf to read
        try:
            for index, entry in enumerate(parse_bundle(read(bundle), bundle.width, path), bundle.first):
                if index >= first:
                    yield index, *parse_entry(entry, path)
        except NotCanonical as error:
            raise Damaged(f"{error}, at index {index} or after it", where=path) from None
