# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault export`: what is kept of a person, as one JSON file, for the person who asked for it.

    PERSON, a case that they opened ──▶ a look, mode `export` ──▶ decided, on record ──▶ OUT.part ──▶ OUT      or refused, like any look

Invariant: the file is for its owner only (0600), and stands there whole or not at all. It holds what the look was granted, and says
what it leaves out.                                                               Decided in: docs/adr/0128
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from whosaw.cli.look_words import missing, refused
from whosaw.cli.operator import local
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import NEEDS_APPROVAL, REFUSED, Table
from whosaw.cli.pseudonym_file import free, unfinished
from whosaw.cli.vault_import import vault
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import LADDER, Asked, Field, Look, Mode
from whosaw.model.record import time_text
from whosaw.policy.purposes import Purpose
from whosaw.privacy.fields.registry import KINDS
from whosaw.verify.words import counted

__all__ = ["vault"]

PURPOSE = "subject_request"
FORMAT = "whosaw-export/1"


@vault.command()
@click.argument("person")
@click.option("--out", required=True, type=Place(), help="Where to write it.")
@click.option("--case", required=True, metavar="ID", help="The case in which the person asked for it.")
@click.option("--all", "all_", is_flag=True, help="What only an export hands out, too; it needs an approval.")
@asker_option
@data_option
@format_option
def export(person: str, out: Path, case: str, all_: bool, asker: str, data: Path, form: str) -> int:
    """Write what is kept of PERSON and may be handed out, for the person. It is a look: exit code 4: refused; 5: approvals are missing."""
    free(out)
    with opened(data) as here:
        purpose = here.policy.purposes[PURPOSE]
        purpose = purpose.exporting if all_ else purpose
        look = Look(
            look_id=secrets.token_hex(8), principal=asker, person=person, asked=everything(purpose, here.guard.offered),
            purpose=PURPOSE, case=case, key=secrets.token_hex(16), mode=Mode.EXPORT, app="whosaw-export", caller=local(here, asker),
        )  # fmt: skip
        answer = here.guard.look(look)
        policy, origin = here.policy, here.settings.origin
        if isinstance(answer, Shown):
            with unfinished(out) as file:
                json.dump(portable(answer, look, origin), file, ensure_ascii=False, indent=1)
                file.write("\n")
    if isinstance(answer, Refused):
        say(refused(answer, look, policy, data), form)
        return NEEDS_APPROVAL if missing(answer, policy) else REFUSED
    say(
        Table(
            f"{out} holds {counted(len(answer.values), 'value')}. This look is recorded as leaf {answer.index}; the person can read it.",
            facts={"permitted": True, "look": answer.look_id, "leaf": answer.index, "values": len(answer.values)},
            after=("Hand it to the person, and to nobody else.",),
        ),
        form,
    )
    return 0


def everything(purpose: Purpose, offered: Iterable[Asked]) -> tuple[Asked, ...]:
    """Each field that the purpose may need, as exactly as it may and this installation can."""
    both = purpose.needs & frozenset(offered)
    most = {each.field: each for each in sorted(both, key=lambda each: LADDER[each.field].index(each.detail))}
    return tuple(most[field] for field in Field if field in most)


def portable(answer: Shown, look: Look, origin: str) -> dict[str, Any]:
    """The file: fields in their order, in each the values newest first, with what each shows and does not prove."""
    asked = {each.field: each.detail for each in look.asked}
    return {
        "format": FORMAT,
        "person": look.person,
        "log": origin,
        "look": answer.look_id,
        "leaf": answer.index,
        "fields": [
            {
                "field": str(field),
                "detail": detail,
                "shows": KINDS[field].rung(detail).shows,
                "values": [
                    {"seen": time_text(v.seen), "value": v.text} | ({"caveat": v.caveat} if v.caveat else {})
                    for v in answer.values
                    if v.field is field
                ],
            }
            for field, detail in asked.items()
        ],
        "left_out": [
            {
                "field": str(field),
                "of": "all of it" if field not in asked else f"what is more exact than {asked[field]}",
            }
            for field in Field
            if asked.get(field) != LADDER[field][-1]
        ],
    }
