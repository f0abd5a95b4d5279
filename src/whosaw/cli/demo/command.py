# SPDX-License-Identifier: Apache-2.0
"""`whosaw demo`: the whole story, with invented people, in under a minute."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from whosaw.cli.demo.narrator import Narrator
from whosaw.cli.options import Place
from whosaw.errors import MissingExtra


@click.command()
@click.option(
    "--folder",
    type=Place(),
    default=Path("demo-data"),
    show_default=True,
    help="Where to leave its data. What an earlier run left there is cleared.",
)
def demo(folder: Path) -> int:
    """Play one summer at an invented company: refused, done all the same, found, proven."""
    try:
        from whosaw.cli.demo.story import play
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"starlette", "uvicorn", "jinja2", "ibis", "duckdb", "pyarrow"}:
            raise
        raise MissingExtra("all", "the demonstration") from None
    play(folder, Narrator(sys.stdout))
    return 0
