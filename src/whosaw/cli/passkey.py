# SPDX-License-Identifier: Apache-2.0
"""`whosaw passkey`: an approver's keys. A browser makes and uses them; here are what goes in and what comes out."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.approval import read
from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.options import Place, Together, asker_option, data_option, format_option, same, say
from whosaw.cli.output import Table
from whosaw.cli.statement import created
from whosaw.guard.approvals import passkeys
from whosaw.guard.approvals.passkeys import key_of
from whosaw.model.record import time_text
from whosaw.verify.words import counted
from whosaw.wiring import House


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
    if challenge is not None:
        done = CHALLENGE.run(data, {"asker": asker, "same": same(data)})
        with created(challenge, "--challenge") as file:
            file.write(Given(done.besides).text("challenge").encode())
    else:
        text = read(registration or Path(), "--registration").decode(errors="replace")
        done = ADD.run(data, {"asker": asker, "registration": text})
    say(done.table, form)
    return 0


def _challenge(here: House, said: Given) -> Done:
    options = passkeys.creation_options(here.approvals, typed_by(here, said))
    then = f"whosaw passkey add --registration FILE{said.text('same')}"
    after = ("A page for the browser: examples/passkey. Then:", then)
    table = Table("The challenge is written; a browser makes the passkey from it.", after=after)
    return Done(table, besides={"challenge": options + "\n"})


def _add(here: House, said: Given) -> Done:
    made = passkeys.add(here.approvals, typed_by(here, said), said.text("registration"))
    facts = {"key": key_of(made), "alg": made.alg}
    return Done(Table(f"The passkey {key_of(made)} is registered, and on record.", facts=facts))


CHALLENGE, ADD = Errand("passkey add --challenge", _challenge), Errand("passkey add", _add)


@passkey.command("list")
@asker_option
@data_option
@format_option
def list_(asker: str, data: Path, form: str) -> int:
    """Your passkeys."""
    say(LIST.run(data, {"asker": asker}).table, form)
    return 0


def _list(here: House, said: Given) -> Done:
    found = here.approvals.keys.of(here.approvals.people.principal(typed_by(here, said)))
    rows = tuple(
        {"key": key_of(each), "alg": each.alg, "added": time_text(each.added),
         "removed": None if each.removed is None else time_text(each.removed)}
        for each in found
    )  # fmt: skip
    return Done(Table(f"{counted(len(rows), 'passkey')}.", ("key", "alg", "added", "removed"), rows))


LIST = Errand("passkey list", _list)


@passkey.command()
@click.argument("key")
@asker_option
@data_option
@format_option
def remove(key: str, asker: str, data: Path, form: str) -> int:
    """Take away the passkey KEY of yours; what it signed and nobody used does not count any more."""
    say(REMOVE.run(data, {"asker": asker, "key": key}).table, form)
    return 0


def _remove(here: House, said: Given) -> Done:
    key = said.text("key")
    passkeys.remove(here.approvals, typed_by(here, said), key)
    return Done(Table(f"The passkey {key} is taken away, and on record.", facts={"key": key}))


REMOVE = Errand("passkey remove", _remove)
