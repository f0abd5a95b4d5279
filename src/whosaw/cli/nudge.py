# SPDX-License-Identifier: Apache-2.0
"""`whosaw nudge ask | list | answer | report`: the question of the day, "what was this look for?"

Whoever looked answers for themselves, and sees nobody else's questions.
"""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli import nudge_words as words
from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.options import Together, asker_option, data_option, format_option, opened, same, say
from whosaw.cli.output import REFUSED
from whosaw.detect.defaults import load_defaults
from whosaw.nudge import answer as answering
from whosaw.nudge.answer import Refused
from whosaw.nudge.ask import round_
from whosaw.nudge.record import Said
from whosaw.reviewing import nudge_desk, nudge_report
from whosaw.wiring import House


@click.group()
def nudge() -> None:
    """Ask the same day what a look was for, and see whether asking helps."""


@nudge.command()
@data_option
@format_option
def ask(data: Path, form: str) -> int:
    """Choose among the looks since the last round, by rule and by lot, whom to ask. As often as you like: each is considered once."""
    with opened(data) as here:
        done = round_(nudge_desk(here))
    say(words.asked(done), form)
    return 0


@nudge.command("list")
@asker_option
@data_option
@format_option
def list_(asker: str, data: Path, form: str) -> int:
    """The questions to you."""
    done = LIST.run(data, {"asker": asker, "again": same(data)})
    say(done.table, form)
    return done.code


def _list(here: House, said: Given) -> Done:
    waiting = answering.waiting(typed_by(here, said), nudge_desk(here))
    return Done(words.listing(waiting, said.text("again")))


LIST = Errand("nudge list", _list)


@nudge.command()
@click.argument("question")
@click.option("--purpose", metavar="CODE", help="What the look was for.")
@click.option("--case", metavar="ID", help="The case that it was for.")
@click.option("--mistake", is_flag=True, help="It was by mistake.")
@click.option("--ask-unit", is_flag=True, help="Your unit can say.")
@asker_option
@data_option
@format_option
def answer(
    question: str,
    purpose: str | None,
    case: str | None,
    mistake: bool,
    ask_unit: bool,
    asker: str,
    data: Path,
    form: str,
) -> int:
    """Say what the look behind QUESTION was for. Once; it is on record. Exit code 4: it is no question to you, or was answered."""
    if (purpose is not None) + mistake + ask_unit != 1:
        raise Together("one of --purpose CODE, --mistake, --ask-unit")
    said = Said.MISTAKE if mistake else Said.UNIT if ask_unit else Said.PURPOSE
    done = ANSWER.run(data, {"asker": asker, "question": question, "said": str(said), "purpose": purpose, "case": case})
    say(done.table, form)
    return done.code


def _answer(here: House, said: Given) -> Done:
    given = answering.Given(
        said.text("question"), typed_by(here, said), Said(said.text("said")), said.maybe("purpose"), said.maybe("case")
    )
    done = answering.answer(given, nudge_desk(here))
    return Done(words.refused(done), REFUSED) if isinstance(done, Refused) else Done(words.answered(done))


ANSWER = Errand("nudge answer", _answer)
ERRANDS = (LIST, ANSWER)


@nudge.command("report")
@data_option
@format_option
def report_(data: Path, form: str) -> int:
    """Who looked again without a reason, of those who were asked and of those left out by lot. Counts, nobody's own."""
    with opened(data) as here:
        made = nudge_report(here)
    say(words.report(made, load_defaults().nudge.repeat_days), form)
    return 0
