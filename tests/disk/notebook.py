# SPDX-License-Identifier: Apache-2.0
"""What a process that dies had said until then: memory that it shares with its parent, written without a system call.

A pipe would do, but for a sweep that fails the k-th `write`: what reports would be among what is swept.
"""

import mmap
from collections.abc import Iterator

_ROOM = 4 * 1024 * 1024


class Notebook:
    """Lines of bytes, each with a word for its kind. Made before the fork; the child writes, the parent reads."""

    def __init__(self) -> None:
        self._pages = mmap.mmap(-1, _ROOM)
        self._end = 8

    def say(self, kind: str, data: bytes = b"") -> None:
        """A line is there whole or not at all: its length counts once the end is moved behind it."""
        word = kind.encode()
        line = len(word).to_bytes(1) + word + data
        start, self._end = self._end, self._end + 4 + len(line)
        self._pages[start : self._end] = len(line).to_bytes(4) + line
        self._pages[0:8] = self._end.to_bytes(8)

    def read(self) -> Iterator[tuple[str, bytes]]:
        at, end = 8, int.from_bytes(self._pages[0:8])
        while at < end:
            length = int.from_bytes(self._pages[at : at + 4])
            line = self._pages[at + 4 : at + 4 + length]
            yield line[1 : 1 + line[0]].decode(), line[1 + line[0] :]
            at += 4 + length

    def close(self) -> None:
        self._pages.close()
