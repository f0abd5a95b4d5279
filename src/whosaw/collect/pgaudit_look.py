# SPDX-License-Identifier: Apache-2.0
"""What one statement saw of one watched table: fields, persons, mode, and what could not be told.

    single key bound                   read        one person, or a bulk look with a mention for each
    key named, but not for every row   search      with mentions
    rows copied elsewhere              export      COPY always; CREATE TABLE AS, INSERT … SELECT, SELECT INTO without a key
    counts and sums alone              aggregate   no person
    no condition, or many rows         export
    anything else                      search

    not to be read              search      all fields, nobody named

What could not be told is a flag, never a guess.     Specification: docs/connectors/pgaudit.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from whosaw.collect.columns import Columns
from whosaw.collect.observed import Asked, No, Skipped
from whosaw.collect.sql import SEVERAL, Statement, Use
from whosaw.collect.sql_text import EXPLAIN_ONLY
from whosaw.collect.statements import Statements
from whosaw.model.access import Mode
from whosaw.model.look_body import Said

NOT_LOGGED = "a statement that was not logged"
UNREAD = "a statement that could not be read"
TOGETHER = "several statements in one text: each counts as all of them"
INDIRECT = "a table reached through a view or a function"
NO_PARAMETER = "a key whose parameter was not logged"
OTHER_TYPE = "a key that is not of the type in the map"
UNMAPPED = "columns that the map does not name: counted as all fields"


@dataclass(frozen=True, slots=True)
class Told:
    """What the records of one statement say."""

    text: str | None = field(repr=False)
    parameters: tuple[str | None, ...] | None = field(repr=False)
    rows: int | None
    writes: bool
    decision: Said | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen."""

    asked: Asked
    mode: Mode
    persons: tuple[str, ...] = field(default=(), repr=False)
    shape: str | None = field(default=None, repr=False)
    flags: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()


def look_at(table: Columns, told: Told, statements: Statements, many_rows: int) -> Seen | Skipped:
    """What the statement in `told` saw of `table`."""
    read = statements.read(told.text) if told.text is not None else No(NOT_LOGGED)
    if isinstance(read, Statement) and read.begins == EXPLAIN_ONLY:
        return Skipped("explained, not run")
    shape = statements.shape(told.text) if told.text is not None else None
    many = Mode.EXPORT if told.rows is not None and told.rows >= many_rows else Mode.SEARCH
    if isinstance(read, No):
        return Seen(table.all, many, shape=shape, flags=(NOT_LOGGED if told.text is None else UNREAD,))
    uses = [u for u in read.uses if u.table == table.table and u.schema in (None, table.schema)]
    if not uses and told.writes and not read.returns:
        return Skipped("wrote, and read nothing")
    if not uses:
        return Seen(table.all, many, shape=shape, flags=(INDIRECT,))
    asked, unmapped = table.asked(c for u in uses for c in u.columns)
    if any(u.whole for u in uses):
        asked = table.all
    if not asked:
        return Skipped("no watched column" if not told.writes else "wrote, and read no watched column")
    persons, every_row, flags = _persons(table, uses, told.parameters)
    if unmapped:
        flags = [*flags, UNMAPPED]
    if read.begins == SEVERAL:
        flags = [*flags, TOGETHER]
    return Seen(
        asked=asked,
        mode=_mode(read, uses, bool(persons), every_row, many),
        persons=persons,
        shape=shape,
        flags=tuple(flags),
        unmapped=tuple(f"{table.name}.{_safe(c)}" for c in unmapped),
    )


def look_anywhere(everything: Asked, told: Told, statements: Statements, many_rows: int) -> Seen:
    """What a statement may have seen that could not be read, and whose record names no table."""
    many = Mode.EXPORT if told.rows is not None and told.rows >= many_rows else Mode.SEARCH
    if told.text is None:
        return Seen(everything, many, flags=(NOT_LOGGED,))
    return Seen(everything, many, shape=statements.shape(told.text), flags=(UNREAD,))


def _mode(read: Statement, uses: Sequence[Use], persons: bool, every_row: bool, many: Mode) -> Mode:
    if read.copies and (read.begins == "COPY" or not (persons and every_row)):
        return Mode.EXPORT
    if persons:
        return Mode.READ if every_row else Mode.SEARCH
    if read.begins == "EXPLAIN" or all(u.aggregate for u in uses):
        return Mode.AGGREGATE
    return many if all(u.filtered for u in uses) else Mode.EXPORT


def _persons(
    table: Columns, uses: Iterable[Use], parameters: tuple[str | None, ...] | None
) -> tuple[tuple[str, ...], bool, list[str]]:
    """Persons named by the key column, whether every row is of one of them, and what could not be told."""
    found: dict[str, None] = {}
    flags: dict[str, None] = {}
    every_row = True
    for use in uses:
        keys = use.bound.get(table.key or "", ())
        every_row = every_row and bool(keys)
        for key in keys or use.loose.get(table.key or "", ()):
            values = key.values(parameters or ())
            if values is None:
                flags[NO_PARAMETER] = None
                every_row = False
                continue
            for value in values:
                person = table.person(value)
                if person is None:
                    flags[OTHER_TYPE] = None
                    every_row = False
                else:
                    found[person] = None
    return tuple(found), every_row, list(flags)


def _safe(column: str) -> str:
    """A column's name as it may be listed. Anything else may be what somebody typed."""
    plain = column.replace("_", "a")
    return column if plain.isascii() and plain.isalnum() and plain == plain.lower() and len(plain) <= 63 else "?"
