# SPDX-License-Identifier: Apache-2.0
"""Arrow, of the extra `watch`: asked for where Parquet is written, and nowhere else. CSV needs none of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from whosaw.errors import MissingExtra


def arrow(module: str = "pyarrow") -> Any:
    """The module, or MissingExtra with the line that installs it."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise MissingExtra("watch", "a folder of Parquet files") from None
