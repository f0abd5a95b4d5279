# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy replay`: what a new policy would have said of every look that was really asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from whosaw.cli.inquiry import refused
from whosaw.cli.options import Place, asker_option, data_option, format_option, opened, progress, say
from whosaw.cli.output import IN_PART, REFUSED, Cell, Table
from whosaw.cli.policy.explain import admit
from whosaw.cli.policy.texts import policy_in
from whosaw.model.record import time_text
from whosaw.oversight.decisions import Again, decisions
from whosaw.verify.words import counted


@click.command()
@click.option("--policy", "folder", type=Place(), metavar="FOLDER", help="The new policy: own files, or a whole one.")
@asker_option
@data_option
@format_option
def replay(folder: Path | None, asker: str, data: Path, form: str) -> int:
    """Decide every recorded look again, and say which come out otherwise. On record first; nobody is named.

    Without --policy: by the policy of today, which proves that records explain themselves. Exit code 1: of some the facts
    are not what they were; 4: refused.
    """
    new = None if folder is None else policy_in(folder)
    with opened(data) as here:
        no = admit(here, asker, "replay", None)
        if no is None:
            here.journal.publish_now()
            with progress("leaves") as at:
                made = list(decisions(here.journal.reader(), new or here.policy, here.directory, at))
    if no is not None:
        say(refused(no), form)
        return REFUSED
    say(_table(made), form)
    return 0 if all(each.replayed for each in made) else IN_PART


def _table(made: list[Again]) -> Table:
    turned = [each for each in made if each.turned]
    odd = [each for each in made if not each.replayed]
    found = Counter(each.facts for each in made)
    facts: dict[str, Cell] = {
        "decisions": len(made),
        "permitted_now": sum(not each.permitted for each in turned),
        "refused_now": sum(each.permitted for each in turned),
        "same_facts": found["same"],
        "other_facts": found["differ"],
        "older": found["older"],
        "same_policy": sum(each.policy for each in made),
        "not_replayed": len(odd),
    }
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "leaf": each.index,
            "at": time_text(each.look.at),
            "purpose": each.look.purpose,
            "was": "permitted" if each.permitted else "refused",
            "now": "unknown" if each.decision is None else "permitted" if each.decision.permitted else "refused",
            "facts": each.facts,
            "rules": list(each.rules),
        }
        for each in made
        if each.turned or not each.replayed
    )
    said = (
        f"{counted(len(made), 'decision')} made again: {len(turned):,} come out otherwise, "
        f"{facts['permitted_now']} permitted now and {facts['refused_now']} refused now."
    )
    after = []
    if found["differ"]:
        after.append(
            f"Of {found['differ']:,} the facts are not those that were decided from: the directory was changed since, outside of "
            "its own history, or rows were erased. Their records count."
        )
    if found["older"]:
        after.append(f"{found['older']:,} were recorded by a version that did not keep what it takes.")
    if not odd:
        after.append("All were decided from the very facts that were found again, to the last bit.")
    return Table(said, ("leaf", "at", "purpose", "was", "now", "facts", "rules"), rows, facts, tuple(after))
