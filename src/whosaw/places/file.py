# SPDX-License-Identifier: Apache-2.0
"""A database file, read whole: once it is one that can be a database at all.

    is it a file? ──▶ not too large? ──▶ the mark of its metadata near its end? ──▶ all of it, in memory

Invariant: a pipe, a device, a folder or a film costs a few kilobytes and no time. Only what may be a database is read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from whosaw.errors import BadInput

BIGGEST = 2 << 30
HINT = "take it from its publisher again, and compare its checksum with theirs"
_MARK, _TAIL = b"\xab\xcd\xefMaxMind.com", 128 * 1024  # of the specification: metadata stands in the last 128 KiB


def read(path: Path) -> bytes:
    """The bytes. Raises BadInput, with the file's name and nothing of what is in it."""
    name = path.name
    try:
        # Opening a pipe that nobody writes to would wait for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise BadInput("it is no file", where=name)
            if found.st_size > BIGGEST:
                raise BadInput(f"larger than {BIGGEST >> 30} GiB", where=name, hint=HINT)
            file.seek(max(0, found.st_size - _TAIL))
            if _MARK not in file.read(_TAIL):
                raise BadInput("not an MMDB file: it has no metadata", where=name, hint=HINT)
            file.seek(0)
            # No more than it was long: somebody may write to it meanwhile, and what is cut off is found in the check.
            return file.read(found.st_size)
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot be read: {getattr(error, 'strerror', None) or 'no such name'}", where=name) from None
