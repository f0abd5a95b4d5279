# SPDX-License-Identifier: Apache-2.0
"""Progress: which files are the facts, how far they reach, and what they were made of. Written last.

    write new files ──▶ rename progress.json ──▶ delete what it no longer names
                        └ the one moment at which the facts change, all tables together

Invariant: a file counts only if progress names it, with its digest. A crash leaves files that nobody names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from whosaw.errors import NotCanonical
from whosaw.facts.columns import TABLES
from whosaw.model.record import Json, canonical, parse

NAME = "progress.json"
VERSION = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a table. `digest`: SHA-256 of its bytes, in hex."""

    file: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`leaves`: every leaf below this index is in. `origin`: SHA-256 of leaf 0's body: which journal this is.

    `checkpoint`: SHA-256 of the signed checkpoint that was read. `tables`: parts by table; an absent table is not known.
    """

    leaves: int
    origin: str
    checkpoint: str
    tables: Mapping[str, tuple[Part, ...]]

    def encode(self) -> bytes:
        tables: dict[str, Json] = {
            name: [{"file": p.file, "rows": p.rows, "digest": p.digest} for p in parts]
            for name, parts in self.tables.items()
        }
        return canonical(
            {
                "v": VERSION,
                "kind": "facts",
                "leaves": self.leaves,
                "origin": self.origin,
                "checkpoint": self.checkpoint,
                "tables": tables,
            }
        )

    @classmethod
    def parse(cls, raw: bytes) -> Progress:
        """Raises NotCanonical for anything that does not encode back to the same bytes."""
        value = parse(raw, NAME)
        try:
            made = cls(
                leaves=_count(value["leaves"]),
                origin=_hex(value["origin"]),
                checkpoint=_hex(value["checkpoint"]),
                tables={
                    name: tuple(_part(name, part) for part in cast("list[Mapping[str, Json]]", parts))
                    for name, parts in cast("Mapping[str, Json]", value["tables"]).items()
                },
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotCanonical("not the progress of facts, or of another version", where=NAME) from None
        if again != raw or "look" not in made.tables:
            raise NotCanonical("not the one spelling of the progress of facts", where=NAME)
        return made


def _part(table: str, value: Mapping[str, Json]) -> Part:
    part = Part(cast("str", value["file"]), _count(value["rows"]), _hex(value["digest"]))
    if table not in TABLES or part.file != file_name(table, part.digest):
        raise ValueError("a file that is none of ours")
    return part


def file_name(table: str, digest: str) -> str:
    """A part is named by what it holds: writing it twice changes nothing, and no name leaves the folder."""
    return f"{table}-{digest[:32]}.parquet"


def _count(value: Json) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a count")
    return value


def _hex(value: Json) -> str:
    if type(value) is not str or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise ValueError("not a digest")
    return value
