# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault reroot`: another root key in the place of the present one. Neither is ever printed.

new root, durable ──▶ on record ──▶ key table goes over ──▶ new root where a start looks for it ──▶ every key re-wrapped
└── cut short here or later: the same command goes on ──┘
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from whosaw.beside import elected
from whosaw.cli.operator import local
from whosaw.cli.options import data_option, format_option, opened, progress, say
from whosaw.cli.output import Table
from whosaw.cli.vault_export import vault
from whosaw.config import Settings
from whosaw.datafolder import is_under, next_root, settings_of
from whosaw.errors import Busy
from whosaw.facts.clear import clear
from whosaw.settings.keys import ENVIRONMENT, ROOTS
from whosaw.vault.reroot import reroot as rerooting
from whosaw.vault.rotate import rotate
from whosaw.verify.words import counted
from whosaw.wiring import House

__all__ = ["vault"]

PULSE_S = 8  # a gate that has shown none for so long is not there (``store.pg_election`` takes its office after five)
_AFTER = (
    "Back up the new root, and the key table, now: copies of the table from before open with the former root only.",
    "The former root opens those copies as long as there are any: let them expire, and destroy its own copies.",
)


@vault.command()
@click.option("--by", required=True, metavar="ID", help="Staff id of whoever orders it; recorded.")
@click.option("--to", required=True, type=click.Choice(ROOTS), help="Where the new root lives.")
@click.option("--variable", metavar="NAME", help="The variable that holds the new root, with `--to environment`.")
@data_option
@format_option
def reroot(by: str, to: str, variable: str | None, data: Path, form: str) -> int:
    """Exchange the root key, on record first, and wrap every key anew; with all gates closed. Cut short, it goes on."""
    settings = settings_of(data)
    _nobody_serves(settings)
    there = next_root(data, settings, to, variable)
    found = there.find()
    over = found is not None and is_under(data, settings, found)
    if over:
        there.settle()
        if not _told(settings, to, variable):
            there.done()
            return _say("over", None, to, variable, settings, form)
    with _alone(data) as here, progress("keys") as at:
        local(here, by)
        who = here.names.remember(by)
        if not over:
            rerooting(here.keyring, here.journal, found or there.make(os.urandom), place=to, by=who, at=here.clock())
            there.settle()
        keys = None
        if len(here.keyring.epochs.numbers()) > 1:
            keys = rotate(here.keyring, here.journal, who, here.clock(), progress=at).rows
        clear(here.facts_folder)  # sealed below the root before; the next watch makes them anew
    there.done()
    return _say("finished" if over else "exchanged", keys, to, variable, settings, form)


def _nobody_serves(settings: Settings) -> None:
    """Raises Busy while a gate of a log that many gates write is alive: one of them is always elected, and has a pulse."""
    found = elected(settings)
    if found is not None and found.seen_s <= PULSE_S:
        raise _busy()


@contextmanager
def _alone(data: Path) -> Iterator[House]:
    with ExitStack() as stack:
        try:
            here = stack.enter_context(opened(data))
        except Busy:
            raise _busy() from None
        yield here


def _busy() -> Busy:
    return Busy(
        "a gate of this log is open, and would go on under the root that it has",
        part="gates",
        hint="close every gate, on every machine, wait ten seconds, and type the same again; nothing was changed",
    )


def _told(settings: Settings, to: str, variable: str | None) -> bool:
    """Whether the settings say already where the new root is."""
    return settings.keys.root == to and (to != ENVIRONMENT or settings.keys.variable == variable)


def _say(outcome: str, keys: int | None, to: str, variable: str | None, settings: Settings, form: str) -> int:
    after = list(_AFTER)
    if not _told(settings, to, variable):
        named = f' and variable = "{variable}"' if to == ENVIRONMENT else ""
        after.insert(0, f'Now write root = "{to}"{named} into [keys] of whosaw.toml: nothing starts before.')
    if outcome == "over":
        after.insert(1, "Then `whosaw vault rotate --by ID` wraps the rest of the keys.")
    said = (
        "An exchange that was cut short is finished" if outcome == "finished" else "The key table is under the new root"
    )
    said += "." if keys is None else f": {counted(keys, 'key')} wrapped anew."
    say(Table(said, facts={"outcome": outcome, "place": to, "keys": keys}, after=tuple(after)), form)
    return 0
