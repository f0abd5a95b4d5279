# SPDX-License-Identifier: Apache-2.0
"""`whosaw approval`: ask others to approve exactly one look, and see what waits. Answering is ``cli.approval_answer``.

A request is on record before anybody is told of it. What its asker sees says nothing about the person.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import click

from whosaw.beside import told
from whosaw.cli.approval_words import answered, listed, shown
from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.options import Place, again, asker_option, data_option, format_option, same, say
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
from whosaw.model.access import Asked, Look, Mode
from whosaw.model.approval import GROUPS, As, Counts
from whosaw.model.record import Json
from whosaw.wiring import House

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
@click.option(
    "--export", is_flag=True, help="Of an export (`whosaw vault export --all`), and not of a look on a screen."
)
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
    export: bool,
    to: tuple[str, ...],
    key: str | None,
    asker: str,
    data: Path,
    form: str,
) -> int:
    """Ask others to approve a look of yours. What it says, and no more, is what they sign."""
    said: dict[str, Json] = {
        "asker": asker, "person": person, "fields": list(fields), "purpose": purpose, "case": case, "reason": reason,
        "independent": independent or 0, "stewards": int(steward), "overseers": int(overseer), "legal": int(legal),
        "everything": everything, "window": window, "export": export, "to": list(to),
        "key": secrets.token_hex(16) if key is None else key, "again": again(data),
    }  # fmt: skip
    say(ASK.run(data, said).table, form)
    return 0


def _ask(here: House, said: Given) -> Done:
    look = Look(
        look_id="-", principal=typed_by(here, said), person=said.text("person"),
        asked=tuple(Asked.parse(text) for text in said.texts("fields")), purpose=said.text("purpose"),
        case=said.maybe("case"), key=said.text("key"), mode=Mode.EXPORT if said.flag("export") else Mode.READ,
    )  # fmt: skip
    needs = Counts(**{name: said.number(name) for name in GROUPS})
    wanted = Asking(
        look=look, reason=said.text("reason"), needs=None if needs == Counts() else needs,
        everything=said.flag("everything"), window=said.flag("window"), to=said.texts("to"),
    )  # fmt: skip
    kept = asking.ask(here.approvals, wanted)
    nobody = bool(kept.request.needs.overseers) and not here.approvals.house.overseers
    after = f"whosaw approval show {kept.request.id}{said.text('again')}"
    return Done(answered("Asked.", kept, *((_NO_OVERSEER,) if nobody else ()), "Others see it with:", after))


ASK = Errand("approval ask", _ask)


@approval.command("list")
@asker_option
@data_option
@format_option
def list_(asker: str, data: Path, form: str) -> int:
    """What you asked for, what you could sign: who asks, what speaks against it; and what there is to be told."""
    done = LIST.run(data, {"asker": asker, "same": same(data)})
    say(done.table, form)
    # Taken only once it was printed: who was not told is told again.
    if notices := Given(done.besides).texts("notices"):
        told(data, notices)
    return 0


def _list(here: House, said: Given) -> Done:
    asker, desk = typed_by(here, said), here.approvals
    who = desk.people.principal(asker)
    notices = desk.notices.waiting([who])
    found = views(desk, asker, {notice.request for notice in notices if notice.what == What.ASKED})
    known = desk.directory.known(who, "", None, moment(desk.clock)).principal is not None
    ids: Sequence[Json] = [notice.id for notice in notices]
    return Done(listed(found, notices, said.text("same"), known=known), besides={"notices": ids})


LIST = Errand("approval list", _list)


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
    said: dict[str, Json] = {
        "asker": asker, "request": request, "role": role, "challenge": challenge is not None, "out": out is not None,
        "same": same(data),
    }  # fmt: skip
    done = SHOW.run(data, said)
    besides = Given(done.besides)
    for path, option, name in ((challenge, "--challenge", "challenge"), (out, "--out", "out")):
        if path is not None:
            with created(path, option) as file:
                file.write(besides.text(name).encode())
    say(done.table, form)
    return 0


def _show(here: House, said: Given) -> Done:
    asker, desk = typed_by(here, said), here.approvals
    kept = find(desk, said.text("request"))
    seen = view(desk, kept, asker)
    besides: dict[str, Json] = {}
    if said.flag("challenge"):
        digest = answers.digest_for(kept.request, desk.people.principal(asker), As(said.text("role")))
        besides["challenge"] = request_options(desk, asker, digest) + "\n"
    if said.flag("out"):
        if not seen.mine and seen.reason is None:
            raise BadInput("only the one who asks, or who could sign, takes a request out", where="--out")
        besides["out"] = exported(desk, kept, here.settings.origin).encode().decode()
    return Done(shown(seen, said.text("same"), passkeys=desk.house.passkeys), besides=besides)


SHOW = Errand("approval show", _show)


def read(path: Path, where: str) -> bytes:
    """A small file that was given. Raises BadInput."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(error.strerror or "cannot be read", where=where) from None
    if len(raw) > 256 * 1024:
        raise BadInput("larger than any such file", where=where)
    return raw
