# SPDX-License-Identifier: Apache-2.0
"""A small company, simulated once for all tests, and its folder read as anybody would: with the csv module."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from whosaw.simulate.run import Made, simulate
from whosaw.simulate.scenarios import turns
from whosaw.simulate.settings import settings

STAFF, DAYS, SEED = 60, 30, 7


def make(
    folder: Path, *scenarios: str, form: str = "csv", seed: int = SEED, scale: int = 1, staff: int = STAFF, days: int = DAYS,
    dials: Mapping[str, Mapping[str, float]] | None = None, **tables,
) -> Made:  # fmt: skip
    """A company of sixty in thirty days; `tables` replace rates: dirt={"loss": .05}."""
    here = settings()
    rates = {name: {**table, **tables.get(name, {})} for name, table in here.tables.items()}
    here = replace(here, staff=staff, persons=50 * staff, tables=rates, dials=dials or {})
    return simulate(
        folder, here, seed=seed, days=days, scale=scale, scenarios=turns(scenarios), form=form, tell=lambda *_: None
    )


@cache
def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of one CSV table; whoever changes one takes a copy."""
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def truth(folder: Path) -> list[dict]:
    """The lines of truth.jsonl."""
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
