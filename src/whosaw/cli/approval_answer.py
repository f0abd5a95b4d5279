# SPDX-License-Identifier: Apache-2.0
"""`whosaw approval give | refuse | withdraw | review`: answers to a request.

Every answer is on record before it is so. Who cannot give one is told why: 4, refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

import click

from whosaw.cli.approval import ROLES, approval, read
from whosaw.cli.approval_words import answered, given
from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.options import Place, Together, asker_option, data_option, format_option, say
from whosaw.cli.output import REFUSED
from whosaw.guard.approvals import answer as answers
from whosaw.guard.approvals import ask as asking
from whosaw.guard.approvals import glass
from whosaw.guard.approvals.answer import Giving
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.state import No
from whosaw.model.approval import As
from whosaw.model.record import Json
from whosaw.verify.overseer import SignedFile
from whosaw.wiring import House

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
    if signed is not None:
        raw = read(signed, "--from")
        SignedFile.parse(raw, "--from")
        return _run(BRING, data, {"asker": asker, "signed": raw.decode()}, form)
    text = None if assertion is None else read(assertion, "--assertion").decode(errors="replace")
    return _run(GIVE, data, {"asker": asker, "request": request, "role": role, "assertion": text}, form)


def _give(here: House, said: Given) -> Done:
    giving = Giving(
        request=said.text("request"), staff=typed_by(here, said), role=As(said.text("role")),
        assertion=said.maybe("assertion"), nonce=secrets.token_hex(16),
    )  # fmt: skip
    return _answer(answers.give(here.approvals, giving), "Approved.")


def _bring(here: House, said: Given) -> Done:
    typed_by(here, said)
    back = SignedFile.parse(said.text("signed").encode(), "--from")
    return _answer(
        answers.give_signed(here.approvals, back, secrets.token_hex(16)), "The overseer's approval is taken."
    )


GIVE, BRING = Errand("approval give", _give), Errand("approval give --from", _bring)


@approval.command()
@click.argument("request")
@asker_option
@data_option
@format_option
def refuse(request: str, asker: str, data: Path, form: str) -> int:
    """Say no to REQUEST, or take back what you approved and nobody has used."""
    return _run(REFUSE, data, {"asker": asker, "request": request}, form)


def _refuse(here: House, said: Given) -> Done:
    asker = typed_by(here, said)
    return _answer(answers.refuse(here.approvals, said.text("request"), asker), "Refused: nobody can use it.")


REFUSE = Errand("approval refuse", _refuse)


@approval.command()
@click.argument("request")
@asker_option
@data_option
@format_option
def withdraw(request: str, asker: str, data: Path, form: str) -> int:
    """Take back REQUEST, which you asked for."""
    return _run(WITHDRAW, data, {"asker": asker, "request": request}, form)


def _withdraw(here: House, said: Given) -> Done:
    asker = typed_by(here, said)
    return _answer(asking.withdraw(here.approvals, said.text("request"), asker), "Withdrawn.")


WITHDRAW = Errand("approval withdraw", _withdraw)


@approval.command()
@click.argument("request")
@click.option("--fine/--not-fine", required=True, help="What you found.")
@asker_option
@data_option
@format_option
def review(request: str, fine: bool, asker: str, data: Path, form: str) -> int:
    """Look afterwards at what was used: a broken glass within a day. For people of another unit."""
    return _run(REVIEW, data, {"asker": asker, "request": request, "fine": fine}, form)


def _review(here: House, said: Given) -> Done:
    asker, fine = typed_by(here, said), said.flag("fine")
    done = glass.review(here.approvals, said.text("request"), asker, fine=fine, nonce=secrets.token_hex(16))
    return _answer(done, "Reviewed.")


REVIEW = Errand("approval review", _review)


def _run(errand: Errand, data: Path, said: Mapping[str, Json], form: str) -> int:
    done = errand.run(data, said)
    say(done.table, form)
    return done.code


def _answer(done: Kept | No | answers.Refused, did: str) -> Done:
    return Done(answered(did, done)) if isinstance(done, Kept) else Done(given(done), REFUSED)
