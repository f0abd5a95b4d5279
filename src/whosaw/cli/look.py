# SPDX-License-Identifier: Apache-2.0
"""`whosaw look`: one look, asked at the gate. Whatever becomes of it, it is on record."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from pathlib import Path

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Place, again, data_option, format_option, opened, say
from whosaw.cli.output import NEEDS_APPROVAL, REFUSED, Table
from whosaw.cli.statement import created
from whosaw.errors import BadInput
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Look
from whosaw.model.record import time_text
from whosaw.model.stage import Stage
from whosaw.policy.rules import Policy
from whosaw.policy.told import PLAIN
from whosaw.verify.words import counted

_APPROVALS = frozenset({"approvals-missing", "approval-of-legal-missing"})


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
        missing = _missing(answer, here.policy)
        say(_refused(answer, data, missing=missing), form)
        return NEEDS_APPROVAL if missing else REFUSED
    say(shown(answer), form)
    return 0


def shown(answer: Shown) -> Table:
    """What a permitted look shows."""
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


def _missing(answer: Refused, policy: Policy) -> bool:
    """Whether approvals are all that is missing, as far as it may be told: the same whether somebody is protected or not."""
    told = {rule.id for rule in answer.decision.rules} & policy.told
    return bool(told) and told <= _APPROVALS


def _refused(answer: Refused, data: Path, *, missing: bool) -> Table:
    # Not the rules: they would tell the one who asked that a person is protected, or whose colleague they are.
    cause = [f"What could not be read: {answer.cause}"] if answer.cause else []
    if any(rule.id.startswith("directory-") for rule in answer.decision.rules):
        cause.append("Confirm the directory: whosaw directory load TABLES")
    if missing:
        cause.append(f"It needs approvals: ask with whosaw approval ask{again(data)}")
    elif answer.told == PLAIN:
        # Said for every such refusal, or it would say that this person is one of those who need it.
        cause.append(f"Where others may approve it, ask them with: whosaw approval ask --everything{again(data)}")
    return Table(
        f"Refused. {answer.told}",
        facts={"permitted": False, "look": answer.look_id, "leaf": answer.index, "told": answer.told},
        after=(f"The attempt is recorded as leaf {answer.index}.", *cause),
    )
