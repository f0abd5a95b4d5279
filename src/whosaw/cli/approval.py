# SPDX-License-Identifier: Apache-2.0
"""`whosaw approval`: ask others to approve exactly one look, and see what waits. Answering is ``cli.approval_answer``.

A request is on record before anybody is told of it. What its asker sees says nothing about the person.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from whosaw.cli.approval_words import answered, listed, shown
from whosaw.cli.operator import local
from whosaw.cli.options import Place, again, asker_option, data_option, format_option, opened, say
from whosaw.cli.statement import created
from whosaw.errors import BadInput
from whosaw.guard.approvals import answer as answers
from whosaw.guard.approvals import ask as asking
from whosaw.guard.approvals.ask import Asking
from whosaw.guard.approvals.life import find, moment
from whosaw.guard.approvals.overseer import exported
from whosaw.guard.approvals.passkeys import request_options
from whosaw.guard.approvals.state import What
from whosaw.guard.approvals.view import SIGNED_HERE, view, views
from whosaw.model.access import Asked, Look
from whosaw.model.approval import As, Counts

_NO_OVERSEER = "Nobody can sign it as an overseer: no [[overseer]] stands in whosaw.toml (docs/approvals.md)."
ROLES = click.Choice([str(role) for role in SIGNED_HERE])


@click.group()
def approval() -> None:
    """Approvals of exactly one look: asked by one, signed by others who are independent of them."""


@approval.command()
@click.option("--person", required=True, metavar="ID", help="Whose data: an account id.")
@click.option(
    "--field", "fields", required=True, multiple=True, metavar="FIELD[:DETAIL]", help="Such as ip:network. Repeatable."
)
@click.option("--purpose", required=True, metavar="CODE", help="From the closed list (docs/reference.md).")
@click.option("--case", metavar="ID", help="The reason, as the ticket system names it.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in your words. It is shown as yours.")
@click.option("--independent", type=click.IntRange(1, 5), metavar="N", help="How many must sign in all.")
@click.option("--steward", is_flag=True, help="One of them a steward of the person's region.")
@click.option("--overseer", is_flag=True, help="One of them an overseer from outside.")
@click.option("--legal", is_flag=True, help="One of them of the legal function of another unit.")
@click.option("--everything", is_flag=True, help="Whatever could be needed: two, a steward and an overseer among them.")
@click.option("--window", is_flag=True, help="To be used more than once, where the purpose lets it.")
@click.option("--to", "to", multiple=True, metavar="ID", help="Staff id of somebody who shall be told. Repeatable.")
@click.option("--key", metavar="TEXT", help="The same key is the same request. Without it: a new one.")
@asker_option
@data_option
@format_option
def ask(
    person: str,
    fields: tuple[str, ...],
    purpose: str,
    case: str | None,
    reason: str,
    independent: int | None,
    steward: bool,
    overseer: bool,
    legal: bool,
    everything: bool,
    window: bool,
    to: tuple[str, ...],
    key: str | None,
    asker: str,
    data: Path,
    form: str,
) -> int:
    """Ask others to approve a look of yours. What it says, and no more, is what they sign."""
    look = Look(
        look_id="-", principal=asker, person=person, asked=tuple(Asked.parse(text) for text in fields), purpose=purpose,
        case=case, key=secrets.token_hex(16) if key is None else key,
    )  # fmt: skip
    needs = Counts(independent=independent or 0, stewards=int(steward), overseers=int(overseer), legal=int(legal))
    with opened(data) as here:
        local(here, asker)
        wanted = Asking(
            look=look, reason=reason, needs=None if needs == Counts() else needs, everything=everything, window=window,
            to=to,
        )  # fmt: skip
        kept = asking.ask(here.approvals, wanted)
        nobody = bool(kept.request.needs.overseers) and not here.approvals.house.overseers
    say(
        answered(
            "Asked.",
            kept,
            *((_NO_OVERSEER,) if nobody else ()),
            "Others see it with:",
            f"whosaw approval show {kept.request.id}{again(data)}",
        ),
        form,
    )
    return 0


@approval.command("list")
@asker_option
@data_option
@format_option
def list_(asker: str, data: Path, form: str) -> int:
    """What you asked for, what you could sign: who asks, what speaks against it; and what there is to be told."""
    with opened(data) as here:
        local(here, asker)
        desk = here.approvals
        who = desk.people.principal(asker)
        notices = desk.notices.waiting([who])
        found = views(desk, asker, {notice.request for notice in notices if notice.what == What.ASKED})
        known = desk.directory.known(who, "", None, moment(desk.clock)).principal is not None
        say(listed(found, notices, data, known=known), form)
        # Taken only once it was printed: who was not told is told again.
        desk.notices.taken((notice.id for notice in notices), moment(desk.clock))
    return 0


@approval.command()
@click.argument("request")
@click.option("--role", type=ROLES, default=str(As.INDEPENDENT), show_default=True, help="What you would sign as.")
@click.option("--challenge", type=Place(), metavar="FILE", help="Where to write what a browser needs for your passkey.")
@click.option("--out", type=Place(), metavar="FILE", help="Where to write the request for an overseer.")
@asker_option
@data_option
@format_option
def show(request: str, role: str, challenge: Path | None, out: Path | None, asker: str, data: Path, form: str) -> int:
    """REQUEST as you may see it: who asks, what for, why in their words, and whether you can sign it."""
    with opened(data) as here:
        local(here, asker)
        desk = here.approvals
        kept = find(desk, request)
        seen = view(desk, kept, asker)
        if challenge is not None:
            digest = answers.digest_for(kept.request, desk.people.principal(asker), As(role))
            options = request_options(desk, asker, digest)
            with created(challenge, "--challenge") as file:
                file.write(options.encode() + b"\n")
        if out is not None:
            if not seen.mine and seen.reason is None:
                raise BadInput("only the one who asks, or who could sign, takes a request out", where="--out")
            with created(out, "--out") as file:
                file.write(exported(desk, kept, here.settings.origin).encode())
    say(shown(seen, data), form)
    return 0


def read(path: Path, where: str) -> bytes:
    """A small file that was given. Raises BadInput."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(error.strerror or "cannot be read", where=where) from None
    if len(raw) > 256 * 1024:
        raise BadInput("larger than any such file", where=where)
    return raw
