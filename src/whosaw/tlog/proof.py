# SPDX-License-Identifier: Apache-2.0
"""Proof files: that one leaf is in one log, in one file that needs no server. c2sp.org/tlog-proof, ``.tlog-proof``.

    c2sp.org/tlog-proof@v1
    extra d2hvc2F3L3JlY2VpcHQvdjEK…                  optional, not authenticated; ours is the durable receipt
    index 2                                          which leaf
    dkjV9IE2b1k8jdg92FhYPWsAoOsDaKfOm+PWS0qXoM0=     from the leaf's sibling up; none in a log of one leaf
    ZZo…
                                                     an empty line, then the note, byte for byte
    log.example.org/whosaw
    4
    …

Invariant: the leaf is not in the file. Who checks computes its hash from what they hold, or they would be shown a proof
about something else.                                                  Specification: docs/spec/receipt.md §4
"""

from __future__ import annotations

from dataclasses import dataclass

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import PATH_LIMIT, check_inclusion
from whosaw.tlog.note import LIMIT as NOTE_LIMIT
from whosaw.tlog.spelling import (
    hash_bytes,
    natural,
    parse_base64,
    parse_decimal,
    parse_hash,
    parse_text,
    render_base64,
    render_decimal,
)

HEADER = b"c2sp.org/tlog-proof@v1"
EXTRA_LIMIT = 256 * 1024
LIMIT = NOTE_LIMIT + 2 * EXTRA_LIMIT


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The file's parts. `note` is opaque here: open it with the keys of a trust file before anything else."""

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        natural(self.index, "index")
        if len(self.path) > PATH_LIMIT:
            raise BadInput("a proof has at most 63 hashes")
        for hash_ in self.path:
            hash_bytes(hash_, "hash")
        # "extra" without data would be a second spelling of no extra.
        if self.extra is not None and not 1 <= len(self.extra) <= EXTRA_LIMIT:
            raise BadInput("extra data has 1 byte to 256 KiB, or is left out")

    def encode(self) -> bytes:
        """The bytes of the file."""
        extra = [] if self.extra is None else [b"extra " + render_base64(self.extra)]
        head = [HEADER, *extra, b"index " + render_decimal(self.index), *map(render_base64, self.path)]
        return b"\n".join(head) + b"\n\n" + self.note

    @classmethod
    def parse(cls, raw: bytes, where: str = "proof") -> TlogProof:
        """The proof file that `raw` spells. Nothing about it is verified."""
        parse_text(raw, where, LIMIT)
        head, _, note = raw.partition(b"\n\n")
        if not note:
            raise NotCanonical("no note after an empty line", where=where)
        if len(note) > NOTE_LIMIT:
            raise NotCanonical(f"a note of more than {NOTE_LIMIT} bytes", where=where)
        lines = list(enumerate(head.split(b"\n"), 1))
        if lines.pop(0)[1] != HEADER:
            raise NotCanonical(f"not {HEADER.decode()}", where=f"{where}, line 1")
        extra = None
        if lines and lines[0][1].startswith(b"extra "):
            number, line = lines.pop(0)
            extra = parse_base64(line.removeprefix(b"extra "), f"{where}, line {number}")
        if not lines or not lines[0][1].startswith(b"index "):
            raise NotCanonical("no index", where=f"{where}, line {2 if extra is None else 3}")
        number, line = lines.pop(0)
        index = parse_decimal(line.removeprefix(b"index "), f"{where}, line {number}")
        if len(lines) > PATH_LIMIT:
            raise NotCanonical("more than 63 hashes", where=where)
        path = tuple(parse_hash(line, f"{where}, line {number}") for number, line in lines)
        try:
            made = cls(index, path, note, extra)
        except BadInput as error:
            raise NotCanonical(str(error), where=where) from None
        if made.encode() != raw:
            raise NotCanonical("not the one spelling", where=where)
        return made

    def check(self, leaf_hash: bytes, checkpoint: Checkpoint) -> None:
        """Check that `leaf_hash` is under `checkpoint`, which must come from the opened note and not from its bytes."""
        check_inclusion(leaf_hash, self.index, checkpoint.size, self.path, checkpoint.root)
