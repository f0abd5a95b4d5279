# SPDX-License-Identifier: Apache-2.0
"""`whosaw sample draw`: cases for `quality_sampling`, drawn by Whosaw and by nobody else."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from whosaw.cli.errand import Done, Errand, Given
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import REFUSED, Table
from whosaw.directory.change import DRAWN, Office, Said, bring
from whosaw.directory.content import digest_of
from whosaw.directory.tables import FOR_EVER, micros
from whosaw.guard.sampling import MOST, PURPOSE, Desk, Finished, Refused, draw
from whosaw.verify.words import counted
from whosaw.wiring import House


@click.group()
def sample() -> None:
    """Samples of cases, to check how well we work."""


@sample.command("draw")
@click.option("--purpose", type=click.Choice([PURPOSE]), required=True, help="What the sample is for.")
@click.option("--cases", type=int, required=True, metavar="N", help=f"How many cases, 1 to {MOST}.")
@click.option("--by", required=True, metavar="ID", help="Staff id of whoever is to look at them; recorded.")
@data_option
@format_option
def draw_(purpose: str, cases: int, by: str, data: Path, form: str) -> int:
    """Draw N of the cases that were closed in the last 30 days, for the unit of --by. Exit code 4: refused."""
    del purpose
    done = DRAW.run(data, {"cases": cases, "by": by})
    say(done.table, form)
    return done.code


def _draw(here: House, said: Given) -> Done:
    made = draw(said.number("cases"), said.text("by"), desk_of(here))
    if isinstance(made, Refused):
        rows = tuple({"code": reason.code, "reason": reason.sentence} for reason in made.reasons)
        return Done(Table("Refused: nothing was drawn.", ("code", "reason"), rows, {"outcome": "refused"}), REFUSED)
    return Done(
        Table(
            f"Drawn: {len(made.cases)} of {counted(made.of, 'case')}. Nobody chose them; the draw is on record at leaf {made.index}.",
            ("case", "drawn"),
            tuple({"case": ours, "drawn": theirs} for ours, theirs in made.cases),
            {"outcome": "drawn", "sample": made.sample, "of": made.of, "leaf": made.index},
        )
    )


DRAW = Errand("sample draw", _draw)


def desk_of(here: House) -> Desk:
    """What a draw works with, of an open house."""
    office = Office(here.engine, here.journal, here.names.remember, here.clock)

    def finished(start: datetime, end: datetime) -> list[Finished]:
        persons: dict[str, list[str]] = defaultdict(list)
        for row in here.directory.rows("case_persons", end):
            persons[row["case_id"]].append(row["person"])
        lately = {
            row["case_id"]
            for row in here.directory.rows("cases", end)
            if row["source"] != DRAWN and micros(start) < row["closed"] <= micros(end)
        }
        return [Finished(case, tuple(persons[case])) for case in lately if persons[case]]

    def place(cases: Sequence[Mapping[str, Any]], persons: Sequence[Mapping[str, Any]]) -> None:
        empty = {"assignee": None, "requester": None, "approver": None, "status": None, "closed": FOR_EVER}
        said = []
        for case in cases:
            about = {"case_id": case["case_id"]}
            row = {**empty, **case, "opened": micros(case["opened"])}
            named = [
                {"fields": None, **each, "added": micros(each["added"])}
                for each in persons
                if each["case_id"] == case["case_id"]
            ]
            said.append(Said("cases", about, {digest_of(row): row}))
            said.append(Said("case_persons", about, {digest_of(each): each for each in named}))
        bring(said, source=DRAWN, office=office)

    return Desk(
        journal=here.journal, directory=here.directory, finished=finished, place=place, remember=here.names.remember,
        clock=here.clock, random=os.urandom,
    )  # fmt: skip
