# SPDX-License-Identifier: Apache-2.0
"""`whosaw passkey`: an approver's keys. A browser makes and uses them; here are what goes in and what comes out."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.approval import read
from whosaw.cli.operator import local
from whosaw.cli.options import Place, Together, asker_option, data_option, format_option, opened, same, say
from whosaw.cli.output import Table
from whosaw.cli.statement import created
from whosaw.guard.approvals import passkeys
from whosaw.guard.approvals.passkeys import key_of
from whosaw.model.record import time_text
from whosaw.verify.words import counted


@click.group()
def passkey() -> None:
    """Passkeys of approvers: registered once, on record, and used for each approval."""


@passkey.command()
@click.option("--challenge", type=Place(), metavar="FILE", help="First: where to write what the browser needs.")
@click.option(
    "--registration", type=Place(), metavar="FILE", help="Then: what the browser gave, JSON; within ten minutes."
)
@asker_option
@data_option
@format_option
def add(challenge: Path | None, registration: Path | None, asker: str, data: Path, form: str) -> int:
    """Register a passkey of yours, in two steps: the challenge out, the registration in."""
    if (challenge is None) == (registration is None):
        raise Together("first --challenge FILE, then --registration FILE")
    with opened(data) as here:
        local(here, asker)
        if challenge is not None:
            options = passkeys.creation_options(here.approvals, asker)
            with created(challenge, "--challenge") as file:
                file.write(options.encode() + b"\n")
            after = (
                "A page for the browser: examples/passkey. Then:",
                f"whosaw passkey add --registration FILE{same(data)}",
            )
            say(Table("The challenge is written; a browser makes the passkey from it.", after=after), form)
            return 0
        text = read(registration or Path(), "--registration").decode(errors="replace")
        made = passkeys.add(here.approvals, asker, text)
    say(
        Table(
            f"The passkey {key_of(made)} is registered, and on record.", facts={"key": key_of(made), "alg": made.alg}
        ),
        form,
    )
    return 0


@passkey.command("list")
@asker_option
@data_option
@format_option
def list_(asker: str, data: Path, form: str) -> int:
    """Your passkeys."""
    with opened(data) as here:
        local(here, asker)
        found = here.approvals.keys.of(here.approvals.people.principal(asker))
    rows = tuple(
        {"key": key_of(each), "alg": each.alg, "added": time_text(each.added),
         "removed": None if each.removed is None else time_text(each.removed)}
        for each in found
    )  # fmt: skip
    say(Table(f"{counted(len(rows), 'passkey')}.", ("key", "alg", "added", "removed"), rows), form)
    return 0


@passkey.command()
@click.argument("key")
@asker_option
@data_option
@format_option
def remove(key: str, asker: str, data: Path, form: str) -> int:
    """Take away the passkey KEY of yours; what it signed and nobody used does not count any more."""
    with opened(data) as here:
        local(here, asker)
        passkeys.remove(here.approvals, asker, key)
    say(Table(f"The passkey {key} is taken away, and on record.", facts={"key": key}), form)
    return 0
