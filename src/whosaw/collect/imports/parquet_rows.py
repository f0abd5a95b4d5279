# SPDX-License-Identifier: Apache-2.0
"""Rows of a Parquet file, some thousands at a time. They are numbered from 1.

Invariant: what is damaged in it stops the import before anything is taken in: a file is read through once before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from whosaw.collect.imports.ports import Numbered
from whosaw.collect.imports.row import columns_of
from whosaw.errors import BadInput, MissingExtra

BATCH = 4_096


class ParquetRows:
    """``ports.Rows`` of a file."""

    form = "parquet"

    def __init__(self, file: Path) -> None:
        self._file, self._done, self._total = file, 0, 0
        self.broken: str | None = None

    def read(self, after: int = 0) -> Iterator[Numbered]:
        try:
            pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ModuleNotFoundError:
            raise MissingExtra("watch", "reading Parquet") from None
        self.broken = None
        # The library's errors quote what they could not read; and a file made to hurt it may raise any of these.
        wrong = (OSError, ValueError, pa.ArrowException, KeyError, TypeError, OverflowError)
        try:
            file = pq.ParquetFile(self._file, page_checksum_verification=True)
        except wrong:
            raise BadInput("not a Parquet file that can be read", where=str(self._file)) from None
        with file:
            names = file.schema_arrow.names
            order = columns_of(names, str(self._file))
            number, self._total = 0, file.metadata.num_rows
            batches = file.iter_batches(BATCH)
            while True:
                try:
                    batch = next(batches, None)
                    if batch is None:
                        break
                    behind = number + len(batch) <= after
                    columns = [] if behind else [batch.column(at).to_pylist() for at in order]
                except wrong:
                    self.broken = f"damaged behind row {number}"
                    return
                if behind:
                    number += batch.num_rows
                    continue
                for cells in zip(*columns, strict=True):
                    number += 1
                    self._done = number
                    if number > after:
                        yield number, cells

    def digest(self) -> bytes:
        try:
            with self._file.open("rb") as raw:
                return hashlib.file_digest(raw, "sha256").digest()
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}", where=str(self._file)) from None

    def at(self) -> tuple[int, int]:
        return self._done, self._total
