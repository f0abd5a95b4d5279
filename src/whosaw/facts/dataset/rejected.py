# SPDX-License-Identifier: Apache-2.0
"""What could not be read: said with file, row and column, never with the cell.

    strictly    BadInput with the first 20 problems and a count          --lenient    a line of rejected.jsonl for each row

In CSV the header is row 1; in JSON Lines and Parquet rows are counted from 1. A row over several lines is one row.

Invariant: no message shows a cell: it may be somebody's name. `rejected.jsonl` shows rows, and lies where the rows came from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whosaw.errors import BadInput, OutcomeUnknown

SHOWN = 20
NAME = "rejected.jsonl"


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that cannot be read. `reasons`: (column, why), the column empty where it is the whole row. `cells`: what it says."""

    file: str
    row: int
    reasons: tuple[tuple[str, str], ...]
    cells: object = field(default=None, repr=False)

    def said(self) -> Iterator[str]:
        for column, why in self.reasons:
            yield f"{self.file} row {self.row}{f' column {column}' if column else ''}: {why}"

    def encode(self) -> bytes:
        reasons = [{"column": column or None, "reason": why} for column, why in self.reasons]
        line = {"file": self.file, "row": self.row, "reasons": reasons, "cells": self.cells}
        return json.dumps(line, ensure_ascii=False, sort_keys=True).encode(errors="replace") + b"\n"


def refuse(first: Sequence[Rejected], count: int) -> None:
    """Raises BadInput for `count` problems, of which `first` are the first rows. Nothing where there are none."""
    if not count:
        return
    said = [line for row in first for line in row.said()][:SHOWN]
    where, _, what = said[0].partition(": ")
    more = f"; and {count - len(said):,} more" if count > len(said) else ""
    raise BadInput(
        "; ".join([what, *said[1:]]) + more,
        where=where,
        hint="correct the files, or take the readable rows with --lenient; nothing was taken in",
    )


def write(path: Path, rows: Iterator[Rejected]) -> int:
    """Write them aside, then under `path`; an old file of that name goes. How many there are. Raises OutcomeUnknown."""
    aside = path.with_name(path.name + ".new")
    count = 0
    try:
        with aside.open("wb") as file:
            for row in rows:
                file.write(row.encode())
                count += 1
        if count:
            aside.replace(path)
        else:
            aside.unlink()
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutcomeUnknown(
            f"{path.name} could not be written ({type(error).__name__})",
            part="dataset",
            hint="name another place for it, or make room",
        ) from error
    return count
