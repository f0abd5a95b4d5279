# SPDX-License-Identifier: Apache-2.0
"""`whosaw watch`: the detectors over everything recorded up to now, once, or again and again until told to stop.

    without --as    how many findings, which, and where each goes; no word of what they say
    --as ID         the sentences of those that ID may read, as `whosaw finding list` has them, and nothing of the others

Invariant: who runs a watch reads no finding by that. A finding about watchers would else be shown to them first.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli import finding_words
from whosaw.cli.errand import Done
from whosaw.cli.operator import local
from whosaw.cli.options import Together, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, TO_REVIEW
from whosaw.cli.room import room, room_options
from whosaw.cli.uncollected import uncollected
from whosaw.cli.watch_follow import FORMS, follow_
from whosaw.cli.watch_words import Eyes, told
from whosaw.reviewing import functions_of, readable, refused, routes, watched
from whosaw.watching import watch as run_watch
from whosaw.wiring import House

if TYPE_CHECKING:
    from whosaw.detect.finding import Finding
    from whosaw.detect.run import Run
    from whosaw.facts.engine import Room


@click.command()
@click.option("--follow", is_flag=True, help="Go on until told to stop, and print only what is new.")
@click.option(
    "--every", type=click.IntRange(1), default=60, show_default=True, metavar="SECONDS",
    help="With --follow: how long between two watches.",
)  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Read the whole journal again, whatever earlier watches kept of it.")
@room_options
@click.option(
    "--as", "asker", envvar="WHOSAW_PRINCIPAL", metavar="ID",
    help="Staff id of whoever reads. Without it no sentence of a finding is printed.",
)  # fmt: skip
@data_option
@format_option
def watch(
    follow: bool,
    every: int,
    rebuild: bool,
    memory: float | None,
    spill: Path | None,
    asker: str | None,
    data: Path,
    form: str,
) -> int:
    """Watch all looks up to now. Exit code 1: findings are open, or nothing could be watched; 4: ID may read no findings."""
    once = partial(_once, data, asker, room(memory, spill))
    if not follow:
        done = once(rebuild)
        say(done.table, form)
        return done.code
    if form not in FORMS or rebuild:
        raise Together(f"--follow goes with --format {' or '.join(FORMS)}, and without --rebuild")
    return follow_(partial(once, False), every, form)


def _once(data: Path, asker: str | None, within: Room, rebuild: bool) -> Done:
    with opened(data) as here, uncollected():
        if asker is not None:
            local(here, asker)
            if (no := refused(here, asker)) is not None:
                return Done(finding_words.refused(no), REFUSED)
        run = run_watch(here, rebuild=rebuild, room=within)
        now = watched(here, run)
        waiting = [finding for finding in run.kept.findings if now.waits(finding.id)]
        eyes = _eyes(here, run, waiting, asker)
    waits = any(finding.id in eyes.routes for finding in waiting)
    # A finding that no longer shows is open all the same, until somebody has closed it.
    return Done(told(run, data, now, eyes), TO_REVIEW if waits or run.blind else 0)


def _eyes(here: House, run: Run, waiting: Iterable[Finding], asker: str | None) -> Eyes:
    if asker is None:
        return Eyes(None, routes(here, {one.id: one for one in (*run.findings, *waiting)}.values()))
    return Eyes(asker, readable(here, asker), functions_of(here, asker))
