# SPDX-License-Identifier: Apache-2.0
"""Leaves of the map log: this index, signed for once and for all, is that of exactly this head of the log.

    e0e5b3dc18061b99…02606c                       root of the trie over all leaves below the size: 64 hex digits
    log.example.org/whosaw                        the head of the log, as a note …
    4
    TyhSIjIabz3zUusnbowzqnpby6Lxqt+9gt/hId5C5xM=

    — log.example.org/whosaw 6APQRNvxKAag7X…      … with its Ed25519 lines and no other

Ed25519 signs without chance and a size has one root, so the leaf follows from the size alone. The lines of other keys and
of witnesses change with the hour, and are left out.

Invariant: ``encode(parse(raw)) == raw``. A leaf says something once its note was opened *and* it stands under a signed
head of the map log.                                                  Specification: docs/spec/index.md §3
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import ED25519, Note, VerifierKey, open_parsed, parse_note
from whosaw.tlog.spelling import HASH, hash_bytes

LIMIT = 4096
_CUT = 2 * HASH


def map_origin(origin: str) -> str:
    """The name of the log of the index beside the log of this name."""
    return f"{origin}/map"


@dataclass(frozen=True, slots=True)
class MapLeaf:
    """`root`: of the index. `note`: the head of the log that it is of, not yet believed."""

    root: bytes
    note: bytes = field(repr=False)

    def __post_init__(self) -> None:
        hash_bytes(self.root, "map root")

    @classmethod
    def of(cls, root: bytes, note: bytes, keys: Sequence[VerifierKey]) -> MapLeaf:
        """The leaf for the signed head `note` of the log with these keys."""
        given = parse_note(note)
        names = {(key.name, key.key_id) for key in keys if key.kind == ED25519}
        lines = tuple(line for line in given.signatures if (line.name, line.key_id) in names)
        return cls(root, Note(given.text, lines).encode())

    def encode(self) -> bytes:
        """The entry of the map log."""
        return self.root.hex().encode() + b"\n" + self.note

    @classmethod
    def parse(cls, raw: bytes, where: str = "map leaf") -> MapLeaf:
        """The leaf that `raw` spells. Nothing about it is verified."""
        if len(raw) > LIMIT:
            raise NotCanonical(f"longer than {LIMIT} bytes", where=where)
        try:
            root = bytes.fromhex(raw[:_CUT].decode("ascii"))
        except ValueError:
            root = b""
        if len(root) != HASH or raw[_CUT : _CUT + 1] != b"\n":
            raise NotCanonical("does not begin with a root in hexadecimal digits", where=where)
        made = cls(root, raw[_CUT + 1 :])
        Checkpoint.parse(parse_note(made.note, where).text, where)
        # bytes.fromhex() also takes capitals and blanks.
        if made.encode() != raw:
            raise NotCanonical("not the one spelling", where=where)
        return made

    def open(self, keys: Sequence[VerifierKey], where: str = "map leaf") -> Checkpoint:
        """The head of the log that the leaf is of. ProofFailed unless its Ed25519 keys signed it, and nobody else."""
        signing = [key for key in keys if key.kind == ED25519]
        given = parse_note(self.note, where)
        opened = open_parsed(given, signing)
        if opened.keys != frozenset(signing) or len(given.signatures) != len(signing):
            raise ProofFailed("not signed by exactly the Ed25519 keys of the log", step="map leaf", theirs=self.note)
        return Checkpoint.parse(opened.text, where)
