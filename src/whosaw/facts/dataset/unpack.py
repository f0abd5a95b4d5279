# SPDX-License-Identifier: Apache-2.0
"""A checked folder taken apart for a journal: its looks by request, and its directory in the form of the directory.

    looks ──▶ requests.jsonl    one line a request; all mentions of one bulk look together, by time
    staff, persons, cases, case_persons, assignments, links ──▶ directory/*.jsonl, as `directory load` reads them

Invariant: only what was checked whole is written, so a folder with a problem leaves a journal as it was.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whosaw.directory.columns import MAY_LACK, TABLES
from whosaw.facts.dataset.about import NAME as ABOUT
from whosaw.facts.dataset.form import FORM, Kind
from whosaw.facts.dataset.project import ASKED, KEPT, apart
from whosaw.facts.dataset.read import checked
from whosaw.facts.dataset.rejected import NAME
from whosaw.facts.dataset.sql import literal, name
from whosaw.facts.meanwhile import meanwhile

# A journal keeps no such things: they stay in the folder, for `whosaw detect`.
STAY = ("approvals", "events", "changes")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`directory`: the folder of its directory, None where the dataset has none. `stay`: tables that a journal has no place for."""

    requests: Path
    directory: Path | None
    warnings: tuple[str, ...]
    rejected: int
    stay: tuple[str, ...]


@contextmanager
def unpacked(folder: Path, *, lenient: bool = False) -> Iterator[Unpacked]:
    """`folder`, taken apart for as long as the block lasts. Raises BadInput."""
    with meanwhile("whosaw-held-unpacked-") as spool:
        with checked(folder, spool, lenient=folder / NAME if lenient else None) as whole:
            requests = spool / "requests.jsonl"
            whole.connection.execute(f"copy ({_REQUESTS}) to {literal(str(requests))} (format json)")
            directory = spool / "directory" if whole.there & TABLES.keys() else None
            if directory is not None:
                directory.mkdir()
                (directory / ABOUT).write_bytes((folder / ABOUT).read_bytes())
                for table in TABLES:
                    _table(whole.connection, directory, table, there=table in whole.there)
        yield Unpacked(requests, directory, whole.warnings, whole.rejected, tuple(t for t in STAY if t in whole.there))


_REQUESTS = f"""
with named as (select *, {ASKED} as asked from looks),
of_one as (
    select min(look_id) as id, min("time") as t, principal, on_behalf_of, list(distinct person order by person) filter (person is not null) as persons,
        asked, mode, purpose, "case", app, max(rows) as rows, decision, min(query) as query, bulk
    from named group by coalesce(bulk, look_id), bulk, principal, on_behalf_of, asked, mode, purpose, "case", app, decision
)
select id, t, principal, on_behalf_of, coalesce(persons, []) as persons, asked, mode, purpose, "case", app, rows, decision, query
from of_one order by t, id
"""


# The directory refuses what stands there twice; a log of a company says many things twice.
_OPEN = 'case when count("from") = count(*) then min("from") end as "from", case when count("to") = count(*) then max("to") end as "to"'
_ONCE: Mapping[str, str] = {
    "staff": f"select * from ({apart('staff', 'staff_id')}) where {KEPT}",
    "persons": f"select * from ({apart('persons', 'person')}) where {KEPT}",
    "case_persons": "select case_id, person, min(added) as added, min(added_by) as added_by from case_persons group by case_id, person",
    "assignments": f"select staff_id, scope_kind, scope, {_OPEN} from assignments group by staff_id, scope_kind, scope",
    "links": f"select least(a, b) as a, greatest(a, b) as b, kind, {_OPEN} from links where a <> b group by least(a, b), greatest(a, b), kind",
}


def _table(connection: Any, folder: Path, table: str, *, there: bool) -> None:
    if there:
        columns = [column for column in FORM[table].items() if column[0] in TABLES[table]]
        once = _ONCE.get(table, f"select * from {table}")
        sql = f"select {', '.join(map(_cell, columns))} from ({once})"
        connection.execute(f"copy ({sql}) to {literal(str(folder / table) + '.jsonl')} (format json)")
    elif table not in MAY_LACK:
        # A table with its header and nothing below says nothing.
        with (folder / f"{table}.csv").open("w", newline="") as file:
            csv.writer(file).writerow(TABLES[table])


def _cell(column: tuple[str, Any]) -> str:
    id_, col = column
    if col.kind is not Kind.TIME:
        return name(id_)
    return f"strftime(make_timestamp({name(id_)}), '%Y-%m-%dT%H:%M:%S.%fZ') as {name(id_)}"
