# SPDX-License-Identifier: Apache-2.0
"""`whosaw pseudonym address`: the way back from a pseudonym, which is a look at the person whose address it may be."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.look_words import missing, refused, shown
from whosaw.cli.options import opened, say
from whosaw.cli.output import NEEDS_APPROVAL, REFUSED
from whosaw.cli.pseudonym import ask_of, asking, pseudonym
from whosaw.guard.answer import Refused
from whosaw.guard.pseudonyms.behind import EXACT, behind
from whosaw.model.access import Look

__all__ = ["pseudonym"]


@pseudonym.command()
@click.argument("pseudonym")
@click.option("--person", required=True, metavar="ID", help="Whose it is: an account id. It is a look at them.")
@asking
def address(
    pseudonym: str,
    person: str,
    purpose: str,
    case: str,
    variant: str,
    epoch: str | None,
    asker: str,
    data: Path,
    form: str,
) -> int:
    """Which of a person's addresses has this PSEUDONYM: a look at the person, ip:exact, by the gate. Exit code 4: refused; 5: approvals are missing."""
    with opened(data) as here:
        ask = ask_of(here, asker, purpose, case, variant, epoch)
        look = Look(
            look_id=secrets.token_hex(8), principal=asker, person=person, asked=(EXACT,), purpose=purpose, case=case,
            key=secrets.token_hex(16), app="whosaw-pseudonym", caller=ask.caller,
        )  # fmt: skip
        answer = behind(look, pseudonym, ask, guard=here.guard, desk=here.pseudonymiser)
    if isinstance(answer, Refused):
        say(refused(answer, look, here.policy, data), form)
        return NEEDS_APPROVAL if missing(answer, here.policy) else REFUSED
    say(shown(answer), form)
    return 0
