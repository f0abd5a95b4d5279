# SPDX-License-Identifier: Apache-2.0
"""Bytes of a file, unpacked and cut into lines, in bounded memory.

    raw ──sha256──▶ gzip? (by its first two bytes, never by a name) ──64 KiB──▶ lines of at most 1 MiB

Invariant: memory does not grow with the file, with a line, or with what gzip unpacks to. A line beyond the limit is one
malformed record with its digest. Nothing here raises: what stops the reading is in ``Source.broken``, and then the
file is a half-read file, recorded as one.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from whosaw.collect.observed import Malformed, Piece, Where

CHUNK = 64 * 1024
LINE_LIMIT = 1024 * 1024
TOO_LONG = "longer than 1 MiB"
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Source:
    """One file, read once from the front. `broken`: why it could not be read to its end, or None."""

    __slots__ = ("_head", "_raw", "_sha", "broken", "size")

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._sha = hashlib.sha256()
        self._head = b""
        self.size = 0
        self.broken: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes, unpacked where they are gzip, without a byte order mark."""
        self._head = self._read(4)
        if self._head[:2] == _GZIP:
            yield from self._text(self._unpacked())
        else:
            yield from self._text(self._plain())

    def digest(self) -> bytes:
        """SHA-256 of the file as it lies on disk; reads what is left of it."""
        while self._read(CHUNK):
            pass
        return self._sha.digest()

    def _text(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        first = True
        for chunk in chunks:
            if first and chunk[:2] in _UTF16:
                self.broken = "UTF-16; a log in another encoding must be converted to UTF-8 first"
                return
            # The one mark that is allowed is dropped here. Anywhere else it is a character like any other.
            yield chunk.removeprefix(_BOM) if first else chunk
            first = False

    def _plain(self) -> Iterator[bytes]:
        head = self._head + self._read(CHUNK)
        while head:
            yield head
            head = self._read(CHUNK)

    def _unpacked(self) -> Iterator[bytes]:
        # GzipFile unpacks as much as is asked for and no more: a bomb costs time, never memory.
        with gzip.GzipFile(fileobj=_Raw(self), mode="rb") as unpack:
            while True:
                try:
                    chunk = unpack.read1(CHUNK)  # what is there before the damage, too
                except EOFError:
                    self.broken = "the gzip data ends too early"
                    return
                except (gzip.BadGzipFile, zlib.error):
                    self.broken = "the gzip data is damaged"
                    return
                if not chunk:
                    return
                yield chunk

    def _read(self, count: int) -> bytes:
        # Don't stop here where the file is broken. The digest is of the whole file, so that it can be found again.
        try:
            data = self._raw.read(count)
        except OSError:
            self.broken = "the disk or pipe stopped giving bytes"
            return b""
        self._sha.update(data)
        self.size += len(data)
        return data

    def packed(self, count: int) -> bytes:
        """Packed bytes for gzip, beginning with those that were looked at to know that it is gzip."""
        if self._head:
            head, self._head = self._head[:count], self._head[count:]
            return head
        return self._read(count)


class _Raw(io.RawIOBase):
    """What GzipFile reads from."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1, /) -> bytes:
        return self._source.packed(CHUNK if count < 0 else count)


def lines(chunks: Iterable[bytes], limit: int = LINE_LIMIT) -> Iterator[Piece]:
    r"""Lines without their `\n` (or `\r\n`); those of white space only are passed over, and are no records.

    Cut at `\n` and nothing else: ``splitlines`` also cuts at U+2028, which a log line may hold.
    """
    number, start = 1, 0  # of the line under way
    kept: list[bytes] = []
    length = 0
    sha = None
    for chunk in chunks:
        at = 0
        while True:
            end = chunk.find(b"\n", at)
            part = chunk[at : end if end >= 0 else len(chunk)]
            length += len(part)
            if sha is not None:
                sha.update(part)
            elif length > limit:
                sha = hashlib.sha256(b"".join(kept) + part)
                kept = []
            else:
                kept.append(part)
            if end < 0:
                break
            yield from _line(Where(number, start), kept, sha)
            number, start = number + 1, start + length + 1
            kept, length, sha = [], 0, None
            at = end + 1
    if length:
        yield from _line(Where(number, start), kept, sha)


def _line(where: Where, kept: list[bytes], sha: hashlib._Hash | None) -> Iterator[Piece]:
    if sha is not None:
        yield where, Malformed(TOO_LONG, sha.digest())
        return
    raw = b"".join(kept)
    if raw.strip():
        yield where, raw.removesuffix(b"\r")
