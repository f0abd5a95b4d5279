# SPDX-License-Identifier: Apache-2.0
"""`whosaw init FOLDER`: keys, state, and a log with its first leaf."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import format_option, say
from whosaw.cli.output import Table
from whosaw.wiring import build


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--origin", required=True, metavar="NAME", help="Name of the log: a host you own, a slash, a word. Never changes."
)
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    metavar="NETWORK",
    help="Believe forwarding headers from here. Repeatable.",
)
@format_option
def init(folder: Path, origin: str, proxies: tuple[str, ...], form: str) -> int:
    """Make a data folder."""
    build(folder, origin, trusted_proxies=proxies)
    say(
        Table(
            f"A log of its own stands in {folder}. Leaf 0 fixes its keys.",
            facts={"origin": origin},
            after=(
                f"Give away: {folder}/trust, once, and {folder}/public, always. Everything else stays.",
                f"Keep a copy of {folder}/private/keys apart from the data: without `root` no value opens again.",
                f"Next: whosaw directory load TABLES --data {folder}",
            ),
        ),
        form,
    )
    return 0
