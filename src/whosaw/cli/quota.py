# SPDX-License-Identifier: Apache-2.0
"""`whosaw quota show`: how many looks a principal has left, and how many there are."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.errand import Done, Errand, Given
from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import Table
from whosaw.errors import BadInput
from whosaw.policy.facts import PrincipalFacts
from whosaw.wiring import House

_NOBODY = ""  # no person has this pseudonym: the question is about the principal alone


@click.group()
def quota() -> None:
    """How many looks there are, and how many are left."""


@quota.command()
@click.argument("principal")
@data_option
@format_option
def show(principal: str, data: Path, form: str) -> int:
    """What PRINCIPAL, a staff id, has left at this moment. Nothing is taken, and nobody looked at is named."""
    say(SHOW.run(data, {"principal": principal}).table, form)
    return 0


def _show(here: House, said: Given) -> Done:
    who, at = here.pseudonyms.principal(said.text("principal")), here.clock()
    known = here.directory.known(who, _NOBODY, None, at).principal
    if known is None:
        raise BadInput("the directory has never known this principal", where="PRINCIPAL")
    rows = (*here.quota.shown(who, at), *here.pseudonymiser.shown(who, at))
    return Done(
        Table(
            "What is left of each quota. The limits stand in whosaw.toml, [quota] and [pseudonyms], and in purposes.toml.",
            ("quota", "limit", "left"),
            tuple({"quota": name, "limit": limit, "left": left} for name, limit, left in rows),
            {"suspended": known.suspended, "works_here": known.active},
            _stopped(known),
        )
    )


def _stopped(known: PrincipalFacts) -> tuple[str, ...]:
    """That nothing of it can be used: places that are left open no gate."""
    if known.suspended:
        return ("This principal is suspended: every look of theirs is refused, whatever is left.",)
    return () if known.active else ("This principal does not work here now: every look is refused, whatever is left.",)


SHOW = Errand("quota show", _show)
