# SPDX-License-Identifier: Apache-2.0
"""`whosaw approval give | refuse | withdraw | review`: answers to a request.

Every answer is on record before it is so. Who cannot give one is told why: 4, refused.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.approval import ROLES, approval, read
from whosaw.cli.approval_words import answered, given
from whosaw.cli.operator import local
from whosaw.cli.options import Place, Together, asker_option, data_option, format_option, opened, say
from whosaw.cli.output import REFUSED
from whosaw.guard.approvals import answer as answers
from whosaw.guard.approvals import ask as asking
from whosaw.guard.approvals import glass
from whosaw.guard.approvals.answer import Giving
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.state import No
from whosaw.model.approval import As
from whosaw.verify.overseer import SignedFile

__all__ = ["approval"]


@approval.command()
@click.argument("request", required=False)
@click.option("--role", type=ROLES, default=str(As.INDEPENDENT), show_default=True, help="What you would sign as.")
@click.option("--assertion", type=Place(), metavar="FILE", help="What the browser gave for your passkey, JSON.")
@click.option(
    "--from", "signed", type=Place(), metavar="FILE", help="What an overseer has signed, in place of REQUEST."
)
@asker_option
@data_option
@format_option
def give(
    request: str | None, role: str, assertion: Path | None, signed: Path | None, asker: str, data: Path, form: str
) -> int:
    """Approve REQUEST, or bring an overseer's approval back. Exit code 4: you cannot, and why."""
    if (request is None) == (signed is None):
        raise Together("either REQUEST, or --from FILE")
    nonce = secrets.token_hex(16)
    with opened(data) as here:
        local(here, asker)
        if signed is not None:
            back = SignedFile.parse(read(signed, "--from"), "--from")
            done = answers.give_signed(here.approvals, back, nonce)
        else:
            text = None if assertion is None else read(assertion, "--assertion").decode(errors="replace")
            giving = Giving(request=request or "", staff=asker, role=As(role), assertion=text, nonce=nonce)
            done = answers.give(here.approvals, giving)
    return _answer(done, "Approved." if signed is None else "The overseer's approval is taken.", form)


@approval.command()
@click.argument("request")
@asker_option
@data_option
@format_option
def refuse(request: str, asker: str, data: Path, form: str) -> int:
    """Say no to REQUEST, or take back what you approved and nobody has used."""
    with opened(data) as here:
        local(here, asker)
        done = answers.refuse(here.approvals, request, asker)
    return _answer(done, "Refused: nobody can use it.", form)


@approval.command()
@click.argument("request")
@asker_option
@data_option
@format_option
def withdraw(request: str, asker: str, data: Path, form: str) -> int:
    """Take back REQUEST, which you asked for."""
    with opened(data) as here:
        local(here, asker)
        done = asking.withdraw(here.approvals, request, asker)
    return _answer(done, "Withdrawn.", form)


@approval.command()
@click.argument("request")
@click.option("--fine/--not-fine", required=True, help="What you found.")
@asker_option
@data_option
@format_option
def review(request: str, fine: bool, asker: str, data: Path, form: str) -> int:
    """Look afterwards at what was used: a broken glass within a day. For people of another unit."""
    with opened(data) as here:
        local(here, asker)
        done = glass.review(here.approvals, request, asker, fine=fine, nonce=secrets.token_hex(16))
    return _answer(done, "Reviewed.", form)


def _answer(done: Kept | No | answers.Refused, did: str, form: str) -> int:
    if isinstance(done, Kept):
        say(answered(did, done), form)
        return 0
    say(given(done), form)
    return REFUSED
