# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal fsck`: is everything on the disk what was written?"""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import data_option, format_option, progress, say
from whosaw.cli.output import Cell, Table
from whosaw.journal.fsck import fsck as check
from whosaw.wiring import all_keys, glance


@click.command()
@data_option
@format_option
def fsck(data: Path, form: str) -> int:
    """Hold everything on the disk against everything else. Exit code 3: something is not as it was written.

    Reads only, and takes no lock: it works beside whoever writes the log.
    """
    with glance(data) as here, all_keys(data) as keys, progress("journal") as at:
        report = check(here.stores, here.signers, keys, progress=lambda _, done, of: at(done, of))
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"kind": str(found.kind), "where": found.where, "what": found.what, "untidy": found.untidy}
        for found in report.findings
    )
    facts: dict[str, Cell] = {"size": report.size, "published": report.published, "whole": report.whole}
    after = (*(one.sentence for one in report.checks.values()), *report.notes)
    sentence = (
        f"{report.size:,} leaves: everything is as it was written."
        if report.whole
        else f"{report.size:,} leaves: something is not as it was written. Keep a copy of the whole folder first."
    )
    say(Table(sentence, ("kind", "where", "what", "untidy"), rows, facts, after), form)
    return report.exit
