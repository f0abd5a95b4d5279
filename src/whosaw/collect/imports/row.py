# SPDX-License-Identifier: Apache-2.0
"""One row: a person, a field, a value, when it was true, and perhaps where it came from.

    cells by column ──parse──▶ Given(person, field, value, seen, source)
                          └──▶ No(reason)               a sentence of ours, which never quotes a cell

Without a source of its own a row's source is its content: the same row a second time is the same value. With one it is taken as
it is, so a row that was mended at its source needs another one.

Invariant: nothing is mended here. A value is taken in its one spelling or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from whosaw.collect.imports.located import Located, unlocated
from whosaw.collect.observed import No
from whosaw.collect.times import plausible, rfc3339
from whosaw.errors import BadInput
from whosaw.model.access import Field
from whosaw.privacy.detail import canonical, is_text

COLUMNS = ("person", "field", "value", "seen")
SOURCE = "source"
LONGEST = 64 * 1024
Cell = object
Given = tuple[str, Field, str, datetime, str]
_FIELDS: Mapping[object, Field] = {str(each): each for each in Field}
_ID = 200
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def columns_of(names: Sequence[str], where: str) -> tuple[int, ...]:
    """Where person, field, value, seen and, if there is one, source stand. Raises BadInput for another set of columns."""
    known = (*COLUMNS, SOURCE)
    if missing := [name for name in COLUMNS if name not in names]:
        raise BadInput(f"no column {missing[0]!r}", where=where, hint=_hint())
    if len(set(names)) != len(names):
        raise BadInput("two columns of one name", where=where, hint=_hint())
    # Don't pass over a column that nobody asked for: a misspelt `source` would be lost in silence.
    if set(names) - set(known):
        raise BadInput("a column that an import does not know", where=where, hint=_hint())
    return tuple(names.index(name) for name in known if name in names)


def _hint() -> str:
    return f"the columns are {', '.join(COLUMNS)} and, if you like, {SOURCE}; in any order"


def parse(cells: Sequence[Cell], now: datetime, located: Located | None = None) -> Given | No:
    """The row that `cells` spell, in the order of `columns_of`. `now`: what is later was not seen yet.

    `located`: makes a location of an address; without it there is none of an address.
    """
    person, name, value, seen, *more = cells
    if isinstance(person, int) and not isinstance(person, bool):
        person = str(person)
    if not isinstance(person, str) or not 1 <= len(person) <= _ID or not person.isprintable():
        return No("person: not an id of 1 to 200 printable characters")
    if len(person.encode()) > _ID:
        return No("person: longer than 200 bytes")
    field = _FIELDS.get(name) if isinstance(name, str) else None
    if field is None:
        return No("field: no such field")
    if not isinstance(value, str):
        return No("value: not a text")
    if len(value) > LONGEST or len(value.encode("utf-8", "surrogatepass")) > LONGEST:
        return No(f"value: longer than {LONGEST} bytes")
    said = ""
    if field is Field.LOCATION and (place := (located or unlocated)(value)) is not None:
        if isinstance(place, No):
            return place
        said, value = place  # the row is known by its address again, whatever the next database says of it
    try:
        value = canonical(field, value)
    except BadInput as error:
        return No(f"value: {error}")  # which never quotes it
    at = seen if isinstance(seen, datetime) else rfc3339(seen)
    if isinstance(at, No) or at.tzinfo is None:
        return No("seen: no time with an offset, such as 2026-11-24T19:53:48Z")
    why = plausible(at, now)
    if why is not None:
        return No(f"seen: {why.reason}")
    source = more[0] if more else None
    if source is None or source == "":
        return person, field, value, at, _source(field, said or value, at)
    if not isinstance(source, str) or len(source) > LONGEST or not is_text(source):
        return No("source: not a text")
    return person, field, value, at, source


def _source(field: Field, value: str, at: datetime) -> str:
    """What tells rows of one person apart. The vault keeps a digest of it under the person's own key, and nothing else."""
    return f"row/{hashlib.sha256(f'{field} {(at - _EPOCH) // _MICROSECOND} {value}'.encode()).hexdigest()}"
