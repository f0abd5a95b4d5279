# SPDX-License-Identifier: Apache-2.0
"""`whosaw vault`: where the keys of the vault lie, and which are in use. No command here shows a key.

root      have the key service seal the root key, which is then no longer a file that opens everything
"""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import data_option, format_option, say
from whosaw.cli.output import Table
from whosaw.datafolder import seal_root

_COPIES = (
    "Copies of private/keys/root in backups still open everything: destroy them, or keep one under seal.",
    "Keep copies of private/keys/root.sealed, and of the key that the service holds: without either no value opens.",
)


@click.group()
def vault() -> None:
    """Keys of the vault: where they lie and which are in use."""


@vault.command()
@data_option
@format_option
def root(data: Path, form: str) -> int:
    """Have the key service of `keys.transit` seal the root key; one that is sealed, anew, under its newest version."""
    clear = seal_root(data)
    said = (
        "The root key is sealed, and the file with it in the clear is removed."
        if clear
        else "The root key is sealed under the newest version of the service's key."
    )
    say(Table(said, facts={"outcome": "sealed"}, after=_COPIES if clear else ()), form)
    return 0
