# SPDX-License-Identifier: Apache-2.0
"""`whosaw finding list | show | assign | take | resolve | confirm | return | reopen | precision`: findings under review.

Every step is on record before it is so. Who may not take it is told why: 4, refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from whosaw.cli import finding_words as words
from whosaw.cli.approval import read
from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.nudge_words import beside
from whosaw.cli.options import Place, again, asker_option, data_option, format_option, say
from whosaw.cli.output import REFUSED
from whosaw.cli.statement import created
from whosaw.model.record import Json
from whosaw.review import work
from whosaw.review.precision import measured
from whosaw.review.shown import listed, shown
from whosaw.review.state import standings
from whosaw.review.words import RESOLUTIONS, Resolution, What
from whosaw.review.work import Refused, Wish
from whosaw.reviewing import answers, review_desk
from whosaw.verify.ruling import Ruling
from whosaw.wiring import House

_RESOLUTIONS = "; ".join(f"{each}: {said}" for each, said in RESOLUTIONS.items())
_because = click.option(
    "--because", "why", multiple=True, metavar="CODE", help="Why, a code of docs/review.md. Repeatable."
)
_note = click.option("--note", metavar="TEXT", help="A line beside it. It may name somebody, so no record holds it.")


@click.group()
def finding() -> None:
    """Review what the detectors found: who has it, how it ended, and why."""


@finding.command("list")
@click.option("--hidden", is_flag=True, help="Those that a rule hides, too.")
@asker_option
@data_option
@format_option
def list_(hidden: bool, asker: str, data: Path, form: str) -> int:
    """Every finding that you may read, strongest first, with its state and how it ended."""
    return _run(LIST, data, {"asker": asker, "hidden": hidden}, form)


def _list(here: House, said: Given) -> Done:
    found = listed(typed_by(here, said), review_desk(here))
    if isinstance(found, Refused):
        return Done(words.refused(found), REFUSED)
    return Done(words.listing(found, hidden=said.flag("hidden")))


LIST = Errand("finding list", _list)


@finding.command()
@click.argument("finding")
@click.option("--out", type=Place(), metavar="FILE", help="A brief for an overseer, to be ruled about.")
@asker_option
@data_option
@format_option
def show(finding: str, out: Path | None, asker: str, data: Path, form: str) -> int:
    """FINDING with what speaks for and against it, what was done with it, and how its like ended. Recorded."""
    done = SHOW.run(data, {"asker": asker, "finding": finding, "again": again(data)})
    brief = done.besides.get("brief")
    if out is not None and isinstance(brief, str):
        with created(out, "--out") as file:
            file.write(brief.encode())
    say(done.table, form)
    return done.code


def _show(here: House, said: Given) -> Done:
    found = shown(said.text("finding"), typed_by(here, said), review_desk(here))
    if isinstance(found, Refused):
        return Done(words.refused(found), REFUSED)
    asked = tuple(map(beside, answers(here, found.finding.looks, found.finding.principals)))
    brief = work.briefed(found.finding, found.standing, review_desk(here), here.settings.origin)
    return Done(words.showing(found, asked, said.text("again")), besides={"brief": brief.encode().decode()})


SHOW = Errand("finding show", _show)


@finding.command()
@click.argument("finding")
@click.option("--to", required=True, metavar="ID", help="Staff id of who is to review it.")
@asker_option
@data_option
@format_option
def assign(finding: str, to: str, asker: str, data: Path, form: str) -> int:
    """Give FINDING to somebody who is apart from those named in it."""
    return _run(DO, data, _wish(What.ASSIGN, finding, asker, to=to), form)


@finding.command()
@click.argument("finding")
@asker_option
@data_option
@format_option
def take(finding: str, asker: str, data: Path, form: str) -> int:
    """Take FINDING into review."""
    return _run(DO, data, _wish(What.TAKE, finding, asker), form)


@finding.command()
@click.argument("finding")
@click.option(
    "--resolution", type=click.Choice([str(each) for each in Resolution]), required=True, help=f"{_RESOLUTIONS}."
)
@_because
@_note
@asker_option
@data_option
@format_option
def resolve(
    finding: str, resolution: str, why: tuple[str, ...], note: str | None, asker: str, data: Path, form: str
) -> int:
    """Say how FINDING ended, which you have in review. Some take a second, who confirms it."""
    return _run(DO, data, _wish(What.RESOLVE, finding, asker, resolution=resolution, why=why, note=note), form)


@finding.command()
@click.argument("finding")
@_note
@asker_option
@data_option
@format_option
def confirm(finding: str, note: str | None, asker: str, data: Path, form: str) -> int:
    """Agree, as the second, with how FINDING was resolved."""
    return _run(DO, data, _wish(What.CONFIRM, finding, asker, note=note), form)


@finding.command("return")
@click.argument("finding")
@_because
@_note
@asker_option
@data_option
@format_option
def return_(finding: str, why: tuple[str, ...], note: str | None, asker: str, data: Path, form: str) -> int:
    """Don't agree, as the second: FINDING goes back to who resolved it."""
    return _run(DO, data, _wish(What.RETURN, finding, asker, why=why, note=note), form)


@finding.command()
@click.argument("finding")
@_because
@_note
@asker_option
@data_option
@format_option
def reopen(finding: str, why: tuple[str, ...], note: str | None, asker: str, data: Path, form: str) -> int:
    """Open a closed FINDING again. How it ended stays beside it."""
    return _run(DO, data, _wish(What.REOPEN, finding, asker, why=why, note=note), form)


def _do(here: House, said: Given) -> Done:
    resolution = said.maybe("resolution")
    wish = Wish(
        What(said.text("what")), said.text("finding"), typed_by(here, said), said.maybe("to"),
        None if resolution is None else Resolution(resolution), said.texts("why"), said.maybe("note"),
    )  # fmt: skip
    done = work.do(wish, review_desk(here))
    return Done(words.refused(done), REFUSED) if isinstance(done, Refused) else Done(words.did(done))


DO = Errand("finding", _do)


@finding.command()
@click.argument("file", type=Place())
@asker_option
@data_option
@format_option
def bring(file: Path, asker: str, data: Path, form: str) -> int:
    """Bring an overseer's ruling back: FILE, as `whosaw overseer rule` wrote it."""
    raw = read(file, "FILE")
    Ruling.parse(raw, "FILE")
    return _run(BRING, data, {"asker": asker, "ruling": raw.decode()}, form)


def _bring(here: House, said: Given) -> Done:
    asker, ruling = typed_by(here, said), Ruling.parse(said.text("ruling").encode(), "FILE")
    done = work.rule(ruling, asker, review_desk(here), here.settings.origin, here.approvals.house.overseers)
    return Done(words.refused(done), REFUSED) if isinstance(done, Refused) else Done(words.did(done))


BRING = Errand("finding bring", _bring)


@finding.command()
@asker_option
@data_option
@format_option
def precision(asker: str, data: Path, form: str) -> int:
    """How often each signal was worth a review, from how findings ended. It changes no detector."""
    return _run(PRECISION, data, {"asker": asker}, form)


def _precision(here: House, said: Given) -> Done:
    desk = review_desk(here)
    if no := work.no_reader(typed_by(here, said), desk):
        return Done(words.refused(no), REFUSED)
    return Done(words.precision(measured(standings(work.steps(desk)).values())))


PRECISION = Errand("finding precision", _precision)
ERRANDS = (LIST, SHOW, DO, BRING, PRECISION)


def _wish(
    what: What,
    finding: str,
    asker: str,
    *,
    to: str | None = None,
    resolution: str | None = None,
    why: tuple[str, ...] = (),
    note: str | None = None,
) -> Mapping[str, Json]:
    return {
        "what": str(what), "finding": finding, "asker": asker, "to": to, "resolution": resolution, "why": list(why),
        "note": note,
    }  # fmt: skip


def _run(errand: Errand, data: Path, said: Mapping[str, Json], form: str) -> int:
    done = errand.run(data, said)
    say(done.table, form)
    return done.code
