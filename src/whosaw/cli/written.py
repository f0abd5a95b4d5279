# SPDX-License-Identifier: Apache-2.0
"""A file that is there whole, or as it was: written aside, synced, and then given its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from whosaw.errors import BadInput


def written(path: Path, texts: Iterable[str]) -> None:
    """`path` with `texts`, in UTF-8. Raises BadInput where it cannot be written; what was there is then still there."""
    aside = path.with_name(f".{path.name}.new")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(texts)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise BadInput(f"cannot be written: {error.strerror}", where=path.name) from None
