# SPDX-License-Identifier: Apache-2.0
"""`whosaw sigma run`: rules of others over a folder of logs. Alerts go to a file, words to the terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.options import Place, bars, dataset_there, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.cli.sigma import elsewhere, rules_argument, sigma
from whosaw.cli.written import written
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.sigma.alert import Alert
    from whosaw.sigma.rules import Rules

__all__ = ["sigma"]


@sigma.command("run")
@rules_argument
@click.option("--over", "folder", required=True, type=Place(), metavar="FOLDER", help="A dataset folder.")
@click.option("--out", required=True, type=Place(), metavar="FILE", help="Where alerts go, one line of JSON each.")
@click.option("--engine", default="duckdb", show_default=True, metavar="ENGINE", help="duckdb, or a Spark master.")
@click.option("--lenient", is_flag=True, help="Leave out rows that cannot be read, and name them in rejected.jsonl.")
@format_option
def run(rules: tuple[Path, ...], folder: Path, out: Path, engine: str, lenient: bool, form: str) -> int:
    """Run RULES (files or folders) over looks. Exit code 1: rows were rejected."""
    from whosaw.facts.dataset.opened import open_dataset
    from whosaw.sigma.alert import json_line
    from whosaw.sigma.rules import read_rules
    from whosaw.sigma.run import alerts

    read = read_rules(rules)
    with bars() as at, open_dataset(dataset_there(folder), lenient=lenient, engine=engine) as facts:
        found = alerts(facts, read, at)
        dataset = facts.dataset
    written(out, map(json_line, found))
    rejected = dataset.rejected if dataset else 0
    say(_told(found, read, out, dataset.warnings if dataset else (), rejected), form)
    return IN_PART if rejected else 0


def _told(found: list[Alert], read: Rules, out: Path, warnings: tuple[str, ...], rejected: int) -> Table:
    told: Counter[str] = Counter(alert.rule for alert in found)
    whos: dict[str, set[str]] = defaultdict(set)
    for alert in found:
        whos[alert.rule].update(alert.principals)
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"level": level, "alerts": told[key], "principals": len(whos[key]), "title": title, "rule": key}
        for key, title, level in read.titles
    )
    silent = sum(1 for row in rows if not row["alerts"])
    sentence = f"{counted(len(found), 'alert')} of {counted(len(rows) - silent, 'rule')}, in {out.name}{f'; {silent} told nothing' if silent else ''}."
    after = (
        "A rule says what it was told to say: these alerts have no p, and make no finding.",
        *elsewhere(read),
        *((f"{counted(rejected, 'row')} could not be read: rejected.jsonl says which.",) if rejected else ()),
        *warnings,
    )
    facts: dict[str, Cell] = {"alerts": len(found), "rules": len(rows), "silent": silent, "warnings": warnings}
    return Table(sentence, ("level", "alerts", "principals", "title"), rows, facts, after)
