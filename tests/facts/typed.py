# SPDX-License-Identifier: Apache-2.0
"""Tables of facts typed by hand: rows with what matters, the rest unknown."""

import shutil
import tempfile

from whosaw.facts.columns import FIELDS, TABLES

KINDS = {"int": "int64", "text": "string"}
# What explain.py and evidence.py add to a look, and prepared/looks.py before them.
MADE = {
    "day": "int", "size": "int", "named": "int", "unit": "text?", "function": "text?", "manager": "text?", "country": "text?",
    "tenure": "int?", "own_person": "text?", "household": "text?", "region": "text?", "protected": "int", "weight_then": "int",
    "weight_now": "int", "template": "int", "near": "int", "first": "int", "judged": "int", "u": "int", "u1": "int",
}  # fmt: skip
LOOK = {"claimed": 0, "refused": 0, "hint": 0, "mode": "read", "source": "test", "origin": "observed", "rules": "", "asked": "",
        "size": 1, "named": 0, "protected": 0, "weight_then": 0, "weight_now": 0, "template": -1, "near": 0, "first": 1,
        "judged": 1, "u": 1, "u1": 1, **dict.fromkeys(FIELDS.values(), 0)}  # fmt: skip


def table(engine, name, rows, columns=None):
    """An Ibis table of `rows` (dicts) with the columns of facts; what a row leaves out is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from ibis.util import gen_name

    columns = TABLES[name] if columns is None else columns
    kinds = {"int": pa.int64(), "text": pa.string()}
    unknown = {key for row in rows for key in row} - columns.keys()
    assert not unknown, unknown
    data = {c: pa.array([row.get(c) for row in rows], type=kinds[kind.rstrip("?")]) for c, kind in columns.items()}
    folder = tempfile.mkdtemp(prefix="whosaw-typed-")
    try:
        pq.write_table(pa.table(data), f"{folder}/{name}.parquet")
        return engine.create_table(gen_name(name), engine.read_parquet(f"{folder}/{name}.parquet"))
    finally:
        shutil.rmtree(folder)


def looks(engine, rows, name="looks"):
    """Looks as detectors get them."""
    full = [
        {**LOOK, "row": 2 * i, "leaf": i, "look_id": f"l-{i}", "request": f"l-{i}", "account": row["who"],
         "day": row.get("t", 0) // 86_400_000_000, "t": 0, **row}
        for i, row in enumerate(rows)
    ]  # fmt: skip
    return table(engine, name, full, {**TABLES["look"], **MADE})


def rows(expr):
    """What an expression gives, as a set of tuples and their number."""
    found = expr.to_pyarrow().to_pylist()
    return sorted((tuple(row.values()) for row in found), key=repr)
