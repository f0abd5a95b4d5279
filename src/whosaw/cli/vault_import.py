# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault import`: values that others kept, from CSV, Parquet or a table of PostgreSQL, sealed as they come.

checked first, all of it ──▶ on record ──▶ taken in        nothing of a row is ever printed: its number, and why it is none
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Place, Together, bars, data_option, format_option, opened, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.cli.statement import created
from whosaw.cli.vault import vault
from whosaw.datafolder import now, places_of, settings_of
from whosaw.errors import EXIT, BadInput
from whosaw.verify.words import counted

__all__ = ["vault"]

if TYPE_CHECKING:
    from whosaw.collect.imports.located import Located
    from whosaw.collect.imports.ports import Rows
    from whosaw.collect.imports.take import Checked, Taken


@vault.command("import")
@click.argument("file", required=False, type=Place())
@click.option("--table", metavar="NAME", help="A table or view of PostgreSQL, in place of FILE.")
@click.option(
    "--database", metavar="TEXT", default="", envvar="WHOSAW_IMPORT_DATABASE",
    help="How to connect to it. Without it: as libpq's own environment says.",
)  # fmt: skip
@click.option("--by", metavar="ID", help="Staff id of whoever orders it; recorded.")
@click.option("--check", is_flag=True, help="Read it through, and take nothing in.")
@click.option(
    "--lenient", type=Place(), metavar="OUT", help="Take in what is good; rows that are not are written here."
)
@click.option(
    "--places",
    "placed",
    is_flag=True,
    help="A location that is an address becomes what the database of places says of it.",
)
@click.option("--again", is_flag=True, help="All of it, though it was taken in before.")
@data_option
@format_option
def import_(
    file: Path | None, table: str | None, database: str, by: str | None, check: bool, lenient: Path | None, placed: bool,
    again: bool, data: Path, form: str,
) -> int:  # fmt: skip
    """Seal the rows of FILE (CSV, CSV packed with gzip, Parquet): person, field, value, seen, and perhaps source.

    Exit code 2: bad rows, and nothing was taken in; 1: bad rows, and the others were.
    """
    from whosaw.collect.imports import take

    if (file is None) is (table is None):
        raise Together("give FILE or --table NAME, and not both")
    if by is None and not check:
        raise Together("give --by ID, or --check")
    at = now()
    with _rows(file, table, database) as rows, bars() as progress, _rejected(lenient) as bad:
        if by is None or check:
            checked = take.check(rows, at, bad=bad, progress=progress, located=_located(data) if placed else None)
            return _wrong(checked, form) if checked.wrong else _good(checked, form)
        with opened(data) as here:
            local(here, by)
            located = _located(data) if placed else None
            checked = take.check(rows, at, bad=bad, progress=progress, located=located)
            if checked.wrong and lenient is None:
                return _wrong(checked, form)
            made = take.take(
                rows, checked, here.vault, here.journal, here.pseudonyms, by=here.names.remember(by), clock=here.clock, now=at,
                lenient=lenient is not None, again=again, progress=progress, located=located,
            )  # fmt: skip
    say(_taken(made, lenient), form)
    return IN_PART if checked.wrong else 0


def _located(data: Path) -> Located:
    from whosaw.collect.imports.located import located_by

    settings = settings_of(data)
    if not settings.places.database:
        raise BadInput(
            "there is no database of places",
            where="--places",
            hint="`places.database` in whosaw.toml names one (docs/places.md)",
        )
    return located_by(places_of(data, settings, now))


@contextmanager
def _rows(file: Path | None, table: str | None, database: str) -> Iterator[Rows]:
    from whosaw.collect.imports.csv_rows import CsvRows
    from whosaw.collect.imports.parquet_rows import ParquetRows
    from whosaw.collect.imports.postgres_rows import PostgresRows

    if table is not None:
        with PostgresRows(table, database) as rows:
            yield rows
    elif file is not None:
        yield ParquetRows(file) if file.suffix == ".parquet" else CsvRows(file)


@contextmanager
def _rejected(out: Path | None) -> Iterator[Callable[[int, str], None] | None]:
    """Writes number and reason of each bad row, as CSV; and nothing else of it."""
    with nullcontext() if out is None else created(out, "--lenient") as file:
        if file is None:
            yield None
            return
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("row", "reason"))
        yield lambda number, reason: writer.writerow((number, reason)) and None
        text.detach()


def _wrong(checked: Checked, form: str) -> int:
    rows: tuple[dict[str, Cell], ...] = tuple({"row": number, "reason": reason} for number, reason in checked.bad)
    more = checked.wrong - len(rows)
    said = f"{counted(checked.wrong, 'bad row')} of {checked.rows:,}: nothing was taken in."
    after = (
        *((f"And {more:,} more.",) if more else ()),
        "Mend them at their source; or --lenient OUT takes in the others, and writes to OUT which were left.",
    )
    facts: dict[str, Cell] = {"outcome": "refused", "read": checked.rows, "rejected": checked.wrong}
    say(Table(said, ("row", "reason"), rows, facts, after), form)
    return EXIT[BadInput]


def _good(checked: Checked, form: str) -> int:
    said = f"All of {counted(checked.rows, 'row')} can be taken in. Nothing was."
    say(Table(said, facts={"outcome": "checked", "read": checked.rows, "rejected": 0}), form)
    return 0


def _taken(made: Taken, lenient: Path | None) -> Table:
    checked = made.checked
    facts: dict[str, Cell] = {
        "outcome": "before" if made.before else "taken", "read": checked.rows, "rejected": checked.wrong, "new": made.new,
        "known": made.known, "began": made.began, "done": made.done,
    }  # fmt: skip
    if made.before:
        return Table(
            f"This was taken in before: leaf {made.done} says so. Nothing was changed.",
            facts=facts,
            after=("Where the vault was put back from a backup, or somebody was erased by mistake: --again.",),
        )
    after = [f"On record: leaf {made.began} says that it began, leaf {made.done} that it is done."]
    if made.behind:
        after.insert(0, f"It went on behind row {made.behind:,}, where it was cut short.")
    if checked.wrong:
        after.insert(0, f"{counted(checked.wrong, 'bad row')} left out; {lenient} says which, and why.")
    said = f"{counted(made.new, 'new value')} sealed, {made.known:,} known before. Nothing of them is shown here."
    return Table(said, facts=facts, after=tuple(after))
