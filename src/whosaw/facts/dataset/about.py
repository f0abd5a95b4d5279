# SPDX-License-Identifier: Apache-2.0
"""`dataset.json`: what the folder is and which period it covers.

    {"format": "whosaw-dataset/1", "name": "…", "from": "2022-01-01T00:00:00Z", "to": "…", "regions": {"EU": ["DE", "FR"]}}

Invariant: read whole or not at all, `--lenient` or not: without it no row can be judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from whosaw.errors import BadInput
from whosaw.facts.columns import micros
from whosaw.facts.dataset.countries import COUNTRIES
from whosaw.facts.dataset.form import FORMAT, ID_BYTES

NAME = "dataset.json"
_LIMIT = 1024 * 1024
_KNOWN = frozenset({"format", "name", "from", "to", "regions"})
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


@dataclass(frozen=True, slots=True)
class About:
    """`start` and `end`: the period covered, in microseconds. `unknown`: keys that nobody reads."""

    name: str
    start: int
    end: int
    regions: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...] = ()


def read_about(folder: Path) -> About:
    """Raises BadInput where the folder is none of this format."""
    try:
        with (folder / NAME).open("rb") as file:
            raw = file.read(_LIMIT + 1)
    except OSError as error:
        raise BadInput(
            f"cannot be read ({type(error).__name__})",
            where=NAME,
            hint="a dataset is a folder with dataset.json and looks",
        ) from None
    if len(raw) > _LIMIT:
        raise BadInput(f"longer than {_LIMIT:,} bytes", where=NAME)
    return parse_about(raw)


def parse_about(raw: bytes) -> About:
    """What `dataset.json` says. Raises BadInput, naming the key."""
    try:
        said: Any = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadInput("not JSON in UTF-8", where=NAME) from None
    if type(said) is not dict or said.get("format") != FORMAT:
        raise BadInput(
            f"its `format` is not {FORMAT!r}", where=NAME, hint="another format needs another version of whosaw"
        )
    name = said.get("name")
    if type(name) is not str or not 1 <= len(name.encode(errors="replace")) <= ID_BYTES or not name.isprintable():
        raise BadInput(f"a text of 1 to {ID_BYTES} bytes is wanted", where=f"{NAME} name")
    start, end = _time(said.get("from"), "from"), _time(said.get("to"), "to")
    if start > end:
        raise BadInput("it lies before `from`", where=f"{NAME} to")
    return About(name, start, end, _regions(said.get("regions")), tuple(sorted(said.keys() - _KNOWN)))


def _time(value: object, key: str) -> int:
    found = _TIME.fullmatch(value) if type(value) is str else None
    if found is None:
        raise BadInput("not a time (RFC 3339, with an offset)", where=f"{NAME} {key}")
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    offset = timedelta(0) if found[8] is None else timedelta(hours=int(found[9]), minutes=int(found[10]))
    zone = timezone(-offset if found[8] == "-" else offset)
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        part = int((found[7] or "0")[:6].ljust(6, "0"))
        return micros(at) + part + (1_000_000 if second == 60 else 0)
    except (ValueError, OverflowError):
        raise BadInput("no such day", where=f"{NAME} {key}") from None


def _regions(value: object) -> dict[str, tuple[str, ...]]:
    where = f"{NAME} regions"
    if value is None:
        return {}
    if type(value) is not dict or not all(type(each) is list for each in value.values()):
        raise BadInput("an object of lists is wanted", where=where)
    made: dict[str, tuple[str, ...]] = {}
    for region, countries in value.items():
        if not 1 <= len(region.encode(errors="replace")) <= ID_BYTES:
            raise BadInput(f"a group has a name of 1 to {ID_BYTES} bytes", where=where)
        if not all(type(country) is str and country in COUNTRIES for country in countries):
            raise BadInput("a group has something that is not a country (ISO 3166-1, two capital letters)", where=where)
        made[region] = tuple(sorted(set(countries)))
    return made
