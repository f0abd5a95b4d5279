# SPDX-License-Identifier: Apache-2.0
"""Rows of a CSV file (RFC 4180, UTF-8, perhaps packed with gzip): its first record names the columns.

    bytes ──lines──▶ records, cut where no quote is open ──▶ cells            rows are numbered like that: the header is 1

Invariant: memory does not grow with the file, nor with a line: a record of more than 1 MiB is one bad row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from whosaw.collect import csv_text, strict_json
from whosaw.collect.imports.ports import Numbered
from whosaw.collect.imports.row import columns_of
from whosaw.collect.lines import Source
from whosaw.collect.observed import Malformed, No
from whosaw.collect.server_log import csv_records
from whosaw.errors import BadInput


class CsvRows:
    """``ports.Rows`` of a file."""

    form = "csv"

    def __init__(self, file: Path) -> None:
        self._file, self._size, self._digest = file, 0, b""
        self._source: Source | None = None

    def read(self, after: int = 0) -> Iterator[Numbered]:
        try:
            raw = self._file.open("rb")
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}", where=str(self._file)) from None
        with raw:
            self._size, self._source = self._file.stat().st_size, Source(raw)
            records = csv_records(self._source.chunks())
            header = next(((where, _cells(piece)) for where, piece in records), None)
            names = No("nothing in it") if header is None else header[1]
            if isinstance(names, No):
                why = self._source.broken or names.reason
                raise BadInput(f"no header of a CSV: {why}", where=str(self._file))
            order = columns_of(names, str(self._file))
            for where, piece in records:
                if where.number > after:
                    cells = _cells(piece)
                    if not isinstance(cells, No) and len(cells) != len(names):
                        cells = No("not as many cells as the header")
                    yield where.number, cells if isinstance(cells, No) else [cells[at] for at in order]
            self._digest = self._source.digest()

    @property
    def broken(self) -> str | None:
        return self._source.broken if self._source else None

    def digest(self) -> bytes:
        return self._digest

    def at(self) -> tuple[int, int]:
        return (self._source.size if self._source else 0), self._size


def _cells(piece: bytes | Malformed) -> list[str] | No:
    if isinstance(piece, Malformed):
        return No(piece.reason)
    text = strict_json.decoded(piece)
    if isinstance(text, No):
        return text
    if '"' not in text:
        return text.split(",")
    cells = csv_text.parse(text)
    return cells if isinstance(cells, No) else [cell.text for cell in cells]
