# SPDX-License-Identifier: Apache-2.0
"""`whosaw look`: one look, asked at the gate. Whatever becomes of it, it is on record."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from pathlib import Path

import click

from whosaw.cli.look_words import missing, refused, shown
from whosaw.cli.operator import local
from whosaw.cli.options import Place, data_option, format_option, opened, say
from whosaw.cli.output import NEEDS_APPROVAL, REFUSED
from whosaw.cli.statement import created
from whosaw.errors import BadInput
from whosaw.guard.answer import Refused
from whosaw.model.access import Asked, Look
from whosaw.model.stage import Stage


@click.command()
@click.option("--principal", required=True, metavar="ID", help="Who looks: a staff id.")
@click.option("--person", required=True, metavar="ID", help="Whose data: an account id.")
@click.option(
    "--field", "fields", required=True, multiple=True, metavar="FIELD[:DETAIL]", help="Such as ip:network. Repeatable."
)
@click.option("--purpose", required=True, metavar="CODE", help="From the closed list (docs/reference.md).")
@click.option("--case", metavar="ID", help="The reason, as the ticket system names it.")
@click.option("--key", metavar="TEXT", help="The same key is the same look. Without it: a new look.")
@click.option(
    "--wait", type=click.Choice([str(stage) for stage in Stage]), default=str(Stage.DURABLE), show_default=True,
    help="Show nothing before the record is so far; never less than the purpose demands.",
)  # fmt: skip
@click.option(
    "--break-glass", is_flag=True, help="It cannot wait for an approval: others are told at once, and review it."
)
@click.option("--receipt", type=Place(), metavar="FILE", help="Where to write the receipt of the look.")
@data_option
@format_option
def look(
    principal: str,
    person: str,
    fields: tuple[str, ...],
    purpose: str,
    case: str | None,
    key: str | None,
    wait: str,
    break_glass: bool,
    receipt: Path | None,
    data: Path,
    form: str,
) -> int:
    """Ask for fields of one person. Exit code 4: refused; 5: approvals are missing, and nothing else that may be told."""
    asked = tuple(Asked.parse(text) for text in fields)
    with created(receipt, "--receipt") if receipt else nullcontext() as file, opened(data) as here:
        if wait == Stage.WITNESSED and not here.witnessed:
            raise BadInput("this log has no witnesses", where="--wait", hint="name some in whosaw.toml")
        request = Look(
            look_id=secrets.token_hex(8),
            principal=principal,
            person=person,
            asked=asked,
            purpose=purpose,
            case=case,
            key=secrets.token_hex(16) if key is None else key,
            app="whosaw-look",
            caller=local(here, principal),
            break_glass=break_glass,
        )
        answer = here.guard.look(request, Stage(wait))
        if file is not None:
            file.write(answer.receipt)
    if isinstance(answer, Refused):
        say(refused(answer, request, here.policy, data), form)
        return NEEDS_APPROVAL if missing(answer, here.policy) else REFUSED
    say(shown(answer), form)
    return 0
