# SPDX-License-Identifier: Apache-2.0
"""`whosaw suspend PRINCIPAL`: stop somebody at every gate at once; with --lift and two names, let them look again."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.options import Together, data_option, format_option, say
from whosaw.cli.output import REFUSED, Table
from whosaw.guard import suspension
from whosaw.guard.approvals.use import settle
from whosaw.guard.suspension import CODES
from whosaw.wiring import House

_LISTED = "; ".join(f"{code}: {what}" for code, what in CODES.items())


@click.command()
@click.argument("principal")
@click.option("--reason-code", "code", type=click.Choice(list(CODES)), help=f"Why. {_LISTED}.")
@click.option("--by", required=True, metavar="ID", help="Staff id of whoever says so; recorded.")
@click.option("--lift", is_flag=True, help="Let them look again; needs --with.")
@click.option("--with", "with_", metavar="ID", help="Staff id of the second who says so, for a lift; recorded.")
@data_option
@format_option
def suspend(principal: str, code: str | None, by: str, lift: bool, with_: str | None, data: Path, form: str) -> int:
    """Stop PRINCIPAL, a staff id, at every gate at once. On record first. Exit code 4: refused, with the reasons."""
    if lift == bool(code) or lift != bool(with_):
        raise Together("either --reason-code CODE, or --lift and --with ID")
    done = SUSPEND.run(data, {"asker": by, "principal": principal, "code": code, "second": with_})
    say(done.table, form)
    return done.code


def _suspend(here: House, said: Given) -> Done:
    by, principal, second = typed_by(here, said), said.text("principal"), said.maybe("second")
    desk, key = here.suspension, secrets.token_hex(16)
    done = (
        suspension.suspend(principal, said.text("code"), by, desk, key=key)
        if second is None
        else suspension.lift(principal, by, second, desk, key=key)
    )
    settle(here.approvals)  # what they asked for or signed is void from now on, and told
    on_record = f"It is on record at leaf {done.index} of the log."
    if isinstance(done, suspension.Done):
        what = "is stopped at every gate" if second is None else "may look again"
        return Done(Table(f"The principal {what}.", facts={"outcome": "done", "leaf": done.index}, after=(on_record,)))
    table = Table(
        "Refused: nothing was changed.",
        ("code", "reason"),
        tuple({"code": reason.code, "reason": reason.sentence} for reason in done.reasons),
        {"outcome": "refused", "leaf": done.index},
        (on_record,),
    )
    return Done(table, REFUSED)


SUSPEND = Errand("suspend", _suspend)
