# SPDX-License-Identifier: Apache-2.0
"""Texts to values: whole numbers, texts and lists; and for every cell that is not what its column says, why.

    n · COLUMN … (times in microseconds, weights in thousandths) · why

`why`: null for a row that can be read; else `column=reason` for each cell that cannot, joined by newlines.

Invariant: a time is read to the microsecond by whole-number arithmetic, and never without its offset.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from whosaw.facts.dataset.countries import COUNTRIES
from whosaw.facts.dataset.form import FORM, ID_BYTES, Col, Kind
from whosaw.facts.dataset.sql import literal, literals, name
from whosaw.facts.dataset.texts import Texts

EMPTY = "no value"
TWICE = "an id that stands above already"
ALIGNED = "not one detail for each field"
# Made once in a connection. RFC 3339 §5.6: T or a space, a second 60 where a minute has one, any number of decimals.
MACROS = (
    r"""create macro is_time(x) as regexp_full_match(x,
    '\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)')""",
    r"""create macro whole_seconds(x) as epoch_us(try_cast(
    substr(x, 1, 10) || ' ' || substr(x, 12, 6) || (case when substr(x, 18, 2) = '60' then '59' else substr(x, 18, 2) end) as timestamp))
    + (case when substr(x, 18, 2) = '60' then 1000000 else 0 end)""",
    r"""create macro decimals(x) as case when substr(x, 20, 1) = '.'
    then cast(rpad(regexp_extract(x, '\.(\d{1,6})', 1), 6, '0') as bigint) else 0 end""",
    r"""create macro offset_us(x) as case when right(x, 1) in ('Z', 'z') then 0 else
    (case when substr(x, -6, 1) = '-' then -1 else 1 end)
    * (cast(substr(x, -5, 2) as bigint) * 60 + cast(substr(x, -2, 2) as bigint)) * 60000000 end""",
    """create macro micros(x) as case when is_time(x) then whole_seconds(x) + decimals(x) - offset_us(x) end""",
    r"""create macro whole(x) as case when regexp_full_match(x, '[+-]?\d{1,18}(\.0+)?') then
    cast(regexp_replace(x, '\.0+$', '') as bigint) end""",
    """create macro thousandths(x) as case when abs(try_cast(x as double)) < 1e15
    then cast(round(try_cast(x as double) * 1000) as bigint) end""",
)


def prepare(connection: Any, regions: Iterable[str]) -> None:
    """What `typed` asks for, once in a connection."""
    for macro in MACROS:
        connection.execute(macro)
    countries = sorted(COUNTRIES)
    connection.execute("create temp table countries as select unnest(?) as code", [countries])
    connection.execute("create temp table known_regions as select unnest(?) as code", [sorted({*countries, *regions})])


def typed(of: Texts) -> str:
    """The rows of `of` as values, with `why`."""
    table = of.file.table
    columns = FORM[table].items()
    values = ", ".join(f"{_value(name(column), col)} as {name(column)}" for column, col in columns)
    # Two steps: a value is worked out once, and what is not one is seen by its absence.
    inner = ", ".join(f"{name(column)} as {name(column + '?')}, {name(column + '!')}" for column, _ in columns)
    reasons = ["case when broken is not null then '=' || broken end"]
    reasons += [f"case when broken is null then {_why(column, col)} end" for column, col in columns]
    if table == "looks":
        off = 'len("detail") <> coalesce(len("fields"), 0)'
        reasons.append(f"case when {off} then {literal('detail=' + ALIGNED)} end")
    if table == "approvals":
        lacks = "broken is null and \"approver?\" is null and not \"approver!\" and coalesce(outcome, '') <> 'expired'"
        reasons.append(f"case when {lacks} then {literal('approver=' + EMPTY)} end")
    plain = ", ".join(name(column) for column, _ in columns)
    why = f"nullif(concat_ws(chr(10), {', '.join(reasons)}), '')"
    return f"select n, {plain}, {why} as why from (select n, broken, {inner}, {values} from ({of.sql}))"


def _value(cell: str, col: Col) -> str:
    match col.kind:
        case Kind.TIME:
            return f"micros({cell})"
        case Kind.WHOLE:
            return f"whole({cell})"
        case Kind.NUMBER:
            return f"thousandths({cell})"
        case _:
            return cell


def _why(column: str, col: Col) -> str:
    """An expression: `column=reason`, or null for a cell that is fine."""
    cell, raw, never = name(column), name(column + "?"), name(column + "!")
    match col.kind:
        case Kind.TIME | Kind.WHOLE | Kind.NUMBER:
            bad = f"{cell} is null and {raw} is not null"
        case Kind.ID:
            bad = f"strlen({cell}) > {ID_BYTES}"
        case Kind.CODE:
            bad = f"{cell} not in {_tuple(col.codes)}"
        case Kind.COUNTRY:
            bad = f"{cell} not in (select code from countries)"
        case Kind.REGION:
            bad = f"{cell} not in (select code from known_regions)"
        case Kind.CODES:
            bad = f"not list_has_all({literals(col.codes)}, {cell})"
        case Kind.IDS:
            bad = f"len(list_filter({cell}, lambda e: strlen(e) > {ID_BYTES})) > 0"
        case _:
            bad = "false"
    reason = literal(f"{column}={col.kind.value}")
    empty = f" when {raw} is null then {literal(f'{column}={EMPTY}')}" if col.filled else ""
    sort = literal(f"{column}={_sort(col.kind)}")
    return f"case when {never} then {sort}{empty} when {bad} then {reason} end"


def _sort(kind: Kind) -> str:
    """What a cell of a sort that can never be this kind is not."""
    if kind.lists:
        return "not a list of texts"
    return kind.value if kind in (Kind.TIME, Kind.WHOLE, Kind.NUMBER) else Kind.TEXT.value


def _tuple(codes: Iterable[str]) -> str:
    return "(" + ", ".join(literal(code) for code in codes) + ")"
