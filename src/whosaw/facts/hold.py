# SPDX-License-Identifier: Apache-2.0
"""Who holds the facts: many readers, or one who writes them. Between processes, by a lock on one file."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whosaw.errors import Busy, Unavailable

NAME = "lock"


@contextmanager
def held(folder: Path, *, alone: bool) -> Iterator[None]:
    """Raises Busy where another process (or this one) holds the facts in a way that excludes ours."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / NAME).open("ab")
    except OSError as error:
        raise Unavailable(
            f"the folder of facts cannot be used ({type(error).__name__})",
            part="facts",
            hint="look after its owner and the space on its disk",
        ) from error
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                "the facts are being " + ("read" if alone else "written"),
                part="facts",
                hint="wait until the other command is done",
            ) from None
        yield
