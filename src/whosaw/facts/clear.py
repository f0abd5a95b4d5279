# SPDX-License-Identifier: Apache-2.0
"""Throwing the facts away: they are made again from the journal by whoever asks next, without what was erased.

    progress.json ──▶ gone first: from here on there are no facts      parts ──▶ gone      aside ──▶ gone

It needs no extra: a gate without the watch must be able to erase, too.
"""

from __future__ import annotations

import os
from pathlib import Path

from whosaw.errors import Unavailable
from whosaw.facts.hold import NAME as LOCK
from whosaw.facts.hold import held
from whosaw.facts.progress import NAME


def clear(folder: Path) -> None:
    """Leave no file of the facts. Fine where there are none. Raises Busy where they are being read, Unavailable."""
    if not folder.is_dir():
        return
    with held(folder, alone=True):
        try:
            (folder / NAME).unlink(missing_ok=True)
            for path in folder.iterdir():
                if path.name != LOCK:
                    path.unlink()
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise Unavailable(
                f"the facts could not be thrown away ({type(error).__name__})", part="facts", hint="ask again"
            ) from error
