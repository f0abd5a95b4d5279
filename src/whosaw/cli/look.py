# SPDX-License-Identifier: Apache-2.0
"""`whosaw look`: one look, asked at the gate. Whatever becomes of it, it is on record."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from pathlib import Path

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Place, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Table
from whosaw.cli.statement import created
from whosaw.errors import BadInput
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Look
from whosaw.model.record import time_text
from whosaw.model.stage import Stage
from whosaw.verify.words import counted


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
    "--wait", type=click.Choice(tuple(Stage)), default=Stage.DURABLE, show_default=True,
    help="Show nothing before the record is so far; never less than the purpose demands.",
)  # fmt: skip
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
    receipt: Path | None,
    data: Path,
    form: str,
) -> int:
    """Ask for fields of one person. Exit code 4: refused."""
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
        )
        answer = here.guard.look(request, Stage(wait))
        if file is not None:
            file.write(answer.receipt)
    if isinstance(answer, Refused):
        say(_refused(answer), form)
        return REFUSED
    say(_shown(answer), form)
    return 0


def _shown(answer: Shown) -> Table:
    rows = tuple(
        {"field": str(v.field), "detail": v.detail, "seen": time_text(v.seen), "value": v.text} for v in answer.values
    )
    caveats = tuple(dict.fromkeys(v.caveat for v in answer.values if v.caveat))
    return Table(
        f"Shown: {counted(len(rows), 'value')}. This look is recorded as leaf {answer.index}; the person can read it.",
        ("field", "detail", "seen", "value"),
        rows,
        {"permitted": True, "look": answer.look_id, "leaf": answer.index},
        caveats,
    )


def _refused(answer: Refused) -> Table:
    # Not the rules: they would tell the one who asked that a person is protected, or whose colleague they are.
    cause = [f"What could not be read: {answer.cause}"] if answer.cause else []
    if any(rule.id.startswith("directory-") for rule in answer.decision.rules):
        cause.append("Confirm the directory: whosaw directory load TABLES")
    return Table(
        f"Refused. {answer.told}",
        facts={"permitted": False, "look": answer.look_id, "leaf": answer.index, "told": answer.told},
        after=(f"The attempt is recorded as leaf {answer.index}.", *cause),
    )
