# SPDX-License-Identifier: Apache-2.0
"""`whosaw directory load FOLDER`: what is known of staff, persons, cases and assignments comes in."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import Place, data_option, format_option, opened, say
from whosaw.cli.output import Cell, Table
from whosaw.desks import load_directory
from whosaw.directory.load import Loaded


@click.group()
def directory() -> None:
    """What is known of staff, persons and cases."""


@directory.command()
@click.argument("folder", type=Place())
@data_option
@format_option
def load(folder: Path, data: Path, form: str) -> int:
    """Bring the tables of FOLDER into force: staff, persons, cases, case_persons, assignments (.csv).

    Run it daily: a directory that nobody confirms forbids every look. The same tables again only confirm.
    """
    with opened(data) as here:
        loaded = load_directory(here, folder)
    say(_told(loaded), form)
    return 0


def _told(loaded: Loaded) -> Table:
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"table": name, "rows": c.rows, "new": c.new, "ended": c.ended} for name, c in sorted(loaded.tables.items())
    )
    sentence = (
        "The directory changed; the change is on record, and in force."
        if loaded.changed
        else "Nothing changed. The directory is confirmed as of now."
    )
    aside = (f"Columns that nobody reads: {', '.join(loaded.aside)}.",) if loaded.aside else ()
    return Table(sentence, ("table", "rows", "new", "ended"), rows, {"changed": loaded.changed}, aside)
