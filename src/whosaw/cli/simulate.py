# SPDX-License-Identifier: Apache-2.0
"""`whosaw simulate`: an invented company as a dataset folder, with what was planted told apart."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.options import Place, bars, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.errors import MissingExtra
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.simulate.run import Made


@click.command()
@click.argument("folder", type=Place())
@click.option("--staff", type=click.IntRange(40), metavar="N", help="How many work there; 1,000 if nothing is said.")
@click.option("--days", type=click.IntRange(7, 3660), default=180, show_default=True, metavar="N", help="How long.")
@click.option("--persons", type=click.IntRange(500), metavar="N", help="Customers; a hundred for each of the staff.")
@click.option(
    "--scenario",
    multiple=True,
    metavar="NAME",
    help="What to plant: a family, all of them with `all`, nothing with `none`. Repeatable.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, metavar="N", help="Same seed, same bytes."
)
@click.option(
    "--scale",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="So many times staff and persons.",
)
@click.option("--config", type=Place(), metavar="FILE", help="Rates and dials of your own, in TOML.")
@click.option(
    "--files", type=click.Choice(("parquet", "csv")), default="parquet", show_default=True, help="In which form."
)
@format_option
def simulate(
    folder: Path, staff: int | None, days: int, persons: int | None, scenario: tuple[str, ...], seed: int, scale: int,
    config: Path | None, files: str, form: str,
) -> int:  # fmt: skip
    """Write FOLDER: the logs of a believable company, and apart from them, in truth.jsonl, what was planted."""
    try:
        import numpy  # noqa: F401, ICN001
    except ModuleNotFoundError:
        raise MissingExtra("watch", "a simulated company") from None
    from whosaw.simulate.run import simulate as run
    from whosaw.simulate.scenarios import turns
    from whosaw.simulate.settings import settings

    here = settings(config)
    here = replace(here, staff=staff or here.staff, persons=persons or here.persons)
    planned = turns(scenario)
    with bars() as at:
        made = run(folder, here, seed=seed, days=days, scale=scale, scenarios=planned, form=files, tell=at)
    say(_told(made, days, folder), form)
    return 0


def _told(made: Made, days: int, folder: Path) -> Table:
    """What anybody needs to know to believe it, or not."""
    figures, here = made.figures, shlex.quote(str(folder))
    explained = _share(figures.explained, figures.narrow)
    facts: dict[str, Cell] = {
        "looks": made.looks, "staff": made.staff, "persons": made.persons, "days": days, "incidents": made.incidents,
        "cases": figures.cases, "explained": explained, "first_explained": _share(figures.first_explained, figures.first),
        "repeats": _share(figures.repeats, figures.narrow), "off_hours": _share(figures.off_hours, figures.narrow),
        "circle_pairs": figures.circle,
    }  # fmt: skip
    spread: list[dict[str, Cell]] = [
        {"of": of, "median": one[0], "of_a_hundred_the_last": one[1], "most": one[2]}
        for of, one in (("looks of a principal", figures.per_principal), ("looks at a person", figures.per_person))
    ]
    return Table(
        f"{counted(made.looks, 'look')} of {counted(made.staff, 'principal')} at {counted(made.persons, 'person')} in {counted(days, 'day')}. "
        f"{_planted(made.incidents)}",
        ("of", "median", "of_a_hundred_the_last", "most"),
        tuple(spread),
        facts,
        (
            (
                f"A case that names the person, and lies with the one who looks, their queue or their unit, explains "
                f"{explained} of the ordinary looks, and {facts['first_explained']} of the first looks."
            ),
            f"{facts['repeats']} are repeats; {facts['off_hours']} lie outside the hours of the one who looks.",
            f"{counted(figures.cases, 'case')}; {counted(figures.circle, 'time')} one of them names two persons who are tied to each other.",
            f"Next: whosaw detect {here} --out findings.jsonl",
            *([f"Then: whosaw evaluate findings.jsonl --truth {here}/truth.jsonl"] if made.incidents else []),
        ),
    )


def _planted(incidents: int) -> str:
    if not incidents:
        return "Nothing is planted."
    whose = "with its benign twin" if incidents == 1 else "each with a benign twin"
    return f"Planted: {counted(incidents, 'incident')}, {whose}; truth.jsonl says which."


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"
