# SPDX-License-Identifier: Apache-2.0
"""`whosaw journal mirror SOURCE FOLDER --trust FILE`: another log's public files, verified before they are kept."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.beside import mirror_folders
from whosaw.cli.options import Place, bars, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.datafolder import now
from whosaw.errors import BadInput, NotCanonical
from whosaw.journal.copies.mirror import mirror as bring_up
from whosaw.tlog.trust import LIMIT, TrustPolicy
from whosaw.verify.source import open_source
from whosaw.verify.words import counted


@click.command()
@click.argument("source")
@click.argument("folder", type=Place())
@click.option("--trust", required=True, type=Place(), metavar="FILE", help="Whose signatures count.")
@format_option
def mirror(source: str, folder: Path, trust: Path, form: str) -> int:
    """Bring the mirror in FOLDER up to the log at SOURCE, a folder or a URL. Run it again and again.

    Exit code 3: something there is false, such as a fork; evidence is kept, and the mirror is as it was.
    """
    policy, place = trusted(trust), open_source(source)
    public, private = mirror_folders(folder)
    with bars() as at:
        found = bring_up(place, public, private, policy, clock=now, progress=at)
    facts: dict[str, Cell] = {
        "origin": found.origin, "size": found.size, "grown": found.grown, "files": found.files,
        "map_size": found.map_size, "witnessed": found.witnessed,
    }  # fmt: skip
    sentence = f"{counted(found.size, 'leaf', 'leaves')} of {found.origin} are mirrored, {found.grown:,} of them new."
    after = (
        *found.sentences,
        f"Serve {folder}/public as it is. Labels that stand twice and the roots of the index: whosaw verify --trust {trust} {folder}/public",
    )
    say(Table(sentence, facts=facts, after=after), form)
    return 0


def trust_bytes(path: Path, where: str = "--trust") -> bytes:
    """The trust file at `path`, its bytes. Raises BadInput."""
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=where) from None


def trusted(path: Path) -> TrustPolicy:
    """The trust file at `path`. Raises BadInput."""
    try:
        policy = TrustPolicy.parse(trust_bytes(path))
    except NotCanonical as error:
        raise BadInput(str(error), where="--trust", hint=error.hint) from None
    if not policy.logs:
        raise BadInput("it names no log", where="--trust", hint="a line `log <key>` says whose log is meant")
    return policy
