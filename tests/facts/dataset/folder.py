# SPDX-License-Identifier: Apache-2.0
"""Dataset folders written by hand or drawn, in any of the three forms. Invented ids."""

import csv
import gzip
import io
import json
from pathlib import Path

ABOUT = {
    "format": "whosaw-dataset/1",
    "name": "small",
    "from": "2022-01-01T00:00:00Z",
    "to": "2022-06-30T00:00:00+02:00",
    "regions": {"EU": ["DE", "FR"]},
}
LISTS = {"looks": ("fields", "detail"), "persons": ("classes",), "events": ("persons",)}
NUMBERS = ("rows", "number", "weight")
LOOK = {
    "look_id": "l-1", "time": "2022-02-03T09:14:05.123Z", "principal": "e-1", "person": "p-1", "fields": ["ip"], "mode": "read",
}  # fmt: skip


def write(folder: Path, table: str, rows, form="csv", columns=None):
    """`rows`: dicts with lists as lists and numbers as numbers."""
    columns = columns or sorted({key for row in rows for key in row})
    path = folder / f"{table}.{form}"
    if form == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {
            c: pa.list_(pa.string()) if c in LISTS.get(table, ()) else pa.int64() if c in NUMBERS else pa.string()
            for c in columns
        }
        pq.write_table(pa.table({c: pa.array([r.get(c) for r in rows], type=kinds[c]) for c in columns}), path)
        return path
    if form.startswith("csv"):
        text = io.StringIO(newline="")
        out = csv.writer(text)
        out.writerow(columns)
        out.writerows(
            ["" if (v := row.get(c)) is None else "|".join(v) if isinstance(v, list) else v for c in columns]
            for row in rows
        )
        raw = text.getvalue().encode()
    else:
        raw = b"".join(
            json.dumps({c: row.get(c) for c in columns}, ensure_ascii=False).encode() + b"\n" for row in rows
        )
    path.write_bytes(gzip.compress(raw) if form.endswith("gz") else raw)
    return path


def about(folder: Path, **more):
    (folder / "dataset.json").write_text(json.dumps({**ABOUT, **more}))


def folder_of(folder: Path, form="csv", **tables):
    """A whole folder; without `looks` it has one."""
    about(folder)
    for table, rows in {"looks": [LOOK], **tables}.items():
        write(folder, table, rows, form)
    return folder
