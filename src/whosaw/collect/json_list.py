# SPDX-License-Identifier: Apache-2.0
r"""The elements of one long JSON list, cut out one by one without reading the list into memory.

    {"Records": [ {…}, {…}, … ]}     CloudTrail, as it is delivered; several documents may follow each other
    [ {…}, {…}, … ]                  the same, as tools export it
    {…} \n {…} \n                      one element a line: NDJSON

Which of the three it is, the first bytes say. Here only brackets and quotes are looked at; whether what lies between
them is JSON, the reader decides, element by element, so one broken element costs no other.

Invariant: every byte of the list is in an element, or is white space, or a comma. What stands after the list, and a list
that is never closed, are malformed records of their own: nothing vanishes because a file was cut.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator

from whosaw.collect.lines import LINE_LIMIT, TOO_LONG, lines
from whosaw.collect.observed import Malformed, Piece, Where

CUT_OFF = "cut off: the file ends inside a record"
UNCLOSED = "cut off: the list of records is never closed"
TRAILING = "something stands after the list of records"
_NO_SPACE = re.compile(rb"[^ \t\r\n]")
_NO_COMMA = re.compile(rb"[^ \t\r\n,]")
_HEAD = 4_096
_MARK = re.compile(rb'["{}\[\]]')
_IN_TEXT = re.compile(rb'["\\]')
_SCALAR_END = re.compile(rb"[,\]\s]")


def pieces(chunks: Iterable[bytes], key: str = "Records", limit: int = LINE_LIMIT) -> Iterator[Piece]:
    """The elements of one file."""
    chunks = iter(chunks)
    opening = re.compile(rb'[ \t\r\n]*(?:\{[ \t\r\n]*"' + key.encode() + rb'"[ \t\r\n]*:[ \t\r\n]*)?\[')
    head = b""
    while len(head) < _HEAD and (more := next(chunks, None)) is not None:
        head += more
    chunks = itertools.chain([head], chunks)
    if opening.match(head) is None:
        return lines(chunks, limit)
    return _Lists(chunks, opening, limit).pieces()


class _Lists:
    """A window on the bytes, and what is left to read of them."""

    def __init__(self, chunks: Iterator[bytes], opening: re.Pattern[bytes], limit: int) -> None:
        self._chunks, self._opening, self._limit = chunks, opening, limit
        self._buffer, self._at, self._offset = b"", 0, 0  # offset: of the buffer's first byte in the file
        self._number = 0

    def pieces(self) -> Iterator[Piece]:
        while True:
            self._window(_HEAD)
            found = self._opening.match(self._buffer, self._at)
            if found is None:
                yield from self._rest(TRAILING)
                return
            wrapped = b"{" in found[0]
            self._at = found.end()
            while (first := self._next(_NO_COMMA)) not in (b"]", b""):
                yield self._element(first)
            if first == b"":
                yield self._where(), Malformed.of(b"", UNCLOSED)
                return
            self._at += 1
            if wrapped:
                if self._next(_NO_SPACE) != b"}":
                    yield from self._rest(TRAILING)
                    return
                self._at += 1
            if self._next(_NO_SPACE) == b"":
                return

    def _element(self, first: bytes) -> tuple[Where, bytes | Malformed]:
        where, out = self._where(), _Element(self._limit)
        whole = self._nested(out) if first in (b"{", b"[", b'"') else self._scalar(out)
        return where, out.made() if whole else out.cut()

    def _nested(self, out: _Element) -> bool:
        """From a bracket or quote to its end. False where the file ends before."""
        depth, text = 0, False
        while self._more():
            start, at = self._at, self._at
            while (found := (_IN_TEXT if text else _MARK).search(self._buffer, at)) is not None:
                mark, at = found[0], found.end()
                if mark == b"\\":
                    # What is escaped may stand in the next chunk.
                    if at == len(self._buffer):
                        out.add(self._buffer[start:at])
                        start = self._at = at
                        if not self._more():
                            return False
                        start, at = self._at, self._at
                    at += 1
                elif mark == b'"':
                    text = not text
                else:
                    depth += 1 if mark in b"{[" else -1
                if depth == 0 and not text and mark != b"\\":
                    out.add(self._buffer[start:at])
                    self._at = at
                    return True
            out.add(self._buffer[start:])
            self._at = len(self._buffer)
        return False

    def _scalar(self, out: _Element) -> bool:
        """Up to a comma, a closing bracket or white space: a number, true, null, or something that is no JSON."""
        while self._more():
            found = _SCALAR_END.search(self._buffer, self._at)
            end = found.start() if found else len(self._buffer)
            out.add(self._buffer[self._at : end])
            self._at = end
            if found:
                return True
        return False

    def _rest(self, why: str) -> Iterator[Piece]:
        where, sha, some = self._where(), hashlib.sha256(), False
        while self._more():
            sha.update(self._buffer[self._at :])
            some, self._at = True, len(self._buffer)
        if some:
            yield where, Malformed(why, sha.digest())

    def _where(self) -> Where:
        self._number += 1
        return Where(self._number, self._offset + self._at)

    def _next(self, wanted: re.Pattern[bytes]) -> bytes:
        """The next byte that is `wanted`, not yet taken; empty at the end of the file."""
        while self._more():
            found = wanted.search(self._buffer, self._at)
            self._at = found.start() if found else len(self._buffer)
            if found:
                return found[0]
        return b""

    def _more(self) -> bool:
        """Whether there is a byte to look at."""
        while self._at >= len(self._buffer):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._offset += len(self._buffer)
            self._buffer, self._at = chunk, 0
        return True

    def _window(self, count: int) -> None:
        """See at least `count` bytes at once, where there are so many."""
        while len(self._buffer) - self._at < count and (chunk := next(self._chunks, None)) is not None:
            self._offset += self._at
            self._buffer, self._at = self._buffer[self._at :] + chunk, 0


class _Element:
    """The bytes of one element; beyond the limit only their digest."""

    def __init__(self, limit: int) -> None:
        self._limit, self._kept, self._length = limit, list[bytes](), 0
        self._sha: hashlib._Hash | None = None

    def add(self, part: bytes) -> None:
        self._length += len(part)
        if self._sha is not None:
            self._sha.update(part)
        elif self._length > self._limit:
            self._sha = hashlib.sha256(b"".join(self._kept) + part)
            self._kept = []
        else:
            self._kept.append(part)

    def made(self) -> bytes | Malformed:
        return b"".join(self._kept) if self._sha is None else Malformed(TOO_LONG, self._sha.digest())

    def cut(self) -> Malformed:
        made = self.made()
        return Malformed.of(made, CUT_OFF) if isinstance(made, bytes) else made
