# SPDX-License-Identifier: Apache-2.0
r"""What a log and a witness say to each other. c2sp.org/tlog-witness.

    POST <submission>/add-checkpoint                     ──▶ 200  cosignature lines
        old 20852014                 size that the            409  "20852020\n"     what it has cosigned last
        PlRNCrwHpqhGrupue0L7gxb…     witness has last         404  it knows no log of this origin
        …  up to 63 hashes                                    403  no trusted key of the log signed
                                     an empty line            422  not the log that it has seen
        example.com/behind-the-sofa  ┐                        400  none of the above can be told
        20852163                     │ the note, verbatim
        …                            ┘
    GET <monitoring>/<hex of H(origin)>/checkpoint       ──▶ 200  the note, signed and cosigned;  404  never cosigned

Invariant: what is parsed here renders back to the same bytes, and nothing of it is believed: whose line it is and whether
a proof holds are for ``whosaw.witness`` to say.                        Specification: docs/spec/witness.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog.merkle import PATH_LIMIT
from whosaw.tlog.note import LIMIT as NOTE_LIMIT
from whosaw.tlog.note import Signature, parse_note, parse_signatures
from whosaw.tlog.spelling import hash_bytes, natural, parse_decimal, parse_hash, render_base64, render_decimal

ADD_CHECKPOINT = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
SIZE_LIMIT = 20
"""Bytes of the longest size with its newline."""
_HEAD_LIMIT = len("old \n\n") + 19 + PATH_LIMIT * 45
LIMIT = _HEAD_LIMIT + NOTE_LIMIT

_OLD = b"old "


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: this is our head, and this shows that the one of `old` leaves is its beginning."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes = field(repr=False)

    def __post_init__(self) -> None:
        natural(self.old, "old size")
        if len(self.proof) > PATH_LIMIT:
            raise BadInput("a proof has at most 63 hashes")
        for hash_ in self.proof:
            hash_bytes(hash_, "hash")

    def encode(self) -> bytes:
        """The body of the request."""
        lines = (_OLD + render_decimal(self.old), *map(render_base64, self.proof))
        return b"\n".join(lines) + b"\n\n" + self.note

    @classmethod
    def parse(cls, raw: bytes, where: str = "request") -> AddCheckpoint:
        """The request that `raw` spells; its note reads as one. Nothing about it is verified."""
        if len(raw) > LIMIT:
            raise NotCanonical(f"longer than {LIMIT} bytes", where=where)
        # The first empty line: before it are a size and hashes only, while the text of the note may hold more of them.
        head, empty, note = raw.partition(b"\n\n")
        if not empty:
            raise NotCanonical("no note after an empty line", where=where)
        old, *hashes = head.split(b"\n")
        if not old.startswith(_OLD):
            raise NotCanonical("not an old size", where=f"{where}, line 1")
        if len(hashes) > PATH_LIMIT:
            raise NotCanonical(f"more than {PATH_LIMIT} hashes", where=where)
        size = parse_decimal(old.removeprefix(_OLD), f"{where}, line 1")
        proof = tuple(parse_hash(line, f"{where}, line {n}") for n, line in enumerate(hashes, 2))
        parse_note(note, f"{where}, note")
        made = cls(size, proof, note)
        if made.encode() != raw:
            raise NotCanonical("not the one spelling", where=where)
        return made


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The head of a log that a witness cosigned last: what it keeps, and what it shows to everybody.

    `note` has the lines that were verified and the witness's own; `time_s` is when it signed, in seconds since 1970.
    """

    size: int
    root: bytes = field(repr=False)
    note: bytes = field(repr=False)
    time_s: int


def parse_cosignatures(raw: bytes, where: str = "answer") -> tuple[Signature, ...]:
    """The lines of a 200. Nothing about them is verified."""
    return parse_signatures(raw, where)


def render_cosignatures(signatures: tuple[Signature, ...]) -> bytes:
    """The body of a 200."""
    return b"".join(signature.encode() for signature in signatures)


def parse_size(raw: bytes, where: str = "answer") -> int:
    """The size in a 409."""
    if len(raw) > SIZE_LIMIT or not raw.endswith(b"\n"):
        raise NotCanonical("not a size and a newline", where=where)
    return parse_decimal(raw[:-1], where)


def render_size(size: int) -> bytes:
    """The body of a 409."""
    return render_decimal(size) + b"\n"


def origin_hash(origin: str) -> str:
    """What an origin is called in a path: no origin has a character there that a path could not."""
    return sha256(origin.encode()).hexdigest()


def monitoring_path(origin: str) -> str:
    """Where a witness shows the head of this log, below its monitoring prefix."""
    return f"{origin_hash(origin)}/checkpoint"
