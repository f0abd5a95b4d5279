# SPDX-License-Identifier: Apache-2.0
"""What a company is like: the shipped `company.toml`, and over it what a file of one's own says.

    company.toml ◀── own file ◀── command line         [scenario.motive] colluders = 4      a dial held fast

Invariant: an unknown key, or a value of another kind, is an error that names it; nothing is ignored.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from whosaw.errors import BadInput, Misconfigured

FORMAT = "whosaw-company/1"
LARGEST = 1000  # staff of a division


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of a company. `rate("dirt", "late")` is one of a table; `dials` are of scenarios, by name."""

    start: date
    staff: int
    persons: int
    tables: Mapping[str, Mapping[str, float]]
    dials: Mapping[str, Mapping[str, float]]

    def rate(self, table: str, name: str) -> float:
        return self.tables[table][name]


def settings(own: Path | None = None) -> Settings:
    """The shipped ones, with what `own` changes. Raises BadInput and Misconfigured."""
    made = tomllib.loads((files("whosaw.simulate") / "company.toml").read_text(encoding="utf-8"))
    mine: dict[str, Any] = {}
    if own is not None:
        try:
            mine = tomllib.loads(own.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise BadInput("cannot be read as TOML in UTF-8", where=str(own)) from None
        if mine.get("format") != FORMAT:
            raise Misconfigured(f"{own}: its format is not {FORMAT!r}", setting="format")
    dials = mine.pop("scenario", {})
    _over(made, mine, str(own))
    tables = {name: dict(value) for name, value in made.items() if isinstance(value, dict)}
    return Settings(made["start"], int(made["staff"]), int(made["persons"]), tables, _dials(dials, str(own)))


def _over(made: dict[str, Any], mine: Mapping[str, Any], where: str) -> None:
    for key, value in mine.items():
        if key not in made:
            raise Misconfigured(f"{where}: unknown key {key!r}", setting=key)
        if isinstance(made[key], dict):
            if not isinstance(value, dict):
                raise Misconfigured(f"{where}: {key} is not a table", setting=key)
            _over(made[key], value, f"{where}: {key}")
        elif not _alike(made[key], value):
            raise Misconfigured(f"{where}: {key} is not a value of the right kind", setting=key)
        else:
            made[key] = value


def _alike(shipped: object, value: object) -> bool:
    if isinstance(shipped, int | float):
        return type(value) in (int, float) and value >= 0  # type: ignore[operator]  # told by its type
    return type(value) is type(shipped)


def _dials(given: object, where: str) -> Mapping[str, Mapping[str, float]]:
    """`[scenario.NAME]`: which dials there are, the scenarios know."""
    tables = given.items() if isinstance(given, dict) else ()
    for name, dials in tables:
        if not isinstance(dials, dict) or any(type(value) not in (int, float) for value in dials.values()):
            raise Misconfigured(f"{where}: scenario.{name} is not a table of numbers", setting=f"scenario.{name}")
    if not isinstance(given, dict):
        raise Misconfigured(f"{where}: scenario is not a table", setting="scenario")
    return given
