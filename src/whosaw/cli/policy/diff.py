# SPDX-License-Identifier: Apache-2.0
"""`whosaw policy diff`: what is written otherwise in another policy, and which decisions of a small world come out otherwise."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.options import Place, format_option, progress, say
from whosaw.cli.output import Cell, Table
from whosaw.cli.policy.texts import policy_in
from whosaw.policy.compare import decisions_changed, purposes_changed, rules_changed
from whosaw.verify.words import counted


@click.command()
@click.argument("old", type=Place())
@click.argument("new", type=Place())
@format_option
def diff(old: Path, new: Path, form: str) -> int:
    """Compare two policies: OLD and NEW are folders of own files (an empty one: the shipped policy), or of whole policies."""
    before, after = policy_in(old), policy_in(new)
    rules, purposes = rules_changed(before, after), purposes_changed(before, after)
    with progress("questions") as at:
        asked, turned = decisions_changed(before, after, at)
    rows: list[dict[str, Cell]] = [
        {"of": "rule", "which": change.what, "how": change.how, "old": None, "new": None} for change in rules
    ]
    rows += [{"of": "purpose", "which": c.what, "how": c.how, "old": c.old, "new": c.new} for c in purposes]
    rows += [
        {
            "of": "decision", "which": f"{t.purpose} {t.asked}", "how": _how(t.opened, t.shut), "old": str(t.shut),
            "new": str(t.opened),
        }
        for t in turned
    ]  # fmt: skip
    opened, shut = sum(t.opened for t in turned), sum(t.shut for t in turned)
    facts: dict[str, Cell] = {
        "rules": len(rules), "purposes": len(purposes), "asked": asked, "permitted_now": opened, "refused_now": shut,
    }  # fmt: skip
    said = (
        f"{counted(len(rules), 'rule')} and {counted(len(purposes), 'column')} of purposes are written otherwise. "
        f"Of {counted(asked, 'look')} of a small world are newly permitted: {opened:,}, and newly refused: {shut:,}."
    )
    after_ = (
        "Rules about times, quotas or cases change nothing in the small world: whosaw policy replay asks what was asked.",
    )
    say(Table(said, ("of", "which", "how", "old", "new"), tuple(rows), facts, after_), form)
    return 0


def _how(opened: int, shut: int) -> str:
    return " and ".join(word for word, count in (("opened", opened), ("shut", shut)) if count)
