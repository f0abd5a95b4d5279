# SPDX-License-Identifier: Apache-2.0
"""`whosaw places`: which databases say where addresses are, and whether a file is one. Never where an address is.

Don't add a command that takes an address. Whoever can type one here looks somebody up, with no case and no record of it.
"""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import click
from click.core import ParameterSource

from whosaw.beside import places as places_of
from whosaw.cli.options import Place, data_option, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.datafolder import now, settings_of
from whosaw.errors import BadInput, Unavailable
from whosaw.model.record import time_text
from whosaw.places.database import Database, load
from whosaw.places.examples import examples
from whosaw.places.file import read
from whosaw.places.licence import HOUSEHOLD, attribution
from whosaw.places.nearness import Near
from whosaw.places.place import PROVES
from whosaw.places.places import Standing, check_age
from whosaw.settings.places import PlacesSettings
from whosaw.verify.words import counted

_COLUMNS = ("file", "serves", "type", "built", "networks", "holds", "well", "why")


@click.group()
def places() -> None:
    """The databases that say where addresses may be. No address is looked up here."""


@places.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """Each database: its age, whom to name, and what its licence asks for. Exit code 1: something is wrong or due."""
    standing = tuple(places_of(data).standing())
    if not standing:
        say(Table("No database of places is set up: nothing that needs one is offered.", _COLUMNS), form)
        return 0
    wrong, due = sum(1 for each in standing if each.wrong), [each for one in standing for each in one.due]
    named = tuple(dict.fromkeys(each.attribution for each in standing if each.attribution))
    facts: dict[str, Cell] = {"wrong": wrong, "attribution": named, "due": tuple(due)}
    sentence = f"{counted(len(standing), 'database')}, {wrong} of them with something wrong."
    say(
        Table(sentence, _COLUMNS, tuple(map(_row, standing)), facts, (*named, *map(_due, due), HOUSEHOLD, PROVES)), form
    )
    return IN_PART if wrong or due else 0


@places.command()
@format_option
def explain(form: str) -> int:
    """Why an address is weak evidence: pairs of invented addresses, and what could be believed of each."""
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"story": each.story, "class": str(each.found.near), "reasons": each.found.reasons} for each in examples()
    )
    sentence = "What two addresses could tell, in stories of nobody. The classes, least first: " + ", ".join(Near) + "."
    say(Table(sentence, ("story", "class"), rows, after=(*_why(), PROVES)), form)
    return 0


@places.command()
@click.argument("file", type=Place())
@data_option
@format_option
def check(file: Path, data: Path, form: str) -> int:
    """Read FILE from its first record to its last: a database that a gate can use, or what is wrong with it. Exit code 1: nothing
    in it is known, or it is of an age of which the gate of the data folder gives no places.
    """
    days = _limit(data)
    found = load(read(file), file.name, time.monotonic)
    holds, age = found.shape.holds, _age(found, days)
    facts: dict[str, Cell] = {
        "type": found.type,
        "built": time_text(found.built),
        "networks": found.networks,
        "ip_version": found.ip_version,
        "holds": holds,
        "attribution": attribution(found.type, ""),
        "max_age_days": days,
        "of_age": not age,
    }
    said = f"of it is read: {', '.join(holds).replace('_', ' ')}" if holds else "nothing in it is known to us"
    say(
        Table(
            f"{file.name} is sound: {found.type}, built {found.built:%Y-%m-%d}, {counted(found.networks, 'network')}; {said}.",
            facts=facts,
            after=(
                age
                or f"A gate gives places of it until {found.built + timedelta(days=days):%Y-%m-%d}: `places.max_age_days` is {days}.",
            ),
        ),
        form,
    )
    return 0 if holds and not age else IN_PART


def _limit(data: Path) -> int:
    """How old a database may be for the gate of this data folder; where there is none and none was named, for one as shipped."""
    try:
        return settings_of(data).places.max_age_days
    except BadInput:
        if click.get_current_context().get_parameter_source("data") is not ParameterSource.DEFAULT:
            raise
        return PlacesSettings().max_age_days


def _age(found: Database, days: int) -> str:
    """Why a gate gives no places of it; empty where it does."""
    try:
        check_age(found, now(), days)
    except Unavailable as error:
        return f"A gate gives none of it: {str(error).removeprefix('no places: ')} (`places.max_age_days` is {days})."
    return ""


def _why() -> tuple[str, ...]:
    """Each class that occurs with its reasons, once."""
    return tuple(dict.fromkeys(f"{each.found.near}: {reason}" for each in examples() for reason in each.found.reasons))


def _row(one: Standing) -> dict[str, Cell]:
    return {
        "file": one.file,
        "serves": one.serves,
        "type": one.type,
        "built": None if one.built is None else f"{one.built:%Y-%m-%d}",
        "networks": one.networks,
        "holds": one.holds,
        "well": not one.wrong,
        "why": one.wrong or None,
    }


def _due(sentence: str) -> str:
    return f"To do: {sentence}."
