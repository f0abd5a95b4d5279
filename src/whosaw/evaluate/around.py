# SPDX-License-Identifier: Apache-2.0
"""What lies beside the truth, where it lies in a dataset folder: the period, how many work there, and the looks planted.

Only a few columns of three files are read, and nothing of it is needed: without them --staff says how many, the period is
that of the findings and incidents, and what needs the looks is not measured.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from whosaw.errors import BadInput, MissingExtra
from whosaw.evaluate.read import lines_of, moment

_ENDS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")


def period_of(folder: Path) -> tuple[datetime, datetime] | None:
    """From when to when, as dataset.json says; None without one. Raises BadInput."""
    path = folder / "dataset.json"
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
        return moment(said["from"], path.name), moment(said["to"], path.name)
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput("cannot be read as a dataset's description", where=path.name) from None


def staff_of(folder: Path) -> int | None:
    """How many principals `staff` lists; None without one."""
    path = _file(folder, "staff")
    return None if path is None else len({row.get("staff_id") for row in _rows(path, ("staff_id",))})


def attributes_of(folder: Path, start: datetime) -> dict[str, dict[str, str]]:
    """Per principal what the newest row of `staff` says of country, function and site, and whether they came after `start`.

    Empty without the file.
    """
    path = _file(folder, "staff")
    if path is None:
        return {}
    newest: dict[str, tuple[str, Mapping[str, Any]]] = {}
    came: dict[str, datetime | None] = {}
    for row in _rows(path, ("staff_id", "country", "function", "site", "valid_from")):
        who, since = str(row.get("staff_id")), _instant(row.get("valid_from"), path.name)
        first = came.get(who, since)
        came[who] = None if since is None or first is None else min(first, since)
        order = "" if since is None else since.astimezone(UTC).isoformat()
        if who not in newest or order >= newest[who][0]:
            newest[who] = order, row
    return {
        who: {
            **{name: str(row[name]) for name in ("country", "function", "site") if row.get(name)},
            "tenure": "came in the period"
            if (first := came[who]) is not None and first > start
            else "was there before",
        }
        for who, (_, row) in newest.items()
    }


def _instant(value: Any, where: str) -> datetime | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, datetime) else moment(value, where)


def looks_of(folder: Path, wanted: Collection[str]) -> dict[str, tuple[datetime, str]] | None:
    """Time and person of the looks `wanted`; None without the file. One at nobody is left out."""
    path = _file(folder, "looks")
    if path is None:
        return None
    found: dict[str, tuple[datetime, str]] = {}
    for row in _rows(path, ("look_id", "time", "person")):
        if row.get("look_id") in wanted and row.get("person"):
            t = row["time"]
            found[row["look_id"]] = (t if isinstance(t, datetime) else moment(t, path.name)), row["person"]
    return found


def _file(folder: Path, table: str) -> Path | None:
    return next((path for end in _ENDS if (path := folder / f"{table}{end}").is_file()), None)


def _rows(path: Path, columns: Collection[str]) -> Iterator[Mapping[str, Any]]:
    if path.name.endswith(".parquet"):
        yield from _parquet(path, columns)
    elif ".csv" in path.name:
        yield from _csv(path)
    else:
        for number, line in lines_of(path):
            try:
                value = json.loads(line)
            except ValueError:
                raise BadInput("not JSON", where=f"{path.name} line {number}") from None
            yield value if isinstance(value, dict) else {}


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with (
            gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as raw,
            io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text,
        ):
            yield from csv.DictReader(text)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"cannot be read ({type(error).__name__})", where=path.name) from None


def _parquet(path: Path, columns: Collection[str]) -> Iterator[Mapping[str, Any]]:
    try:
        pq: Any = import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise MissingExtra("watch", "reading Parquet") from None
    try:
        with pq.ParquetFile(path) as file:
            there = set(file.schema_arrow.names)
            for batch in file.iter_batches(columns=[name for name in columns if name in there]):
                yield from batch.to_pylist()
    except (OSError, ValueError, KeyError) as error:  # Arrow's own are kinds of these
        raise BadInput(f"cannot be read ({type(error).__name__})", where=path.name) from None
