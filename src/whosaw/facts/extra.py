# SPDX-License-Identifier: Apache-2.0
"""The extra `watch`: DuckDB, Ibis, Arrow, SciPy. Asked for here, when they are needed, and in no other words."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from whosaw.errors import MissingExtra


def need(module: str, needed_for: str) -> Any:
    """The module, or MissingExtra with the line that installs it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        # A module of the extra that is there but broken is another matter: its own error says more.
        if (error.name or "").split(".")[0] != module.split(".", maxsplit=1)[0]:
            raise
        raise MissingExtra("watch", needed_for) from None
