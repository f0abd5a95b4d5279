# SPDX-License-Identifier: Apache-2.0
"""`whosaw overseer`: for somebody from outside, on a machine of their own. No data folder, no network.

key ──▶ a private file, and a line for the organisation's whosaw.toml        show, sign ──▶ a request, as it is signed
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from whosaw.cli.approval import read
from whosaw.cli.options import Place, format_option, say
from whosaw.cli.output import Table
from whosaw.cli.statement import created
from whosaw.errors import BadInput
from whosaw.model.record import time_text
from whosaw.review.words import Resolution, What, reasons_for
from whosaw.verify.overseer import KINDS, OverseerKey, RequestFile
from whosaw.verify.ruling import Brief, Ruling

KEY = Path("overseer.key")
_KEY_OPTION = click.option(
    "--overseer-key",
    "key",
    type=Place(),
    default=KEY,
    show_default=True,
    metavar="FILE",
    help="The private key's file.",
)


@click.group()
def overseer() -> None:
    """Approve from outside, with a key that the organisation does not hold."""


@overseer.command("key")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), default="ed25519", show_default=True, help="Of the key.")
@_KEY_OPTION
@format_option
def key_(name: str, kind: str, key: Path, form: str) -> int:
    """Make a key for the overseer NAME. The file never leaves this machine; the line it prints does."""
    if key.exists():
        raise BadInput(
            "a file stands there already", where="--overseer-key", hint="nothing was changed; a key is never made anew"
        )
    made = OverseerKey.make(name, kind, os.urandom)
    try:
        handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadInput(error.strerror or "cannot be made", where="--overseer-key") from None
    with os.fdopen(handle, "wb") as file:
        file.write(made.encode())
    # As rows: those are never wrapped, and the second may be longer than any screen.
    rows = ({"for their whosaw.toml": "[[overseer]]"}, {"for their whosaw.toml": f'vkey = "{made.vkey}"'})
    after = (f"Tell it over a channel that both trust. {key} stays here.",)
    say(Table(f"A key for {name} is made.", ("for their whosaw.toml",), rows, {"vkey": made.vkey}, after), form)
    return 0


@overseer.command()
@click.argument("requestfile", type=Place())
@format_option
def show(requestfile: Path, form: str) -> int:
    """What REQUESTFILE asks you to approve: checked, and nothing else than what would be signed."""
    say(_asked(_read(requestfile)), form)
    return 0


@overseer.command()
@click.argument("requestfile", type=Place())
@click.option("--out", type=Place(), required=True, metavar="FILE", help="Where to write the signed request.")
@_KEY_OPTION
@format_option
def sign(requestfile: Path, out: Path, key: Path, form: str) -> int:
    """Approve REQUESTFILE with your key; the file that it writes goes back."""
    request = _read(requestfile)
    mine = OverseerKey.parse(read(key, "--overseer-key"), "--overseer-key")
    with created(out, "--out") as file:
        file.write(mine.sign(request).encode())
    table = _asked(request)
    say(
        Table(f"Signed as {mine.name}: request {request.id}.", table.columns, table.rows, table.facts,
              (*table.after, "They take it with: whosaw approval give --from FILE")),
        form,
    )  # fmt: skip
    return 0


@overseer.command("rule")
@click.argument("brief", type=Place())
@click.option(
    "--resolution", type=click.Choice([str(each) for each in Resolution]), required=True, help="How it ended."
)
@click.option("--because", "why", multiple=True, metavar="CODE", help="Why, a code of docs/review.md. Repeatable.")
@click.option("--out", type=Place(), required=True, metavar="FILE", help="Where to write the ruling.")
@_KEY_OPTION
@format_option
def rule_(brief: Path, resolution: str, why: tuple[str, ...], out: Path, key: Path, form: str) -> int:
    """Rule how the finding of BRIEF ended, with your key; the file that it writes goes back."""
    known = reasons_for(What.RESOLVE, Resolution(resolution))
    if not why or not set(why) <= known.keys():
        raise BadInput(
            "a reason of this resolution is missing, or another stands there",
            where="--because",
            hint=f"one or more of: {', '.join(known)}",
        )
    about = Brief.parse(read(brief, "BRIEF"), "BRIEF")
    mine = OverseerKey.parse(read(key, "--overseer-key"), "--overseer-key")
    after = (
        about.sentence,
        *(f"Against it: {each}" for each in about.against),
        *(() if about.proposed is None else (f"One of theirs resolved it as {about.proposed}.",)),
        f"They take it with: whosaw finding bring {out}",
    )
    facts = {"finding": about.finding, "origin": about.origin, "resolution": resolution}
    table = Table(f"Ruled as {mine.name}: {about.finding} of {about.origin} is {resolution}.", facts=facts, after=after)
    # Said first: where it cannot be, nobody has signed what they have not seen.
    with created(out, "--out") as file:
        say(table, form)
        file.write(Ruling.sign(about, resolution, why, mine).encode())
    return 0


def _read(path: Path) -> RequestFile:
    return RequestFile.parse(read(path, "REQUESTFILE"), "REQUESTFILE")


def _asked(request: RequestFile) -> Table:
    rows = tuple({"field": str(a.field), "detail": a.detail} for a in request.asked)
    facts = {
        "request": request.id, "origin": request.origin, "principal": request.principal, "person": request.person,
        "purpose": request.purpose, "case": request.case, "mode": str(request.mode), "reason_of_asker": request.reason,
        "answer_by": time_text(request.answer_by), "until": time_text(request.until), "uses": str(request.uses),
    }  # fmt: skip
    why = (f"In their words, which nobody has checked: “{request.reason}”",) if request.reason else ()
    return Table(
        f"{request.principal} of {request.origin} asks to look at {request.person} for {request.purpose}, "
        f"case {request.case or 'none'}.",
        ("field", "detail"),
        rows,
        facts,
        (
            *why,
            f"To be answered before {time_text(request.answer_by)}, usable {request.uses} before {time_text(request.until)}.",
        ),
    )
