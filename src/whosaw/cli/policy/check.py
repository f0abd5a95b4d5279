# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy check`: what would be refused at the start is refused here, with file, rule and hint; else, what is in it."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import Place, data_option, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.cli.policy.texts import policy_of
from whosaw.policy.own import FOLDER
from whosaw.policy.rules import ENGINE, Policy
from whosaw.verify.words import counted
from whosaw.wiring import policy_texts


@click.command()
@click.argument("files", nargs=-1, type=Place())
@data_option
@format_option
def check(files: tuple[Path, ...], data: Path, form: str) -> int:
    """Load the policy of the data folder, or the shipped one with FILES beside it. Nothing is opened or recorded."""
    policy = policy_of(files) if files else Policy.load(policy_texts(data))
    own = sorted(id_ for id_, name in policy.origin.items() if name.startswith(FOLDER))
    rows = tuple(
        {
            "rule": id_,
            "says": "permit" if id_ in policy.permits else "forbid",
            "file": policy.origin[id_],
            "told": id_ in policy.told,
        }
        for id_ in policy.rules
    )
    facts: dict[str, Cell] = {
        "rules": len(policy.rules), "own_rules": len(own), "purposes": sorted(policy.purposes), "engine": ENGINE,
        "digest": policy.digest.hex(),
    }  # fmt: skip
    theirs = f", {counted(len(own), 'rule')} of your own among them" if own else ""
    after = (
        f"{counted(len(policy.purposes), 'purpose')}: {', '.join(policy.purposes)}.",
        f"Its digest, as looks are recorded under it: {policy.digest.hex()}",
    )
    say(
        Table(
            f"This is a policy: {counted(len(policy.rules), 'rule')}{theirs}.",
            ("rule", "says", "file", "told"),
            rows,
            facts,
            after,
        ),
        form,
    )
    return 0
