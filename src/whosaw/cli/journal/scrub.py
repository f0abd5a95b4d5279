# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal scrub`: read the log through, from the disk and not the cache, slowly and for ever, or once."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from whosaw.beside import glance
from whosaw.cli.options import bars, data_option, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.datafolder import now
from whosaw.errors import EXIT, Damaged, OutcomeUnknown, Unavailable
from whosaw.journal.fsck.findings import Finding
from whosaw.journal.scrub.scrub import PERIOD, Round, Scrub
from whosaw.model.record import time_text
from whosaw.tlog.tile import FULL
from whosaw.verify.words import counted


@click.command()
@click.option("--once", is_flag=True, help="To the end of the round that goes on, and no further.")
@click.option(
    "--rate",
    type=click.IntRange(1),
    metavar="LEAVES",
    help="Leaves a second, instead of a round in 7 days; with --once instead of as fast as it goes.",
)
@data_option
@format_option
def scrub(once: bool, rate: int | None, data: Path, form: str) -> int:
    """Read the log through from the disk, checks 1 to 3 of fsck. Exit code 3: something is not as it was written.

    It works beside whoever writes the log, changes nothing of it, and goes on where it was left. Its report is recorded
    by the next process that writes the log.
    """
    with glance(data) as here, _told_to_stop() as stop:
        made = Scrub(here.stores, here.signers, now)
        if not once:
            sys.stderr.write("Goes round the log slowly and for ever, from where it was left. To read it now: --once\n")
        found = _around(made, once=once, rate=rate, stop=stop)
        _save(made)
    say(_answer(made.at.now if made.at.last is None or not once else made.at.last, found, once), form)
    return EXIT[Damaged] if found else 0


def _around(made: Scrub, *, once: bool, rate: int | None, stop: threading.Event) -> list[Finding]:
    found: list[Finding] = []
    last = made.at.last
    with bars() as at:
        while not stop.is_set():
            for finding in made.step():
                found.append(finding)
                sys.stderr.write(f"{finding}\n")
            looks = made.looks()
            at("scrub", min(made.at.now.next, looks), looks)
            if once and made.at.last is not last:
                break
            stop.wait(FULL / rate if rate else 0.0 if once else PERIOD.total_seconds() / max(1, looks))
    return found


def _save(made: Scrub) -> None:
    try:
        made.save()
    except (OutcomeUnknown, Unavailable) as error:
        sys.stderr.write(f"where it was is not noted: {error}\n")


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Set when somebody asks this process to end: then where it is gets noted first."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _answer(of: Round, found: list[Finding], once: bool) -> Table:
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"kind": str(each.kind), "where": each.where, "what": each.what} for each in found
    )
    facts: dict[str, Cell] = {
        "whole": not found, "leaves": of.leaves, "files": of.files, "bytes": of.octets, "damaged": of.damaged,
        "began": time_text(of.began), "ended": None if of.ended is None else time_text(of.ended),
    }  # fmt: skip
    said = "everything is as it was written" if not found else f"{counted(len(found), 'place')} not as written"
    how = "Once around" if once and of.ended is not None else "So far in this round"
    after = (
        ()
        if not found
        else ("Nothing was overwritten. Keep a copy of the folder; then: whosaw journal fsck --repair.",)
    )
    return Table(
        f"{how}, {counted(of.leaves, 'leaf', 'leaves')} read from the disk: {said}.",
        ("kind", "where", "what"),
        rows,
        facts,
        after,
    )
