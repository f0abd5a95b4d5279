# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault`: where the keys of the vault lie, and which are in use. No command here shows a key.

import    take in rows that others kept: persons' values, sealed as they come
export    all that is kept of a person and may be handed out, for the person: a look like any other
rotate    begin a new epoch: every person's key is wrapped anew, and the old key is deleted
root      have the key service seal the root key, which is then no longer a file that opens everything
"""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.beside import wish_epoch
from whosaw.cli.operator import is_own, local
from whosaw.cli.options import data_option, format_option, opened, progress, say
from whosaw.cli.output import Table
from whosaw.datafolder import seal_root, settings_of
from whosaw.errors import BadInput, Busy
from whosaw.inquiry.standing import employed
from whosaw.vault.rotate import rotate as rotating
from whosaw.verify.words import counted

_COPIES = (
    "Copies of private/keys/root in backups still open everything: destroy them, or keep one under seal.",
    "Keep copies of private/keys/root.sealed, and of the key that the service or token holds: without either no value opens.",
)


@click.group()
def vault() -> None:
    """Keys of the vault: where they lie and which are in use."""


@vault.command()
@click.option("--by", required=True, metavar="ID", help="Staff id of whoever orders it; recorded.")
@data_option
@format_option
def rotate(by: str, data: Path, form: str) -> int:
    """Begin a new epoch of keys, on record first, and bring every person's key to it; or finish one that was begun."""
    try:
        with opened(data) as here, progress("keys") as at:
            local(here, by)
            employed(here.directory, here.pseudonyms.principal(by), here.clock())
            done = rotating(here.keyring, here.journal, here.names.remember(by), here.clock(), progress=at)
            here.keyring.wishes.fulfilled()
    except Busy:
        # A gate has the log open: only it can put the epoch on record. It looks for wishes all the time.
        if not is_own(settings_of(data).local, by):
            raise BadInput(
                "whosaw.toml says who asks from this login, and it is not who was named", where="--by"
            ) from None
        wish_epoch(data, by)
        told = "A gate has this folder open. It begins the epoch within seconds, as long as it serves."
        say(Table(told, facts={"outcome": "wished", "epoch": None, "keys": None}), form)
        return 0
    begun = "Began" if done.begun else "Went on with"
    after = (
        f"Older epochs are still in use ({', '.join(map(str, done.older))}): ask again."
        if done.older
        else "The keys of older epochs are deleted. Backups of the key table from before open with them until they expire."
    )
    facts = {"outcome": "begun" if done.begun else "finished", "epoch": done.epoch, "keys": done.rows}
    say(
        Table(f"{begun} epoch {done.epoch}: {counted(done.rows, 'key')} wrapped anew.", facts=facts, after=(after,)),
        form,
    )
    return 0


@vault.command()
@data_option
@format_option
def root(data: Path, form: str) -> int:
    """Have the key service or token of the settings seal the root key; one that is sealed, anew, under its newest version."""
    clear = seal_root(data)
    said = (
        "The root key is sealed, and the file with it in the clear is removed."
        if clear
        else "The root key is sealed anew, under the newest version of the key that seals it."
    )
    say(Table(said, facts={"outcome": "sealed"}, after=_COPIES if clear else ()), form)
    return 0
