# SPDX-License-Identifier: Apache-2.0
"""Tables into a folder, batch by batch, so that no table need be in memory as a whole.

    Folder(path, "csv").add("looks", {column: Cells})   …   .close()         looks.csv, or looks.parquet

Invariant: the same batches give the same bytes. Lists are joined by | in CSV and lists in Parquet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from whosaw.errors import BadInput
from whosaw.simulate.folder.arrow import arrow
from whosaw.simulate.folder.cells import Cells

FORMS = ("parquet", "csv")
FORMAT = "whosaw-dataset/1"


class Folder:
    """A dataset folder that is being written. Raises BadInput where something is there already."""

    def __init__(self, path: Path, form: str) -> None:
        self.path, self._form = path, form
        self._open: dict[str, Any] = {}
        self._files: list[TextIO] = []
        if form == "parquet":
            arrow()
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise BadInput("something is in it", where="FOLDER", hint="give a folder that is empty or not there")
        except OSError as error:
            raise BadInput(f"cannot be made: {error.strerror}", where="FOLDER") from None

    def add(self, table: str, batch: Mapping[str, Cells]) -> None:
        """One more batch of `table`."""
        if self._form == "csv":
            self._add_csv(table, batch)
        else:
            self._add_parquet(table, batch)

    def write(self, name: str, text: str) -> None:
        """A whole small file."""
        (self.path / name).write_text(text, encoding="utf-8", newline="")

    def head(self, name: str, start: str, end: str, regions: Mapping[str, list[str]]) -> None:
        """dataset.json."""
        said = {"format": FORMAT, "name": name, "from": start, "to": end, "regions": regions}
        self.write("dataset.json", json.dumps(said, indent=2) + "\n")

    def close(self) -> None:
        """Every table to its end."""
        for writer in self._open.values():
            if self._form == "parquet":
                writer.close()
        for file in self._files:
            file.close()

    def _add_csv(self, table: str, batch: Mapping[str, Cells]) -> None:
        if table not in self._open:
            file = (self.path / f"{table}.csv").open("w", encoding="utf-8", newline="")
            self._files.append(file)
            self._open[table] = csv.writer(file, lineterminator="\r\n")
            self._open[table].writerow(batch)
        columns = [_joined(cells.values()) for cells in batch.values()]
        self._open[table].writerows(zip(*columns, strict=True))

    def _add_parquet(self, table: str, batch: Mapping[str, Cells]) -> None:
        pa, pq = arrow(), arrow("pyarrow.parquet")
        made = pa.table({name: cells.arrow() for name, cells in batch.items()})
        if table not in self._open:
            where = self.path / f"{table}.parquet"
            self._open[table] = pq.ParquetWriter(where, made.schema, compression="zstd")
        self._open[table].write_table(made)


def _joined(values: list[Any]) -> list[Any]:
    return ["|".join(each) if isinstance(each, tuple) else each for each in values]
