# SPDX-License-Identifier: Apache-2.0
"""How much room a run of the detectors may take: --memory GB, and --spill DIR for what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from whosaw.cli.options import Place
from whosaw.errors import BadInput

if TYPE_CHECKING:
    from whosaw.facts.engine import Room

_Command = TypeVar("_Command", bound=Callable[..., Any])


def room_options(command: _Command) -> _Command:
    """Options `memory` and `spill`, for `room`."""
    spill = click.option(
        "--spill", type=Place(), metavar="DIR", help="Where the rest goes meanwhile, instead of the system's place."
    )
    memory = click.option(
        "--memory", type=click.FloatRange(0.5, 10_000), metavar="GB",
        help="What the engine in this process may take; 10, or three fifths of a smaller machine.",
    )  # fmt: skip
    return memory(spill(command))


def room(memory: float | None, spill: Path | None) -> Room:
    """The room that was said. Raises BadInput where `spill` is no folder."""
    from whosaw.facts.engine import Room

    if spill is not None and not spill.is_dir():
        raise BadInput("no such folder", where=spill.name, hint="--spill wants a folder that is there, with room in it")
    return Room(None if memory is None else int(memory * 1e9), spill)
