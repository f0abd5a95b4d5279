# SPDX-License-Identifier: Apache-2.0
"""Typed tables of a dataset to the tables of facts, as Parquet. The same columns as from a journal, ids as they stand.

    looks    ──▶ look              a second row, `claimed`, for whoever is named in on_behalf_of
    persons  ──▶ persons, classes  staff, persons: at any instant at most one row of each, the later one
    events   ──▶ events, event_persons        dataset.json ──▶ regions        the others one to one

Invariant: a look's `row` is its place by look_id, so the order of rows in the file changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whosaw.facts.columns import FIELDS, TABLES
from whosaw.facts.dataset.about import About
from whosaw.facts.dataset.countries import COUNTRIES
from whosaw.facts.dataset.sql import literal, name

SOURCE = "dataset"


def project(connection: Any, there: frozenset[str], about: About, folder: Path) -> dict[str, Path]:
    """Write the tables of facts that the typed tables `there` give into `folder`."""
    pairs = sorted({(c, c) for c in COUNTRIES} | {(r, c) for r, countries in about.regions.items() for c in countries})
    connection.execute(
        "create temp table region_rows as select unnest(?) as region, unnest(?) as country",
        [list(each) for each in zip(*pairs, strict=True)],
    )
    queries = {"look": _LOOK, "regions": "select region, country from region_rows"}
    for table in sorted(there - {"looks"}):
        queries |= _QUERIES[table]
    if there & {"cases", "case_persons"}:
        connection.execute(f"create temp table homes as {_homes(there)}")
    made = {}
    for table, sql in queries.items():
        path = folder / f"{table}.parquet"
        cells = ", ".join(
            f"cast({name(column)} as {'bigint' if kind.startswith('int') else 'varchar'}) as {name(column)}"
            for column, kind in TABLES[table].items()
        )
        connection.execute(
            f"copy (select {cells} from ({sql})) to {literal(str(path))} (format parquet, compression lz4_raw)"
        )
        made[table] = path
    return made


_HELD = ", ".join(
    f"case when list_contains(fields, {literal(f)}) then 1 else 0 end as {name(c)}" for f, c in FIELDS.items()
)
ASKED = (
    # Without details, as most are: no list is made anew for each row.
    "case when fields is null then '' when detail is null then coalesce(nullif(array_to_string(fields, ':-|'), '') || ':-', '') "
    "else array_to_string(list_transform(generate_series(1, len(fields)), "
    "lambda i: fields[i] || ':' || coalesce(nullif(detail[i], ''), '-')), '|') end"
)
_LOOK = f"""
with placed as (select n as at, row_number() over (order by look_id) - 1 as r from looks), -- narrow: sorting whole rows takes longer than all else
numbered as (select r, looks.* from looks join placed on looks.n = placed.at),
rows_of as (
    select principal as who, 0 as claimed, * from numbered
    union all
    select on_behalf_of as who, 1 as claimed, * from numbered where on_behalf_of is not null
)
select 2 * r + claimed as row, r as leaf, look_id, time as t, null as taken, who, principal as account, claimed, 0 as hint,
    person, coalesce(bulk, look_id) as request, null as mentions, mode, purpose, "case", app,
    coalesce(source, {literal(SOURCE)}) as source, 'observed' as origin, rows, decision,
    case when decision = 'refuse' then 1 else 0 end as refused, '' as rules, {ASKED} as asked, {_HELD},
    query, src_ip, src_country, arrived, number
from rows_of
"""


def apart(table: str, id_: str) -> str:
    """Rows cut where the next row of the same id begins: as facts/rows.py does it for the journal."""
    return f"""
select * exclude (next_from, is_last) replace (
    case when not is_last and next_from is not null then least(coalesce(valid_to, next_from), next_from) else valid_to end as valid_to)
from (
    select *, lead(valid_from) over w as next_from, lead(0) over w is null as is_last from {table}
    window w as (partition by {id_} order by valid_from is not null, valid_from, valid_to is null, valid_to, {table}::varchar)
)
where (is_last or not (next_from is null or next_from is not distinct from valid_from))
"""


KEPT = "valid_to is null or valid_from is null or valid_from < valid_to"
_EVER = "null as known_from, null as known_to, 1 as first"
_STAFF = f"select staff_id as who, * from ({apart('staff', 'staff_id')}) where {KEPT}"
_PERSONS = f"select * from ({apart('persons', 'person')}) where {KEPT}"
_GUARDED = "len(list_filter(coalesce(classes, []), lambda c: c <> 'staff')) > 0"
_CASES = f"""select c.*, r.household as requester_home, o.household as opened_by_home, {_EVER} from cases c
left join homes r on c.requester = r.id left join homes o on c.opened_by = o.id"""
_CASE_PERSONS = f"""select p.*, h.household as added_by_home, {_EVER} from case_persons p
left join homes h on p.added_by = h.id"""

_QUERIES: Mapping[str, Mapping[str, str]] = {
    "staff": {"staff": _STAFF},
    "persons": {
        "persons": f"""select person, region, household, valid_from, valid_to, case when {_GUARDED} then 1 else 0 end as protected,
            case when list_contains(classes, 'staff') then 1 else 0 end as staff from ({_PERSONS})""",
        "classes": f"select distinct person, unnest(classes) as class, valid_from, valid_to from ({_PERSONS})",
    },
    "cases": {"cases": _CASES},
    "case_persons": {"case_persons": _CASE_PERSONS},
    "assignments": {
        "assignments": f'select staff_id as who, *, "from" as valid_from, "to" as valid_to, {_EVER} from assignments'
    },
    "links": {"links": 'select *, "from" as valid_from, "to" as valid_to from links'},
    "events": {
        "events": "select *, time as t from events",
        "event_persons": "select distinct event_id, unnest(persons) as person from events",
    },
    "changes": {"changes": "select *, time as t, staff_id as who from changes"},
    "approvals": {"approvals": "select *, time as t from approvals"},
}


def _homes(there: frozenset[str]) -> str:
    """The household of each id that has one, the newest that was said; of staff before that of persons."""
    said = [
        f"select {id_} as id, household, {place} as place, valid_from from {table} where household is not null"
        for place, (table, id_) in enumerate((("persons", "person"), ("staff", "staff_id")))
        if table in there
    ]
    if not said:
        return "select null::varchar as id, null::varchar as household where false"
    return f"""select id, household from (
        select *, row_number() over (partition by id order by place desc, valid_from desc nulls last, household) as r
        from ({" union all ".join(said)})) where r = 1"""
