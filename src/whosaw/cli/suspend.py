# SPDX-License-Identifier: Apache-2.0
"""`whosaw suspend PRINCIPAL`: stop somebody at every gate at once; with --lift and two names, let them look again."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.operator import local
from whosaw.cli.options import Together, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED, Table
from whosaw.guard import suspension
from whosaw.guard.approvals.use import settle
from whosaw.guard.suspension import CODES, Done

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
    key = secrets.token_hex(16)
    with opened(data) as here:
        local(here, by)
        desk = here.suspension
        done = (
            suspension.lift(principal, by, with_ or "", desk, key=key)
            if lift
            else suspension.suspend(principal, code or "", by, desk, key=key)
        )
        settle(here.approvals)  # what they asked for or signed is void from now on, and told
    if isinstance(done, Done):
        what = "may look again" if lift else "is stopped at every gate"
        say(
            Table(
                f"The principal {what}.", facts={"outcome": "done", "leaf": done.index}, after=(_on_record(done.index),)
            ),
            form,
        )
        return 0
    say(
        Table(
            "Refused: nothing was changed.",
            ("code", "reason"),
            tuple({"code": reason.code, "reason": reason.sentence} for reason in done.reasons),
            {"outcome": "refused", "leaf": done.index},
            (_on_record(done.index),),
        ),
        form,
    )
    return REFUSED


def _on_record(index: int) -> str:
    return f"It is on record at leaf {index} of the log."
