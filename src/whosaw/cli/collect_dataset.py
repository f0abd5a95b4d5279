# SPDX-License-Identifier: Apache-2.0
"""`whosaw collect dataset FOLDER`: a dataset folder into the journal: first what is known around the looks, then the looks.

Reading it again changes nothing. Exit code 1: rows were rejected, or a look could not be recorded; the rest was taken in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.collect import collect
from whosaw.cli.options import Place, data_option, format_option, opened, progress, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.collect.dataset import DatasetLooks
from whosaw.desks import load_directory, take_in
from whosaw.directory.change import Counts
from whosaw.directory.load import Accepted, Loaded
from whosaw.facts.dataset.unpack import Unpacked, unpacked
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.collect.report import Report

LISTED = 5
__all__ = ["collect"]


@collect.command()
@click.argument("folder", type=Place())
@click.option("--lenient", is_flag=True, help="Leave out rows that cannot be read; they go to rejected.jsonl.")
@click.option("--dangling", is_flag=True, help="Take ids that point nowhere, too.")
@click.option("--fewer", is_flag=True, help="Take tables that lost more than half of staff, persons or links, too.")
@data_option
@format_option
def dataset(folder: Path, lenient: bool, dangling: bool, fewer: bool, data: Path, form: str) -> int:
    """A dataset folder: its staff, persons and cases into the directory, as source `dataset`, and its looks."""
    # The folder first: a house that opens has already written something.
    with unpacked(folder, lenient=lenient) as parts, opened(data) as here, progress("bytes") as at:
        loaded = None
        if parts.directory is not None:
            accepted = Accepted(dangling, fewer)
            loaded = load_directory(here, parts.directory, source=DatasetLooks.source, accepted=accepted)
        report = take_in(here, DatasetLooks(), parts.requests, progress=at)
    say(_told(parts, loaded, report), form)
    return IN_PART if report.exit or parts.rejected else 0


def _told(parts: Unpacked, loaded: Loaded | None, report: Report) -> Table:
    tables = {} if loaded is None else loaded.tables
    changed = "" if loaded is None else " The directory changed." if loaded.changed else " The directory is confirmed."
    sentence = (
        f"{counted(report.looks, 'look')}; {report.new:,} new, {report.looks - report.new:,} known before.{changed}"
    )
    facts: dict[str, Cell] = {
        "looks": report.looks,
        "new": report.new,
        "malformed": report.malformed,
        "rejected": parts.rejected,
    }
    rows = tuple(_row(table, counts) for table, counts in tables.items())
    return Table(sentence, ("table", "rows", "new", "ended"), rows, facts, tuple(_notes(parts, loaded, report)))


def _row(table: str, counts: Counts) -> dict[str, Cell]:
    return {"table": table, "rows": counts.rows, "new": counts.new, "ended": counts.ended}


def _notes(parts: Unpacked, loaded: Loaded | None, report: Report) -> Iterator[str]:
    yield from (f"{warning}." for warning in parts.warnings[:LISTED])
    if parts.rejected:
        yield f"{counted(parts.rejected, 'row was', 'rows were')} rejected: rejected.jsonl in the folder says why."
    if parts.stay:
        yield f"A journal has no place for {', '.join(parts.stay)}: whosaw detect reads them where they are."
    if loaded is not None:
        yield from (f"{count:,} ids of {where} are in no table." for where, count in loaded.dangling.items())
        yield "The directory waits for this source from now on; retire it with whosaw directory retire dataset."
    yield from (f"Request {place}" for place in report.places[:LISTED])
    yield from (f"Could not be told: {flag} ({count:,})." for flag, count in report.flags[:LISTED])
