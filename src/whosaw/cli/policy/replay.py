# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy replay`: what a new policy would have said of every look that was really asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
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
            own = here.names.remember(asker)
            with progress("leaves") as at:
                every = decisions(here.journal.reader(), new or here.policy, here.directory, at)
                found = _Found.of(every, own)
    if no is not None:
        say(refused(no), form)
        return REFUSED
    say(_table(found), form)
    return 0 if found.count["odd"] == 0 else IN_PART


@dataclass
class _Found:
    """What a replay keeps of each decision: a number, and a row where it needs one. `count`: by what was found."""

    count: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Cell]] = field(default_factory=list)

    @classmethod
    def of(cls, every: Iterable[Again], asker: str) -> _Found:
        """All of `every`, apart from looks of who asks: a policy made for it would say of each what the gate did not."""
        found = cls()
        for each in every:
            if asker in (each.look.principal, each.look.on_behalf_of):
                found.count["own"] += 1
                continue
            odd = not each.replayed
            found.count.update(["made", each.facts, *(["odd"] if odd else []), *(["policy"] if each.policy else [])])
            if each.turned:
                found.count["refused" if each.permitted else "permitted"] += 1
            if each.turned or odd:
                found.rows.append(_row(each))
        return found


def _row(each: Again) -> dict[str, Cell]:
    now = "unknown" if each.decision is None else "permitted" if each.decision.permitted else "refused"
    return {
        "leaf": each.index,
        "at": time_text(each.look.at),
        "purpose": each.look.purpose,
        "was": "permitted" if each.permitted else "refused",
        "now": now,
        "facts": each.facts,
        "rules": list(each.rules),
    }


def _table(found: _Found) -> Table:
    count = found.count
    facts: dict[str, Cell] = {
        "decisions": count["made"],
        "permitted_now": count["permitted"],
        "refused_now": count["refused"],
        "same_facts": count["same"],
        "other_facts": count["differ"],
        "older": count["older"],
        "same_policy": count["policy"],
        "not_replayed": count["odd"],
        "own": count["own"],
    }
    said = (
        f"{counted(count['made'], 'decision')} made again: {count['permitted'] + count['refused']:,} come out otherwise, "
        f"{count['permitted']:,} permitted now and {count['refused']:,} refused now."
    )
    after = []
    if count["differ"]:
        after.append(
            f"Of {count['differ']:,} the facts are not those that were decided from: the directory was changed since, outside "
            "of its own history, or rows were erased. Their records count."
        )
    if count["older"]:
        after.append(f"{count['older']:,} were recorded by a version that did not keep what it takes.")
    if not count["odd"]:
        after.append("All were decided from the very facts that were found again, to the last bit.")
    if count["own"]:
        after.append(f"{count['own']:,} are looks of the one who asks, and were left out.")
    columns = ("leaf", "at", "purpose", "was", "now", "facts", "rules")
    return Table(said, columns, tuple(found.rows), facts, tuple(after))
