# SPDX-License-Identifier: Apache-2.0
"""Progress: which files are the facts, how far they reach, and what they were made of. Written last, and sealed.

    write new files ──▶ rename progress.json ──▶ delete what it no longer names
                        └ the one moment at which the facts change, all tables together

    progress.json       one line of canonical JSON, and one with its MAC under the house's key for facts

Invariants: a file counts only if progress names it, with its digest; a crash leaves files that nobody names. And progress
counts only if the house sealed it: whoever can write the folder cannot make the house believe a row.  Design: docs/adr/0183
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from whosaw.errors import Damaged, NotCanonical
from whosaw.facts.columns import TABLES
from whosaw.facts.ports import Seal
from whosaw.model.record import Json, canonical, parse

NAME = "progress.json"
VERSION = 4
ANEW = "run: whosaw watch; it makes the facts anew from the journal"
_MAC = 64 + 1  # in hex, and the end of its line


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
    `changed`: when facts were last found that the house had not written, and were made anew; None where they never were.
    """

    leaves: int
    origin: str
    checkpoint: str
    tables: Mapping[str, tuple[Part, ...]]
    changed: int | None = None

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
                "changed": self.changed,
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
                changed=None if value["changed"] is None else _count(value["changed"]),
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotCanonical("not the progress of facts, or of another version", where=NAME) from None
        if again != raw or "look" not in made.tables:
            raise NotCanonical("not the one spelling of the progress of facts", where=NAME)
        return made


def sealed(progress: Progress, seal: Seal) -> bytes:
    """The file: `progress`, and that the house wrote it."""
    said = progress.encode()
    return b"%s\n%s\n" % (said, seal.of(said).hex().encode())


def unsealed(raw: bytes, seal: Seal) -> Progress:
    """The progress in a file. Raises Damaged where the house did not seal it, NotCanonical where it is of another version."""
    said, mac = raw[: -_MAC - 1], raw[-_MAC - 1 :]
    if not hmac.compare_digest(mac, b"\n%s\n" % seal.of(said).hex().encode()):
        if _older(raw):
            raise NotCanonical("the progress of facts, of another version", where=NAME)
        raise Damaged(f"facts: {NAME} is not what the house wrote", where=NAME, hint=ANEW)
    return Progress.parse(said)


def _older(raw: bytes) -> bool:
    """Whether it is of a version that was not sealed. Nobody reads on from it, so anybody may write one."""
    try:
        version = parse(raw, NAME).get("v")
    except NotCanonical:
        return False
    return type(version) is int and version < VERSION


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
