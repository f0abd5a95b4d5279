# SPDX-License-Identifier: Apache-2.0
r"""Staging: one file with everything that a new head needs, durable before the head is.

    staging/<size>-<hex root>      "whosaw/staging/v1\n" ‖ u64be old size ‖ u64be size ‖ root(32)
                                   ‖ (u16be length ‖ path ‖ u32be length ‖ bytes)* ‖ H(everything before)

Once the head row names this size and root, the files in here *will* be published, by this process or by the next one.
A crash before that leaves an orphan, which a start removes. Another size has another name, so an orphan is never taken
for what belongs to a head.

Invariant: ``encode(parse(b)) == b``, and the hash at the end is over every byte: half a staging file is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from whosaw.errors import NotCanonical
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import parse_path

FOLDER = "staging"
_MAGIC = b"whosaw/staging/v1\n"
_HEAD = len(_MAGIC) + 8 + 8 + HASH


@dataclass(frozen=True, slots=True)
class Staged:
    """What a log needs to grow from `old` to `size`: files by path, in the order in which they may be written."""

    old: int
    size: int
    root: bytes
    files: tuple[tuple[str, bytes], ...] = field(repr=False)

    @property
    def name(self) -> str:
        return staged_name(self.size, self.root)

    def encode(self) -> bytes:
        """The bytes of the staging file."""
        parts = [_MAGIC, self.old.to_bytes(8), self.size.to_bytes(8), self.root]
        for path, data in self.files:
            raw = path.encode()
            parts += (len(raw).to_bytes(2), raw, len(data).to_bytes(4), data)
        made = b"".join(parts)
        return made + sha256(made).digest()

    @classmethod
    def parse(cls, raw: bytes, where: str) -> Staged:
        """The staging that `raw` spells. Raises NotCanonical."""
        body = raw[:-HASH]
        if len(raw) < _HEAD + HASH or not raw.startswith(_MAGIC) or sha256(body).digest() != raw[-HASH:]:
            raise NotCanonical("not a whole staging file", where=where)
        at = len(_MAGIC)
        old, size, root = int.from_bytes(raw[at : at + 8]), int.from_bytes(raw[at + 8 : at + 16]), raw[at + 16 : _HEAD]
        files, at = [], _HEAD
        while at < len(body):
            path, at = _take(body, at, 2, where)
            data, at = _take(body, at, 4, where)
            files.append((_published_path(path, where), data))
        return cls(old, size, root, tuple(files))


def staged_name(size: int, root: bytes) -> str:
    """``staging/70000-4f28…43``"""
    return f"{FOLDER}/{size}-{root.hex()}"


def _take(raw: bytes, at: int, width: int, where: str) -> tuple[bytes, int]:
    start = at + width
    end = start + int.from_bytes(raw[at:start])
    if start > len(raw) or end > len(raw):
        raise NotCanonical("a staging file ends inside a piece", where=where)
    return raw[start:end], end


def _published_path(raw: bytes, where: str) -> str:
    """A path that a head may publish. The hash keeps honest mistakes out; this keeps all others inside `public`."""
    try:
        return parse_path(raw.decode()).path
    except (UnicodeDecodeError, NotCanonical):
        raise NotCanonical("a staging file names what no head publishes", where=where) from None
