# SPDX-License-Identifier: Apache-2.0
"""Receipts: the journal's word that leaves are on stable storage, before they stand under any checkpoint.

    whosaw/receipt/v1
    origin log.example.org/whosaw
    leaves 2 1                                           first index, count: contiguous, final
    root C1AL1TAIgsWE82GWp5gyE+CZF7Otgofo9t65VD2+VL8=    tree hash of exactly these leaf hashes
    key JEniHWFKXIqfStQFt5IqNvlr5DFOUSJjt0PcDOPX8gU=     whose submission: H("whosaw/idem/v1" ‖ u16be(len) ‖ caller ‖ key)
    at 2026-11-22T10:15:30.123Z                          durable since
    by 2026-11-22T10:16:30.123Z                          published not later than

    durable ──by──▶ published ──quorum──▶ witnessed      the kind is never claimed; it is what verifies

It is the text of a note, signed by a key of its own, ``<origin>/receipts``, so that no receipt reads as a checkpoint.
A receipt that a checkpoint contradicts (another leaf at that index, or a size that does not reach it in a head cosigned
after `by`) is portable proof of wrongdoing: keep both.

Invariant: only the sequencer makes one, and only once the frames of its leaves are durable.
                                                                  Specification: docs/spec/receipt.md
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog.note import ED25519, VerifierKey, open_parsed, parse_note
from whosaw.tlog.spelling import (
    BIGGEST,
    hash_bytes,
    name_bytes,
    natural,
    parse_decimal,
    parse_hash,
    parse_instant,
    parse_lines,
    parse_name,
    render_base64,
    render_decimal,
    render_instant,
)

HEADER = b"whosaw/receipt/v1"
LIMIT = 4096
KEY_LIMIT = 64
CALLER_LIMIT = 255

_WORDS = (b"origin", b"leaves", b"root", b"key", b"at", b"by")
_TEXT = b"\n".join([HEADER, *(word + b" %b" for word in _WORDS), b""])
_instant = lru_cache(64)(render_instant)  # those of one write have one time


def signing_name(origin: str) -> str:
    """The name of the key that signs the receipts of this log."""
    return f"{origin}/receipts"


def idem(caller: str, key: str) -> bytes:
    """The submission that `caller` calls `key`: two callers may use the same key and never meet."""
    who, name = caller.encode(), key.encode()
    if not 1 <= len(name) <= KEY_LIMIT:
        raise BadInput("an idempotency key has 1 to 64 bytes", where="key")
    if not 1 <= len(who) <= CALLER_LIMIT:
        raise BadInput("a caller's name has 1 to 255 bytes", where="caller")
    return sha256(b"whosaw/idem/v1" + len(who).to_bytes(2) + who + name).digest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Leaves `first` up to `first + count` of the log `origin`, durable since `at`, published not later than `by`."""

    origin: str
    first: int
    count: int
    root: bytes
    key: bytes
    at: datetime
    by: datetime

    def __post_init__(self) -> None:
        name_bytes(self.origin, "origin")
        natural(self.first, "first index")
        if natural(self.count, "count") < 1 or self.first + self.count > BIGGEST:
            raise BadInput("a receipt is for at least one leaf, below index 2^63-1")
        hash_bytes(self.root, "root")
        hash_bytes(self.key, "key")
        if self.by < self.at:
            raise BadInput("a receipt promises publication before it was made")

    @property
    def indexes(self) -> range:
        """The indexes of its leaves."""
        return range(self.first, self.first + self.count)

    def encode(self) -> bytes:
        """The text that is signed."""
        values = (
            self.origin.encode(),
            render_decimal(self.first) + b" " + render_decimal(self.count),
            render_base64(self.root),
            render_base64(self.key),
            _instant(self.at),
            _instant(self.by),
        )
        return _TEXT % values

    @classmethod
    def parse(cls, text: bytes, where: str = "receipt") -> Receipt:
        """The receipt that `text` spells. Nothing about it is verified."""
        lines = parse_lines(text, where, LIMIT)
        if lines[0] != HEADER or len(lines) != 1 + len(_WORDS):
            raise NotCanonical("not the seven lines of a receipt", where=where)
        origin, leaves, root, key, at, by = (
            _after(word, line, f"{where}, line {i}")
            for i, (word, line) in enumerate(zip(_WORDS, lines[1:], strict=True), 2)
        )
        first, _, count = leaves.partition(b" ")
        try:
            made = cls(
                parse_name(origin, f"{where}, line 2"),
                parse_decimal(first, f"{where}, line 3"),
                parse_decimal(count, f"{where}, line 3"),
                parse_hash(root, f"{where}, line 4"),
                parse_hash(key, f"{where}, line 5"),
                parse_instant(at, f"{where}, line 6"),
                parse_instant(by, f"{where}, line 7"),
            )
        except BadInput as error:
            raise NotCanonical(str(error), where=where) from None
        if made.encode() != text:
            raise NotCanonical("not the one spelling", where=where)
        return made


def open_receipt(raw: bytes, key: VerifierKey, where: str = "receipt") -> Receipt:
    """The receipt in the signed note `raw`, if `key` signed it and is the receipt key of its origin."""
    note = parse_note(raw, where)
    made = Receipt.parse(note.text, where)
    open_parsed(note, [key])
    if key.kind != ED25519 or key.name != signing_name(made.origin):
        raise ProofFailed("the receipt is signed by a key that is not for receipts of its origin", step="receipt")
    return made


def _after(word: bytes, line: bytes, where: str) -> bytes:
    found, space, value = line.partition(b" ")
    if found != word or not space:
        raise NotCanonical(f"no line {word.decode()!r}", where=where)
    return value
