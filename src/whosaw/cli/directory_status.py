# SPDX-License-Identifier: Apache-2.0
"""`whosaw directory status`: who says what of staff, persons and cases, and how fresh each of them is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from whosaw.beside import known
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import TO_REVIEW, Cell, Table
from whosaw.datafolder import now
from whosaw.directory.directory import Directory
from whosaw.model.record import time_text

_TABLES = ("staff", "persons", "cases", "case_persons", "assignments", "links")
_COLUMNS = ("source", "confirmed", "limit_h", "stale", *_TABLES)


@click.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """Which sources say what, when each confirmed it last, and how old that may be. Exit code 1: a look is refused for it."""
    with known(data) as directory:
        table = status_of(directory, now())
    say(table, form)
    return TO_REVIEW if table.facts and not table.facts["fresh"] else 0


def status_of(directory: Directory, at: datetime) -> Table:
    """Every source in one row: what it says by table, and whether it is heard of."""
    counts = directory.counts()
    feeds = {feed.source: feed for feed in directory.feeds(at)}
    rows: list[dict[str, Cell]] = []
    for source in sorted(feeds.keys() | counts.keys()):
        row: dict[str, Cell] = {"source": source, "confirmed": None, "limit_h": None, "stale": None}
        if (feed := feeds.get(source)) is not None:
            hours = int(feed.limit.total_seconds() // 3600)
            row |= {"confirmed": time_text(feed.confirmed), "limit_h": hours, "stale": feed.stale(at)}
        rows.append(row | {name: counts.get(source, {}).get(name, 0) for name in _TABLES})
    stale = sorted(feed.source for feed in feeds.values() if feed.stale(at))
    return Table(
        _sentence(stale, any_=bool(feeds)), _COLUMNS, tuple(rows), {"fresh": bool(feeds) and not stale, "late": stale}
    )


def _sentence(stale: list[str], *, any_: bool) -> str:
    if not any_:
        return "Nobody ever said anything: every look is refused."
    if not stale:
        return "Every source is fresh."
    return f"Not confirmed in time, so that every look is refused: {', '.join(stale)}."
