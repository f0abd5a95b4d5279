# SPDX-License-Identifier: Apache-2.0
"""A folder for what lies on a disk only while a command runs: its owner's alone, and gone with it.

    begins ──▶ what killed ones left goes ──▶ a folder, locked ──▶ … ──▶ it goes

What lies there are looks. A command that is killed, or ends for want of memory, removes nothing, and no erasure knows of the place.
So the next command of the same account removes what nobody holds any more.

Invariant: nobody's folder goes before they do.                                          Decided in: docs/adr/0189
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def meanwhile(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """A new folder `within`, or in the system's place for such. Its name begins with `prefix`, as those of no others do: not of
    a version before this one either, which locks nothing and may still run.
    """
    _remove_left(prefix, Path(tempfile.gettempdir()) if within is None else within)
    path, fd = _made(prefix, within)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(fd)


def _made(prefix: str, within: Path | None) -> tuple[Path, int]:
    """A folder and what holds it. Another command may take it for one that was left, before it is locked: then one more."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
        with suppress(FileNotFoundError):
            fd = _opened(path)
            with suppress(OSError):  # where a file system knows no locks, nobody gets one to remove it either
                fcntl.flock(fd, fcntl.LOCK_SH)
            if path.exists():
                return path, fd
            os.close(fd)


def _remove_left(prefix: str, within: Path) -> None:
    for path in within.glob(f"{prefix}*"):
        with suppress(OSError):
            fd = _opened(path)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(fd).st_uid == os.getuid():
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(fd)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
