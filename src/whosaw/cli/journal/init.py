# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal init FOLDER`: a log alone, with its keys and heads, for who keeps persons' keys elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.init import checked, whole_or_not_at_all
from whosaw.cli.options import Place, format_option, origin_option, say
from whosaw.cli.output import Table
from whosaw.wiring import build


@click.command()
@click.argument("folder", type=Place())
@origin_option
@format_option
def init(folder: Path, origin: str, form: str) -> int:
    """Make a log in FOLDER, and nothing beside it: keys, its first leaf, the databases of its two heads.

    Nothing else ever makes one: a command with a wrong path ends with 2, and leaves no log behind.
    """
    checked(origin)
    with whole_or_not_at_all(folder):
        build(folder, origin, state=False)
    after = (
        f"Give away: {folder}/trust, once, and {folder}/public, always. Everything else stays.",
        "It has no keyring and no directory: looks are asked for in a folder that `whosaw init` made.",
        f"Next: whosaw journal status --data {folder}",
    )
    say(
        Table(
            f"A log alone stands in {folder}. Leaf 0 fixes its keys.", facts={"origin": origin, "size": 1}, after=after
        ),
        form,
    )
    return 0
