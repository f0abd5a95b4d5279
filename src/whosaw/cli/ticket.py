# SPDX-License-Identifier: Apache-2.0
"""`whosaw ticket`: what the gate sees of a case at its system, whose accounts these are, and how the systems stand."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.errand import Done, Errand, Given
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import IN_PART, REFUSED, Cell, Table
from whosaw.directory.kept import Outcome
from whosaw.errors import Unavailable
from whosaw.model.record import time_text
from whosaw.tickets.accounts import load_accounts, owners
from whosaw.tickets.check import Checked, Hand, NotAsked
from whosaw.tickets.check import check as ask
from whosaw.verify.words import counted
from whosaw.wiring import House

_WORDS = {
    "opened": "opened by", "requested": "requested by", "assigned": "assigned to", "queued": "in the queue", "named": "names",
}  # fmt: skip


@click.group()
def ticket() -> None:
    """Cases, as the systems that keep them tell them."""


@ticket.command()
@click.argument("case")
@asker_option
@data_option
@format_option
def check(case: str, asker: str, data: Path, form: str) -> int:
    """What the gate would see of CASE now, by pseudonym. That you asked is on record. Exit code 1: there is no such case."""
    with opened(data) as here:
        found = ask(case, asker, here.tickets.checking(here.directory), secrets.token_hex(16))
    if isinstance(found, NotAsked):
        facts: dict[str, Cell] = {"permitted": False, "leaf": found.index}
        say(
            Table("Refused. Whoever asks must work here at this moment.", facts=facts, after=(_recorded(found.index),)),
            form,
        )
        return REFUSED
    if found.sighting.outcome is Outcome.SILENT:
        raise Unavailable(
            f"{found.system} did not answer: {found.sighting.why}",
            part=f"tickets {found.system}",
            hint="every look under its cases is refused until it does",
        )
    say(_told(case, found), form)
    return 0 if found.type is not None else IN_PART


@ticket.command()
@click.argument("system")
@click.argument("file", type=Place())
@data_option
@format_option
def accounts(system: str, file: Path, data: Path, form: str) -> int:
    """Whose accounts of SYSTEM these are: FILE is CSV, `account,staff_id,person`. An account that is not there is nobody's."""
    with opened(data) as here:
        loaded = load_accounts(file, system, here.tickets.tickets.names, here.changes, here.pseudonyms)
    whose = owners(loaded.rows)
    sentence = "The accounts changed; the change is on record, and in force." if loaded.changed else "Nothing changed."
    rows: tuple[dict[str, Cell], ...] = tuple({"of": kind, "accounts": count} for kind, count in whose.items())
    say(Table(sentence, ("of", "accounts"), rows, {"changed": loaded.changed}), form)
    return 0


@ticket.command()
@data_option
@format_option
def status(data: Path, form: str) -> int:
    """How each ticket system stood when it was asked last. Exit code 1: one of them was silent."""
    done = STATUS.run(data, {})
    say(done.table, form)
    return done.code


def _status(here: House, _: Given) -> Done:
    standing = here.tickets.tickets.standing()
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"system": name, "well": not why, "why": why or None} for name, why in standing.items()
    )
    down = sum(1 for why in standing.values() if why)
    sentence = (
        f"{counted(len(rows), 'ticket system')}, {down} of them silent." if rows else "No ticket system is set up."
    )
    table = Table(sentence, ("system", "well", "why"), rows, {"silent": down})
    return Done(table, IN_PART if down else 0)


STATUS = Errand("ticket status", _status)


def _told(case: str, found: Checked) -> Table:
    facts: dict[str, Cell] = {
        "system": found.system,
        "asked": time_text(found.sighting.asked),
        "counts_until": time_text(found.sighting.until),
        "leaf": found.index,
        "type": found.type,
        "opened": None if found.opened is None else time_text(found.opened),
        "closed": None if found.closed is None else time_text(found.closed),
    }
    if found.type is None or found.opened is None:
        return Table(f"{found.system} has no case {case}.", facts=facts, after=(_recorded(found.index),))
    state = "open" if found.closed is None else f"closed since {time_text(found.closed)}"
    rows = tuple(map(_row, found.hands))
    return Table(
        f"{found.system} keeps {case}: {found.type}, opened {time_text(found.opened)}, {state}. "
        f"Asked {time_text(found.sighting.asked)}, and that counts until {time_text(found.sighting.until)}.",
        ("what", "of", "by", "since", "fields"),
        rows,
        facts,
        ("`?`: nobody can say, and that forbids.", _recorded(found.index)),
    )


def _row(hand: Hand) -> dict[str, Cell]:
    since = None if hand.since is None else time_text(hand.since)
    return {"what": _WORDS[hand.role], "of": hand.of, "by": hand.by, "since": since, "fields": hand.fields}


def _recorded(index: int) -> str:
    return f"That you asked is recorded as leaf {index}."
