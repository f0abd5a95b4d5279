# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: the three lines that a log signs to stand by its whole content. c2sp.org/tlog-checkpoint.

    log.example.org/whosaw                           origin: which log; the name of its keys
    4                                                size: how many leaves
    TyhSIjIabz3zUusnbowzqnpby6Lxqt+9gt/hId5C5xM=     root over exactly these leaves

A checkpoint is the text of a note; the signatures are ``tlog.note``'s matter. Nothing here is believed before a
signature over these very bytes was verified.

Extension lines are legal in the standard. They are no part of what an ML-DSA cosignature covers, so on a log of ours
they are an error; a witness reads other people's logs with ``foreign``, where the origin may be any line too.

Invariant: no size is ever signed with two roots. Size 0 has the root of nothing.    Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

from dataclasses import dataclass

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog.merkle import EMPTY_ROOT
from whosaw.tlog.spelling import (
    NAME_LIMIT,
    hash_bytes,
    is_name,
    natural,
    parse_decimal,
    parse_hash,
    parse_lines,
    parse_name,
    render_base64,
    render_decimal,
)

LIMIT = 128 * 1024


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of one log: `root` over its first `size` leaves."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.origin.encode()) <= NAME_LIMIT:
            raise BadInput("an origin has 1 to 255 bytes")
        natural(self.size, "size")
        hash_bytes(self.root, "root")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise BadInput("size 0 has the root of nothing")

    def encode(self) -> bytes:
        """The text that is signed."""
        lines = (self.origin.encode(), render_decimal(self.size), render_base64(self.root), *self.extensions)
        return b"\n".join(lines) + b"\n"

    @classmethod
    def of(cls, origin: str, size: int, root: bytes) -> Checkpoint:
        """A checkpoint of a log of ours, to be signed."""
        if not is_name(origin):
            raise BadInput('an origin is a name of 1 to 255 bytes without space and "+"')
        return cls(origin, size, root)

    @classmethod
    def parse(cls, text: bytes, where: str = "checkpoint", *, foreign: bool = False) -> Checkpoint:
        """The checkpoint that `text` spells; `foreign` also takes extension lines and an origin that is no name."""
        lines = parse_lines(text, where, LIMIT)
        if len(lines) < 3:
            raise NotCanonical("fewer than three lines", where=where)
        if len(lines) > 3 and not foreign:
            raise NotCanonical("extension lines", where=f"{where}, line 4")
        if b"" in lines:
            raise NotCanonical("an empty line", where=f"{where}, line {lines.index(b'') + 1}")
        if foreign and len(lines[0]) > NAME_LIMIT:
            raise NotCanonical("an origin of more than 255 bytes", where=f"{where}, line 1")
        origin = lines[0].decode() if foreign else parse_name(lines[0], f"{where}, line 1")
        size = parse_decimal(lines[1], f"{where}, line 2")
        root = parse_hash(lines[2], f"{where}, line 3")
        if size == 0 and root != EMPTY_ROOT:
            raise NotCanonical("size 0 without the root of nothing", where=f"{where}, line 3")
        made = cls(origin, size, root, tuple(lines[3:]))
        # Every piece above has one spelling; this is the sentence that says so of the whole.
        if made.encode() != text:
            raise NotCanonical("not the one spelling", where=where)
        return made
