# SPDX-License-Identifier: Apache-2.0
"""Facts from rows typed by hand, or drawn: tables in an engine of their own, without journal or files."""

from collections.abc import Iterable, Mapping
from contextlib import contextmanager

import pyarrow as pa

from whosaw.facts.columns import DAY, TABLES
from whosaw.facts.engine import engine_of
from whosaw.facts.opened import Facts

T0 = 20_000 * DAY  # a day long ago; times are given in days since

Row = Mapping[str, object]


@contextmanager
def facts_of(looks: Iterable[Row], **tables: Iterable[Row]):
    """Rows may leave out what is null, 0, or said by another column."""
    made = {"look": [_look(number, row) for number, row in enumerate(looks)], **tables}
    with engine_of() as engine:
        yield Facts(engine, {name: _table(engine.backend, name, rows) for name, rows in made.items()})


def _table(engine, name: str, rows: Iterable[Row]):
    engine.con.register("typed", _arrow(name, rows))
    engine.con.execute(f"CREATE TABLE {name} AS SELECT * FROM typed")
    engine.con.unregister("typed")
    return engine.table(name)


def _look(number: int, row: Row) -> Row:
    id_ = row.get("look_id", f"l-{number:06d}")
    facts = {
        "row": 2 * number, "leaf": number, "look_id": id_, "account": row["who"], "request": id_, "mode": "read",
        "source": "log", "origin": "observed", "rules": "", "asked": "",
    }  # fmt: skip
    return {**facts, **row}


def _arrow(name: str, rows: Iterable[Row]) -> pa.Table:
    rows = list(rows)
    columns = TABLES[name]
    made = {}
    for column, kind in columns.items():
        nothing = None if kind.endswith("?") or kind == "text" else 0
        values = [row.get(column, 1 if column == "first" else nothing) for row in rows]
        made[column] = pa.array(values, pa.int64() if kind.startswith("int") else pa.string())
    unknown = {key for row in rows for key in row} - set(columns)
    assert not unknown, (name, unknown)
    return pa.table(made)


def at(days: float) -> int:
    """Microseconds since 1970 of an instant so many days after T0."""
    return T0 + int(days * DAY)
