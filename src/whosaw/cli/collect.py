# SPDX-License-Identifier: Apache-2.0
"""`whosaw collect SOURCE FILE…`: looks that were never asked for, from logs that exist; and where persons came from.

    pgaudit, cloudtrail, access     looks by staff ──▶ the journal
    connections                     who connected from where ──▶ sealed in the vault

Reading a file again changes nothing. Exit code 1: something in a file could not be read; the rest was taken in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.options import Place, data_option, format_option, opened, progress, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.desks import persons_map, reader, take_connections, take_in
from whosaw.errors import BadInput
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.collect.report import Report

SOURCES = {
    "pgaudit": "PostgreSQL's own log (jsonlog or csvlog) with pgAudit's records.",
    "cloudtrail": "AWS CloudTrail's data events of S3 and DynamoDB.",
    "access": "Access logs of internal tools: nginx or Caddy JSON, combined.",
}
LISTED = 5
_MAP_LIMIT = 1024 * 1024


@click.group()
def collect() -> None:
    """Take in logs that exist. Reading a file again changes nothing."""


def _source(name: str, about: str) -> None:
    """One subcommand for each source of looks."""

    @collect.command(name, help=about)
    @click.argument("files", nargs=-1, required=True, type=Place())
    @click.option("--map", "given", type=Place(), help=f"Default: maps/{name}.toml in the data folder.")
    @data_option
    @format_option
    def command(files: tuple[Path, ...], given: Path | None, data: Path, form: str) -> int:
        by = reader(name, *_map(data, name, given))
        with opened(data) as here, progress("bytes") as at:
            reports = [take_in(here, by, file, progress=at) for file in files]
        say(_told(reports), form)
        return IN_PART if any(report.exit for report in reports) else 0


for _name, _about in SOURCES.items():
    _source(_name, _about)


@collect.command()
@click.argument("files", nargs=-1, required=True, type=Place())
@click.option("--map", "given", type=Place(), help="Default: maps/connections.toml in the data folder.")
@data_option
@format_option
def connections(files: tuple[Path, ...], given: Path | None, data: Path, form: str) -> int:
    """The product's own access log: from where persons connect, sealed under each person's key."""
    by = persons_map(*_map(data, "connections", given))
    with opened(data) as here, progress("bytes") as at:
        reports = [take_connections(here, by, file, progress=at) for file in files]
    say(_kept(reports), form)
    return IN_PART if any(report.exit for report in reports) else 0


def _map(data: Path, source: str, given: Path | None) -> tuple[bytes, str]:
    """The map of a source and its name for errors: the file given, else `maps/<source>.toml` in the data folder."""
    path = data / "maps" / f"{source}.toml" if given is None else given
    name = f"maps/{source}.toml" if given is None else "--map"
    try:
        with path.open("rb") as file:
            raw = file.read(_MAP_LIMIT + 1)
    except FileNotFoundError:
        raise BadInput(
            "there is no map that says where persons stand in this log",
            where=name,
            hint=f"docs/connectors/{source}.md shows one; keep it in the data folder, or give --map FILE",
        ) from None
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=name) from None
    if len(raw) > _MAP_LIMIT:
        raise BadInput(f"a map has at most {_MAP_LIMIT} bytes", where=name)
    return raw, name


def _kept(reports: Sequence[Report]) -> Table:
    new, known = sum(r.new for r in reports), sum(r.known for r in reports)
    sentence = f"{counted(new, 'new value')} sealed, {known:,} known before. Nothing of them is shown here."
    columns = ("file", "records", "taken", "skipped", "malformed", "new", "known")
    about_looks = {"looks", "mentions", "holes"}
    rows = tuple(
        {name: cell for name, cell in _row(number, report).items() if name not in about_looks}
        for number, report in enumerate(reports, 1)
    )
    return Table(sentence, columns, rows, {"new": new, "known": known}, tuple(_notes(reports)))


def _told(reports: Sequence[Report]) -> Table:
    looks, new = sum(r.looks for r in reports), sum(r.new for r in reports)
    sentence = (
        f"{counted(looks, 'look')} in {counted(sum(r.records for r in reports), 'record')}; {new:,} new, "
        f"{looks - new:,} known before."
    )
    columns = ("file", "records", "taken", "skipped", "malformed", "looks", "new")
    rows = tuple(_row(number, report) for number, report in enumerate(reports, 1))
    return Table(sentence, columns, rows, {"looks": looks, "new": new}, tuple(_notes(reports)))


def _row(number: int, report: Report) -> dict[str, Cell]:
    # A file's name may hold a person's; its place on the command line says which it is.
    return {
        "file": number,
        "sha256": report.sha256.hex(),
        "records": report.records,
        "taken": report.taken,
        "skipped": report.skipped,
        "malformed": report.malformed,
        "looks": report.looks,
        "new": report.new,
        "known": report.known,
        "mentions": report.mentions,
        "holes": report.holes,
        "broken": report.broken,
    }


def _notes(reports: Sequence[Report]) -> Iterator[str]:
    for number, report in enumerate(reports, 1):
        if report.broken is not None:
            yield f"File {number} was read in part only: {report.broken}. That is on record."
        yield from (f"File {number}, {place}" for place in report.places[:LISTED])
        yield from (f"File {number}: {gap}." for gap in report.gaps[:LISTED])
        yield from _counted(f"File {number}, passed over", report.reasons)
        yield from _counted(f"File {number}, could not be told", report.flags)
        yield from _counted(f"File {number}, not in the map", (*report.unknown, *report.unmapped))


def _counted(what: str, counts: Sequence[tuple[str, int]]) -> Iterator[str]:
    for name, count in counts[:LISTED]:
        yield f"{what}: {name} ({count:,})."
