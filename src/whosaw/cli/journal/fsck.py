# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal fsck`: is everything on the disk what was written? With --repair: what follows is made again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from whosaw.beside import all_keys, glance
from whosaw.cli.options import bars, data_option, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.errors import BadInput
from whosaw.journal.fsck.findings import Report
from whosaw.journal.fsck.fsck import fsck as check
from whosaw.journal.ports import StreamKeys
from whosaw.journal.repair.repair import Mended
from whosaw.journal.repair.repair import repair as mend
from whosaw.verify.source import open_source
from whosaw.verify.words import counted

SHOWN = 20


@click.command()
@click.option("--with-keys", is_flag=True, help="Make every label again from its stream's key: finds orphans.")
@click.option(
    "--repair", is_flag=True, help="Make again what follows from something verified; needs the folder for itself."
)
@click.option("--from", "mirror", metavar="MIRROR", help="With --repair: a mirror of this log, a folder or a URL.")
@data_option
@format_option
def fsck(with_keys: bool, repair: bool, mirror: str | None, data: Path, form: str) -> int:
    """Hold everything on the disk against everything else. Exit code 3: something is not as it was written.

    Without --repair it reads only, and takes no lock: it works beside whoever writes the log.
    """
    if mirror is not None and not repair:
        raise BadInput("a mirror is for mending", where="--from", hint="add --repair")
    source = None if mirror is None else open_source(mirror)
    with glance(data, labels=repair) as here, _keys(data, wanted=with_keys) as keys, bars() as at:
        if repair:
            done = mend(here.stores, here.signers, keys, mirror=source, progress=at)
        else:
            report = check(here.stores, here.signers, keys, progress=at)
            done = Mended(report, report)
    say(_answer(done), form)
    return done.after.exit


@contextmanager
def _keys(data: Path, *, wanted: bool) -> Iterator[StreamKeys | None]:
    if not wanted:
        yield None
        return
    with all_keys(data) as keys:
        yield keys


def _answer(done: Mended) -> Table:
    report = done.after
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"kind": str(found.kind), "where": found.where, "what": found.what, "untidy": found.untidy}
        for found in report.findings
    )
    facts: dict[str, Cell] = {
        "size": report.size,
        "published": report.published,
        "whole": report.whole,
        "found": sum(check.found for check in done.before.checks.values()),
        "repaired": len(done.done),
        "again": done.done,
        "left": done.left,
    }
    after = (*_mended(done), *(one.sentence for one in report.checks.values()), *report.notes)
    return Table(_sentence(report), ("kind", "where", "what", "untidy"), rows, facts, after)


def _sentence(report: Report) -> str:
    if report.whole:
        return f"{counted(report.size, 'leaf', 'leaves')}: everything is as it was written."
    return f"{counted(report.size, 'leaf', 'leaves')}: something is not as it was written. Keep a copy of the whole folder first."


def _mended(done: Mended) -> list[str]:
    """What was made again, and what was not."""
    lines = list(done.left)
    if done.done:
        names = ", ".join(done.done[:SHOWN]) + (", …" if len(done.done) > SHOWN else "")
        lines.insert(
            0, f"Made again, {counted(len(done.done), 'file')}: {names}. What was found is in private/replaced."
        )
    return lines
