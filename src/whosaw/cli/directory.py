# SPDX-License-Identifier: Apache-2.0
"""`whosaw directory`: what is known of staff, persons, cases and assignments comes in; one file beside says how fresh it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from whosaw.cli.directory_status import status
from whosaw.cli.options import Place, data_option, format_option, opened, say
from whosaw.cli.output import Cell, Table
from whosaw.desks import load_directory
from whosaw.directory.change import CSV, DRAWN, SCIM, TICKETS, Counts, retire, source_name
from whosaw.directory.load import Accepted, Loaded
from whosaw.errors import BadInput
from whosaw.guard.approvals.use import settle

_TAKEN = (SCIM, TICKETS, DRAWN)


@click.group()
def directory() -> None:
    """What is known of staff, persons and cases."""


@directory.command()
@click.argument("folder", type=Place())
@click.option("--source", default=CSV, show_default=True, metavar="NAME", help="Who says it; only rows of theirs end.")
@click.option("--dangling", is_flag=True, help="Take ids that point nowhere, too.")
@click.option("--fewer", is_flag=True, help="Take tables that lost more than half of staff, persons or links, too.")
@data_option
@format_option
def load(folder: Path, source: str, dangling: bool, fewer: bool, data: Path, form: str) -> int:
    """Bring the tables of FOLDER into force: staff, persons, cases, case_persons, assignments, links (.csv).

    Run it daily: a directory that nobody confirms forbids every look. The same tables again only confirm.
    """
    if source_name(source) in _TAKEN:
        raise BadInput(
            "no name for tables", where="--source", hint="another word; these three are not loaded from files"
        )
    with opened(data) as here:
        loaded = load_directory(here, folder, source=source, accepted=Accepted(dangling, fewer))
    say(_told(loaded), form)
    return 0


@directory.command(name="retire")
@click.argument("source")
@data_option
@format_option
def end(source: str, data: Path, form: str) -> int:
    """End all that SOURCE says, on record, and wait for it no longer."""
    with opened(data) as here:
        draft = retire(source_name(source), here.changes)
        settle(here.approvals)  # whoever only this source knew is not here any more
    rows = _rows(draft.counts)
    say(Table("The source is retired; that is on record, and in force.", ("table", "rows", "new", "ended"), rows), form)
    return 0


@directory.command(name="scim-token")
@click.option("--out", type=Place(), required=True, help="Where to write the token; a file that is there stays.")
@data_option
def scim_token(out: Path, data: Path) -> int:
    """Make the bearer token of the identity provider anew. The one before ends with the next request."""
    from whosaw.api.scim.token import make_token

    make_token(data, out, os.urandom)
    say(
        Table(
            f"The token is in {out}. Give it to the identity provider, and delete the file: only its digest is kept.",
            after=("Whoever has it decides who works here.",),
        ),
        "table",
    )
    return 0


def _told(loaded: Loaded) -> Table:
    sentence = (
        "The directory changed; the change is on record, and in force."
        if loaded.changed
        else "Nothing changed. The directory is confirmed as of now."
    )
    aside = (f"Columns that nobody reads: {', '.join(loaded.aside)}.",) if loaded.aside else ()
    dangling = tuple(f"{count} ids of {where} are in no table." for where, count in loaded.dangling.items())
    facts: dict[str, Cell] = {"changed": loaded.changed, "dangling": sum(loaded.dangling.values())}
    return Table(sentence, ("table", "rows", "new", "ended"), _rows(loaded.tables), facts, aside + dangling)


def _rows(counts: Mapping[str, Counts]) -> tuple[dict[str, Cell], ...]:
    return tuple({"table": name, "rows": c.rows, "new": c.new, "ended": c.ended} for name, c in sorted(counts.items()))


directory.add_command(status)
