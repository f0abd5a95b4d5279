# SPDX-License-Identifier: Apache-2.0
"""The files that lie in a published folder, sorted by what a log of its size makes of them.

    today's    promised by the checkpoint: read by whoever builds the tree again
    old        partial, of a smaller size: the beginning of a wider one
    ahead      of a larger size: a log writes tiles before the checkpoint that needs them
    unknown    no log has such a file

A folder that holds nothing is listed too, with a slash at its end. A log makes one a moment before its first file, and
leaves one where all older partial files were removed; any other is unknown.

Invariant: every name is in exactly one of the four.                      Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical
from whosaw.tlog.tile import Bundle, Tile, parse_path, width_at
from whosaw.verify.tree import BUNDLES

TREE = frozenset({"", "tile/"})  # the log's own folder, as ``map/`` is listed, and that of its tiles


@dataclass(slots=True)
class Listing:
    """The names of one log's files; folders are in `ahead` or `unknown` only. `old` by level (BUNDLES for bundles) and index."""

    names: Sequence[str]
    old: dict[tuple[int, int], list[Tile | Bundle]] = field(default_factory=dict)
    ahead: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, names: Sequence[str], size: int, single: Collection[str]) -> Listing:
        """Which names a log of `size` leaves accounts for, and how. `single`: its files that are no tiles."""
        made = cls([name for name in names if not _is_folder(name)])
        for name in names:
            try:
                what = parse_path(_first_in(name))
            except NotCanonical:
                if name not in single and name not in TREE:
                    made.unknown.append(name)
                continue
            level = BUNDLES if isinstance(what, Bundle) else what.level
            width = width_at(max(level, 0), what.index, size)
            if what.width > width:
                made.ahead.append(name)
            elif what.width < width and not _is_folder(name):
                made.old.setdefault((level, what.index), []).append(what)
        return made


def _is_folder(name: str) -> bool:
    return not name or name.endswith("/")


def _first_in(name: str) -> str:
    """The first file that could lie in a folder which holds nothing; a file is itself."""
    if name.endswith(".p/"):
        return f"{name}1"
    return f"{name}000" if name.endswith("/") else name


def split(names: Sequence[str], folder: str) -> tuple[list[str], list[str]]:
    """The names outside `folder`, and those inside it, as they are called there."""
    inside = f"{folder}/"
    return (
        [name for name in names if not name.startswith(inside)],
        [name.removeprefix(inside) for name in names if name.startswith(inside)],
    )
