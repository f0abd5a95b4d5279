# SPDX-License-Identifier: Apache-2.0
"""`whosaw inquiry inferred`: what could have been believed of the affected, from addresses that they were looked at for.

    pairs.csv: look,person,address,at,look2,person2,address2,at2 ──▶ step on record ──▶ each person's stream ──▶ a class with reasons

Don't take an address on the command line: it would stand in a shell's history, and two of them would be a comparison that is
one key press away. A pair is two looks behind one finding, and evidence of what they showed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from whosaw.cli.inquiry import inquiry, refused
from whosaw.cli.operator import local
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Cell, Table
from whosaw.collect import csv_text
from whosaw.collect.observed import No
from whosaw.desks import inquiry_desk
from whosaw.errors import BadInput
from whosaw.inquiry.inferred import MOST, Inferred, Sighting, Terms
from whosaw.inquiry.inferred import inferred as could_be_inferred
from whosaw.inquiry.step import Refused
from whosaw.places.nearness import PROVES
from whosaw.places.network import Networks
from whosaw.tlog.note import VerifierKey
from whosaw.verify.words import counted
from whosaw.wiring import House

__all__ = ["inquiry"]

HEADER = ("look", "person", "address", "at", "look2", "person2", "address2", "at2")
_LIMIT = 1024 * MOST  # bytes; a pair takes some 200


@inquiry.command()
@click.argument("finding")
@click.option("--pairs", required=True, type=Place(), help="CSV: which looks, at whom, and which address was shown.")
@asker_option
@data_option
@format_option
def inferred(finding: str, pairs: Path, asker: str, data: Path, form: str) -> int:
    """What could have been believed of the persons of FINDING, from addresses that looks showed: a class with reasons.

    For whoever opened their names, with another. Each person reads it in their statement.
    """
    given = pairs_of(pairs)
    with opened(data) as here:
        local(here, asker)
        found = could_be_inferred(finding, asker, given, inquiry_desk(here), terms(here), key=secrets.token_hex(16))
    if isinstance(found, Refused):
        say(refused(found), form)
        return REFUSED
    say(_answered(found), form)
    return 0


def terms(here: House) -> Terms:
    """How this house compares: its databases, its settings, the key of its receipts."""
    said = here.settings.places
    valid, old = timedelta(hours=said.valid_h), timedelta(days=said.max_age_days)
    return Terms(Networks(here.places), valid, old, VerifierKey.parse(here.journal.genesis.receipts))


def pairs_of(file: Path) -> list[tuple[Sighting, Sighting]]:
    """The pairs in a file. Raises BadInput with the line, and nothing of what stands in it."""
    lines = _lines(file)
    if _cells(lines[0], 1) != HEADER:
        raise BadInput("the first line does not name the columns", where="pairs", hint=f"it is: {','.join(HEADER)}")
    return [_pair(_cells(line, number), number) for number, line in enumerate(lines[1:], 2)]


def _lines(file: Path) -> list[str]:
    try:
        with file.open("rb") as opened_:
            raw = opened_.read(_LIMIT + 1)
        text = raw.decode().removeprefix("\ufeff")
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where="pairs") from None
    except UnicodeDecodeError:
        raise BadInput("not a text in UTF-8", where="pairs") from None
    if len(raw) > _LIMIT:
        raise BadInput(f"1 to {MOST} pairs at once", where="pairs")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _cells(line: str, number: int) -> tuple[str, ...]:
    found = csv_text.parse(line)
    if isinstance(found, No):
        raise BadInput(f"line {number} is no record of a table", where="pairs")
    return tuple(cell.text for cell in found)


def _pair(cells: Sequence[str], number: int) -> tuple[Sighting, Sighting]:
    if len(cells) != len(HEADER):
        raise BadInput(f"line {number} has not {len(HEADER)} values", where="pairs")
    one, other = _sighting(cells[:4], number), _sighting(cells[4:], number)
    return one, other


def _sighting(cells: Sequence[str], number: int) -> Sighting:
    look, person, address, at = cells
    if not (look and person and address):
        raise BadInput(f"line {number} lacks a value", where="pairs")
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise BadInput(f"line {number} has no time with its zone", where="pairs", hint="as in 2026-06-01T12:00:00Z")
    return Sighting(look, person, address, when)


def _answered(found: Inferred) -> Table:
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"pair": number, "class": str(each.near), "why": " ".join(each.reasons)}
        for number, each in enumerate(found.found, 1)
    )
    return Table(
        f"What could have been believed of {counted(len(rows), 'pair')} of looks behind {found.finding}.",
        ("pair", "class"),
        rows,
        {"finding": found.finding, "step": found.step, "persons": found.persons, "leaf": found.index},
        (
            *dict.fromkeys(f"{each.near}: {' '.join(each.reasons)}" for each in found.found),
            PROVES,
            f"{counted(found.persons, 'person')} can read this now, each about themselves: whosaw statement PERSON.",
            f"This step is recorded as leaf {found.index}.",
        ),
    )
