# SPDX-License-Identifier: Apache-2.0
"""Findings and truth, read strictly: whatever cannot be read is named by file, line and key, and nothing is measured.

Invariant: a file that is read has one meaning: an id stands for one thing, a time has an offset, a list holds texts.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from whosaw.errors import BadInput

_SHOWN = 20
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line about a finding. `ps`: (signal, p)."""

    finding: str
    score: float
    principals: frozenset[str]
    persons: frozenset[str]
    looks: frozenset[str]
    as_of: datetime
    floor: bool
    ps: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """An incident, or something benign that looks like one: then `family` is what it is, and `twin_of` an incident."""

    id: str
    benign: bool
    family: str
    principals: frozenset[str]
    persons: frozenset[str]
    looks: frozenset[str]
    start: datetime | None
    end: datetime | None
    twin_of: str | None


def read_findings(path: Path) -> tuple[Line, ...]:
    """Every line, in the order of the file. Raises BadInput."""
    return tuple(_all(path, _line))


def read_truth(path: Path) -> tuple[Planted, ...]:
    """Incidents and benign ones. Raises BadInput."""
    planted = tuple(_all(path, _planted))
    ids = [each.id for each in planted]
    if len(set(ids)) != len(ids):
        raise BadInput("the same id stands twice", where=path.name)
    incidents = {each.id for each in planted if not each.benign}
    if unknown := [each for each in planted if each.twin_of is not None and each.twin_of not in incidents]:
        raise BadInput(f"{len(unknown)} are twins of no incident", where=path.name)
    return planted


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, numbered from 1. Raises BadInput where the file cannot be read as text."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.name.endswith(".gz") else path.open(encoding="utf-8") as f:
            for number, line in enumerate(f, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot be read ({type(error).__name__})", where=path.name) from None


def _all(path: Path, make: Callable[[Mapping[str, Any]], _T]) -> list[_T]:
    made, wrong = [], []
    for number, text in lines_of(path):
        try:
            made.append(make(_object(text)))
        except _Wrong as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" … and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        raise BadInput("; ".join(wrong[:_SHOWN]) + more, where=path.name)
    return made


class _Wrong(Exception):
    """What is wrong with a line, in words that repeat nothing of it."""


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _Wrong("not JSON") from None
    if type(value) is not dict:
        raise _Wrong("not an object")
    return value


def _no_number(_: str) -> float:
    raise ValueError


def _line(value: Mapping[str, Any]) -> Line:
    signals = _get(value, "signals", list, [])
    return Line(
        finding=_text(value, "finding"),
        score=_number(value, "score"),
        principals=_texts(value, "principals"),
        persons=_texts(value, "persons"),
        looks=_texts(value, "looks"),
        as_of=_time(value, "as_of"),
        floor=_get(value, "floor", bool, default=False),
        ps=tuple((_text(each, "signal"), _p(each)) for each in map(_signal, signals)),
    )


def _signal(value: Any) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise _Wrong("signals: not objects")
    return value


def _planted(value: Mapping[str, Any]) -> Planted:
    benign = "benign" in value
    if benign == ("incident" in value):
        raise _Wrong("neither an incident nor benign, or both")
    twin = value.get("twin_of")
    return Planted(
        id=_text(value, "benign" if benign else "incident"),
        benign=benign,
        family=_text(value, "family"),
        principals=_texts(value, "principals"),
        persons=_texts(value, "persons"),
        looks=_texts(value, "looks"),
        start=None if benign and value.get("start") is None else _time(value, "start"),
        end=None if value.get("end") is None else _time(value, "end"),
        twin_of=None if twin is None else _text(value, "twin_of"),
    )


def _get(value: Mapping[str, Any], key: str, type_: type[_T], default: _T) -> _T:
    found = value.get(key)
    if found is None:
        return default
    if type(found) is not type_:
        raise _Wrong(f"{key}: of another type")
    return found


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if type(found) is not str or not found:
        raise _Wrong(f"{key}: not a text")
    return found


def _texts(value: Mapping[str, Any], key: str) -> frozenset[str]:
    found = value.get(key)
    if type(found) is not list or not all(type(each) is str for each in found):
        raise _Wrong(f"{key}: not a list of texts")
    return frozenset(found)


def _number(value: Mapping[str, Any], key: str) -> float:
    found = value.get(key)
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise _Wrong(f"{key}: not a number")
    return float(found)


def _p(value: Mapping[str, Any]) -> float:
    found = _number(value, "p")
    if not 0 <= found <= 1:
        raise _Wrong("p: not between 0 and 1")
    return found


def _time(value: Mapping[str, Any], key: str) -> datetime:
    made = _moment(value.get(key))
    if made is None:
        raise _Wrong(f"{key}: not a time with an offset")
    return made


def _moment(text: object) -> datetime | None:
    try:
        made = datetime.fromisoformat(text) if type(text) is str else None
        return made if made is not None and made.utcoffset() is not None else None
    except ValueError:
        return None


def moment(text: object, where: str) -> datetime:
    """An instant, RFC 3339 with an offset. Raises BadInput."""
    made = _moment(text)
    if made is None:
        raise BadInput("not a time with an offset", where=where)
    return made
