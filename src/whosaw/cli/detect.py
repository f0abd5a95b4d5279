# SPDX-License-Identifier: Apache-2.0
"""`whosaw detect`: the detectors over a folder of logs, without a journal. Findings go to a file, words to the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whosaw.cli.options import Place, bars, dataset_there, format_option, say
from whosaw.cli.output import IN_PART, Cell, Table
from whosaw.cli.room import room, room_options
from whosaw.cli.uncollected import uncollected
from whosaw.cli.written import written
from whosaw.errors import BadInput
from whosaw.facts.columns import DAY
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.detect.examine import Examined
    from whosaw.detect.signal import Signal

_PERIOD = re.compile(r"([1-9][0-9]{0,3})([dh])")
_SHOWN = 20


class _Period(click.ParamType):  # type: ignore[type-arg]
    """`7d`, `12h`: a length of time, in microseconds."""

    name = "period"
    takes = "a length of time such as 7d or 12h"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _PERIOD.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.fail(f"not {self.takes}", param, ctx)
        return int(found[1]) * (DAY if found[2] == "d" else DAY // 24)


@click.command()
@click.argument("folder", type=Place())
@click.option("--out", required=True, type=Place(), metavar="FILE", help="Where findings go, one line of JSON each.")
@click.option("--engine", default="duckdb", show_default=True, metavar="ENGINE", help="duckdb, or a Spark master.")
@click.option("--replay", type=_Period(), metavar="PERIOD", help="As if run at the end of each such period: 7d, 12h.")
@click.option(
    "--budget", type=click.FloatRange(0.1, 10_000), default=50, show_default=True, metavar="N",
    help="Findings per 1,000 staff and month.",
)  # fmt: skip
@click.option("--units", type=Place(), metavar="DIR", help="Write the p of every unit that was tried to this folder.")
@room_options
@click.option("--lenient", is_flag=True, help="Leave out rows that cannot be read, and name them in rejected.jsonl.")
@format_option
def detect(
    folder: Path,
    out: Path,
    engine: str,
    replay: int | None,
    budget: float,
    units: Path | None,
    memory: float | None,
    spill: Path | None,
    lenient: bool,
    form: str,
) -> int:
    """Detect misuse in a dataset folder. Exit code 1: rows were rejected, or a signal could not be finished."""
    from whosaw.detect.defaults import load_defaults
    from whosaw.detect.examine import examine
    from whosaw.detect.lines import json_line
    from whosaw.detect.templates import load_templates
    from whosaw.facts.dataset.opened import open_dataset

    with (
        uncollected(really=replay is None),
        bars() as at,
        open_dataset(dataset_there(folder), lenient=lenient, engine=engine, room=room(memory, spill)) as facts,
    ):
        if facts.dataset is None:
            raise BadInput("not a dataset", where=folder.name)
        dataset = facts.dataset
        made = examine(
            facts, dataset, budget=budget, replay=replay, defaults=load_defaults(), templates=load_templates(), at=at
        )
    written(out, map(json_line, made.lines))
    if units is not None:
        _write_units(units, made.units)
    rejected = (f"{counted(dataset.rejected, 'row')} could not be read: rejected.jsonl says which.",)
    say(_told(made, out, dataset.warnings, rejected if dataset.rejected else ()), form)
    return IN_PART if dataset.rejected or made.blind or made.failed else 0


def _told(made: Examined, out: Path, warnings: tuple[str, ...], rejected: tuple[str, ...]) -> Table:
    newest = {line.finding.id: line for line in made.lines}
    listed = [line for line in newest.values() if not line.floor]
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "finding": line.finding.id,
            "rank": line.rank,
            "score": f"{line.finding.score:.1f}",
            "principals": len(line.finding.principals),
            "persons": len(line.finding.persons),
            "looks": len(line.finding.looks),
            "sentence": line.finding.sentence,
        }
        for line in listed[:_SHOWN]
    )
    coverage = made.coverage
    facts: dict[str, Cell] = {
        "findings": len(listed),
        "floor": len(newest) - len(listed),
        "looks": coverage.looks,
        "with_person": coverage.with_person,
        "explained": coverage.explained,
        "first": coverage.first,
        "first_explained": coverage.first_explained,
        "tried": made.tried,
        "expected_by_chance": f"{made.by_chance:.1f}",
        "off": coverage.off,
        "warnings": warnings,
        "rejected": sum(1 for _ in rejected),
    }
    if made.blind:
        sentence = f"Nothing was watched: every signal is off. {counted(coverage.looks, 'look')} were judged by nobody."
    else:
        sentence = (
            f"{counted(len(listed), 'finding')} and {counted(len(newest) - len(listed), 'look')} drawn by lot, in {out.name}; "
            f"{counted(coverage.looks, 'look')}, and of {coverage.with_person:,} at a person {coverage.explained:,} have a "
            f"reason on file ({coverage.explained_percent} %); of {coverage.first:,} that are somebody's first at that person, "
            f"{coverage.first_explained:,} have one."
        )
    chance = (
        f"People, teams, cases and circles that were tried: {made.tried:,}. If all of them were innocent, about {_about(made.by_chance)} "
        f"would stand out as much as the weakest of the findings from the top."
    )
    whole = f"Each line of {out.name} says whom it is about, on which looks it rests and what speaks against it: it is a question."
    more = (f"The first {_SHOWN} are shown; all are in {out.name}.",) if len(listed) > _SHOWN else ()
    after = (*more, *((whole, chance) if listed else ()), *rejected, *warnings, *coverage.off)
    return Table(
        sentence, ("rank", "finding", "score", "principals", "persons", "looks", "sentence"), rows, facts, after
    )


def _about(number: float) -> str:
    """A number of units, as exactly as it says something."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


def _write_units(folder: Path, units: tuple[Signal, ...]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot be made: {error.strerror}", where=folder.name) from None
    for name in sorted({unit.signal for unit in units}):
        written(folder / f"{name}.jsonl", _unit_lines([unit for unit in units if unit.signal == name]))


def _unit_lines(units: list[Signal]) -> Iterator[str]:
    rests: dict[tuple[str, str, str], int] = {}
    for unit in units:
        key = unit.kind, unit.stratum, unit.peers
        rests[key] = max(rests.get(key, 0), unit.rest)
        said = {
            "unit": unit.unit, "kind": unit.kind, "stratum": unit.stratum, "p": float(f"{unit.p:.5e}"), "k": unit.k,
            "n": unit.n, "expected": float(f"{unit.expected:.5e}"), "days": unit.days, "peers": unit.peers,
        }  # fmt: skip
        yield json.dumps(said, ensure_ascii=False) + "\n"
    for (kind, stratum, peers), rest in sorted(rests.items()):
        if rest:
            said = {"unit": "", "kind": kind, "stratum": stratum, "p": 1, "rest": rest, "peers": peers}
            yield json.dumps(said, ensure_ascii=False) + "\n"
