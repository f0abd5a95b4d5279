# SPDX-License-Identifier: Apache-2.0
"""A file as rows of texts and lists of texts, whatever it is written in: what a cell says, before anybody asks what it means.

    n        the row's number among those that could be taken apart, from 0
    broken   why the row is none at all (JSON Lines), else null
    COLUMN   the text, or the list of texts; null where there is nothing; null for a column that the file has not
    COLUMN!  whether the cell is of a sort that can never be this column: an object, a list for a text, a text for a list

A row of CSV that cannot be taken apart is not there; it stands in DuckDB's table of rejects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whosaw.errors import BadInput
from whosaw.facts.dataset.files import TableFile, csv_header
from whosaw.facts.dataset.form import FORM, TEXT_OR_LIST, Col, Kind
from whosaw.facts.dataset.sql import literal, name

# `reject_errors` of this file: made anew for each.
REJECTS, SCANS = "rejects", "reject_scans"
_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
_AWARE = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True, slots=True)
class Texts:
    """`sql`: the rows. `columns`: of the format, those the file has. `aside`: the others it has."""

    file: TableFile
    sql: str
    columns: frozenset[str]
    aside: tuple[str, ...]


def texts(connection: Any, file: TableFile) -> Texts:
    """The rows of `file`. Raises BadInput where a needed column is missing, or the file is not what its name says."""
    match file.form:
        case "csv":
            made = _csv(file)
        case "jsonl":
            made = _jsonl(connection, file)
        case _:
            made = _parquet(connection, file)
    lacks = [column for column, col in FORM[file.table].items() if col.needed and column not in made.columns]
    # A file of JSON Lines without a line has no columns, and lacks none.
    if lacks and not (file.form == "jsonl" and not made.columns and not made.aside and _empty(connection, made)):
        row = " row 1" if file.form == "csv" else ""
        raise BadInput(
            "the column is missing", where=f"{file.path.name}{row} column {lacks[0]}", hint="see docs/dataset.md"
        )
    return made


def _select(table: str, source: str, cells: Mapping[str, tuple[str, str]], broken: str = "null") -> str:
    """`cells`: per column that is there an expression for its text or list, and one for whether it can never be."""
    said = []
    for column, col in FORM[table].items():
        text, wrong = cells.get(column, ("null", "false"))
        kind = "varchar[]" if col.kind.lists else "varchar"
        said.append(f"cast({text} as {kind}) as {name(column)}, {wrong} as {name(column + '!')}")
    return f"select row_number() over () - 1 as n, {broken} as broken, {', '.join(said)} from {source}"


def _empty(connection: Any, made: Texts) -> bool:
    return connection.execute(f"select 1 from ({made.sql}) limit 1").fetchone() is None


# ── CSV ──


def _csv(file: TableFile) -> Texts:
    form = FORM[file.table]
    header = csv_header(file)
    # By place, under names of ours: what stands in the header of a file is never part of a query.
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    packed = "gzip" if file.packed else "none"
    source = (
        f"read_csv({literal(str(file.path))}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"strict_mode = true, null_padding = false, compression = '{packed}', columns = {{{columns}}}, "
        f"store_rejects = true, rejects_table = '{REJECTS}', rejects_scan = '{SCANS}')"
    )
    cells = {column: _csv_cell(f"c{header.index(column)}", form[column]) for column in form if column in header}
    aside = sorted(column for column in header if column not in form)
    return Texts(file, _select(file.table, source, cells), frozenset(cells), tuple(aside))


def _csv_cell(cell: str, col: Col) -> tuple[str, str]:
    return (f"string_split(nullif({cell}, ''), '|')" if col.kind.lists else f"nullif({cell}, '')"), "false"


# ── JSON Lines ──


def _jsonl(connection: Any, file: TableFile) -> Texts:
    form = FORM[file.table]
    packed = "gzip" if file.packed else "uncompressed"
    lines = f"read_ndjson_objects({literal(str(file.path))}, ignore_errors = true, compression = '{packed}')"
    keys = connection.execute(f"select distinct unnest(json_keys(json)) from {lines}").fetchall()
    there = {key for (key,) in keys}
    asked = [column for column in form if column in there]
    shape = literal("{" + ", ".join(f'"{column}": "JSON"' for column in asked) + "}")
    taken = f"json_transform(json, {shape})" if asked else "null"
    cells = {column: _json_cell(f"j.{name(column)}", form[column], file.table, column) for column in asked}
    sql = _select(file.table, f"(select json, {taken} as j from {lines})", cells, _BROKEN)
    return Texts(file, sql, frozenset(cells), tuple(sorted(there - form.keys())))


_BROKEN = "case when json is null or json_type(json) <> 'OBJECT' then 'not an object of JSON, or not UTF-8' end"


def _json_cell(cell: str, col: Col, table: str, column: str) -> tuple[str, str]:
    sort = f"coalesce(json_type({cell}), 'NULL')"
    if col.kind.lists:
        items = f"from_json({cell}, '[\"JSON\"]')"
        text = f"case when {sort} = 'ARRAY' then from_json({cell}, '[\"VARCHAR\"]') end"
        strange = f"len(list_filter({items}, lambda e: coalesce(json_type(e), 'NULL') not in ('VARCHAR', 'UBIGINT', 'BIGINT'))) > 0"
        return f"nullif({text}, [])", f"case {sort} when 'NULL' then false when 'ARRAY' then {strange} else true end"
    if (table, column) in TEXT_OR_LIST:
        joined = f"array_to_string(from_json({cell}, '[\"VARCHAR\"]'), '|')"
        return (
            f"case {sort} when 'NULL' then null when 'ARRAY' then {joined} when 'OBJECT' then cast({cell} as varchar) else {cell} ->> '$' end",
            "false",
        )
    text = (
        f"case when {sort} in ('VARCHAR', 'UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE') then nullif({cell} ->> '$', '') end"
    )
    return text, f"{sort} in ('OBJECT', 'ARRAY', 'BOOLEAN')"


# ── Parquet ──


def _parquet(connection: Any, file: TableFile) -> Texts:
    form = FORM[file.table]
    source = f"read_parquet({literal(str(file.path))})"
    kinds = {column: kind for column, kind, *_ in connection.execute(f"describe select * from {source}").fetchall()}
    cells = {column: _parquet_cell(name(column), kinds[column], form[column]) for column in form if column in kinds}
    for column in kinds.keys() & form.keys():
        if (file.table, column) in TEXT_OR_LIST and kinds[column] == "VARCHAR[]":
            cells[column] = f"array_to_string({name(column)}, '|')", "false"
    return Texts(file, _select(file.table, source, cells), frozenset(cells), tuple(sorted(kinds.keys() - form.keys())))


def _parquet_cell(cell: str, kind: str, col: Col) -> tuple[str, str]:
    plain = f"cast({cell} as varchar)"
    if col.kind.lists and kind.endswith("[]") and kind[:-2] in ("VARCHAR", *_WHOLE):
        return f"nullif(cast({cell} as varchar[]), [])", "false"
    if not col.kind.lists and (kind == "VARCHAR" or kind.startswith("ENUM")):
        return f"nullif({plain}, '')", "false"
    if kind == _AWARE and col.kind is Kind.TIME:
        return f"replace(cast(make_timestamp(epoch_us({cell})) as varchar), ' ', 'T') || 'Z'", "false"
    real = kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL")
    if not col.kind.lists and (kind in _WHOLE or (real and col.kind in (Kind.WHOLE, Kind.NUMBER))):
        return plain, "false"
    return "null", f"{cell} is not null"  # a column of nothing may be of any type
