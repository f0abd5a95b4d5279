# SPDX-License-Identifier: Apache-2.0
"""`whosaw sigma`: rules of others over our looks, and the part of our signals that such rules can say."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.options import Place, dataset_there, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.cli.written import written
from whosaw.errors import BadInput
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.sigma.export import Exported
    from whosaw.sigma.rules import Rules

rules_argument = click.argument("rules", nargs=-1, required=True, type=Place())


@click.group()
def sigma() -> None:
    """Sigma rules: read and run others', export what fits into one."""


@sigma.command("check")
@rules_argument
@format_option
def check(rules: tuple[Path, ...], form: str) -> int:
    """Read RULES (files or folders), and say what each would tell. Nothing is run."""
    from whosaw.sigma.rules import read_rules

    read = read_rules(rules)
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"rule": key, "title": title, "level": level} for key, title, level in read.titles
    )
    sentence = f"{counted(len(rows), 'rule')} can be run over looks, and {_counts(read)}."
    facts: dict[str, Cell] = {"rules": len(rows), "elsewhere": read.elsewhere}
    say(Table(sentence, ("level", "title", "rule"), rows, facts, elsewhere(read)), form)
    return 0


def elsewhere(read: Rules) -> tuple[str, ...]:
    number = len(read.elsewhere)
    return (
        (f"{counted(number, 'rule')} {'is' if number == 1 else 'are'} for logs of other systems, and left out.",)
        if number
        else ()
    )


def _counts(read: Rules) -> str:
    number = len(read.correlations)
    return f"{number or 'none'} of them {'counts' if number < 2 else 'count'} in a window"


@sigma.command("export")
@click.option("--out", required=True, type=Place(), metavar="DIR", help="Where the rules go, one file each.")
@click.option("--measured", "folder", type=Place(), metavar="FOLDER", help="Take the numbers from this dataset folder.")
@click.option(
    "--one-in", type=click.IntRange(10, 1_000_000), default=1000, show_default=True, metavar="N",
    help="What so many windows reach once is told.",
)  # fmt: skip
@format_option
def export(out: Path, folder: Path | None, one_in: int, form: str) -> int:
    """Export the part of our signals that one event or one count can say."""
    from whosaw.facts.dataset.opened import open_dataset
    from whosaw.sigma.export import exported

    with (
        nullcontext() if folder is None else open_dataset(dataset_there(folder), lenient=True, engine="duckdb") as facts
    ):
        rules = list(exported(facts, one_in))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot be made: {error.strerror}", where=out.name) from None
    for rule in rules:
        _unedited(out / rule.name, rule.text)
    for rule in rules:
        written(out / rule.name, [rule.text])
    say(_exported(rules, out, folder is not None), form)
    return 0


def _unedited(path: Path, text: str) -> None:
    """Somebody may have written into what was exported before."""
    try:
        there = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        there = ""
    if there != text:
        raise BadInput("is there already, and says something else", where=path.name, hint="give a folder that is empty")


def _exported(rules: list[Exported], out: Path, asked: bool) -> Table:
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "file": rule.name,
            "level": rule.level,
            "signal": rule.signal,
            "number": "" if rule.number is None else f"{rule.number:,}{'' if rule.measured else ' (not measured)'}",
            "title": rule.title,
        }
        for rule in rules
    )
    short = sum(1 for rule in rules if rule.number is not None and not rule.measured)
    after = (
        "These say a part of each signal. Most signals need to know who belongs to whom, and have no rule: docs/sigma.md.",
        *(
            (f"Too few looks to measure {counted(short, 'number')}: the shipped ones stand there.",)
            if asked and short
            else ()
        ),
        *(("The numbers are the shipped ones: --measured FOLDER takes yours.",) if not asked else ()),
    )
    facts: dict[str, Cell] = {"rules": len(rows)}
    return Table(
        f"{counted(len(rows), 'rule')} in {out.name}.",
        ("file", "level", "signal", "number", "title"),
        rows,
        facts,
        after,
    )
