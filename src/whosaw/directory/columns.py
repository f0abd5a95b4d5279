# SPDX-License-Identifier: Apache-2.0
"""The columns of the tables that a directory is loaded from: their kinds, and what is required.

    staff.csv  cases.csv  case_persons.csv  persons.csv  assignments.csv  links.csv      or .jsonl, either with .gz

Names and meanings are those of the dataset format `whosaw-dataset/1`. Three columns are ours: `staff.suspended` (true
or false, empty means false), `staff.contract_country` (empty: the country they work in) and `case_persons.fields` (what
the case lists, like `ip:exact|profile`; empty: it lists nothing in particular). Every kind either gives one value or
says what is wrong, and never shows the value: it may be somebody's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from whosaw.directory.tables import ID, micros
from whosaw.errors import BadInput
from whosaw.model.access import Asked

Value = str | int | bool | tuple[str, ...] | None

FUNCTIONS = (
    "support", "fraud", "safety", "legal", "audit", "security", "engineering", "data", "comms", "executive",
    "operations", "admin", "service",
)  # fmt: skip
CLASSES = ("press", "critic", "litigant", "regulator", "politician", "union", "minor", "staff", "public_figure")
SCOPES = ("queue", "region", "account", "case_type", "on_call", "steward")
LINKED = (
    "household", "family", "partner", "friend", "colleague", "coworker", "contact", "follows", "device", "ip",
)  # fmt: skip
# Tables that a folder may leave out. One that is not there says nothing, and changes nothing.
MAY_LACK = ("links",)


class Kind(Enum):
    ID = "id"
    TIME = "time"
    COUNTRY = "country"
    FUNCTION = "function"
    SCOPE = "scope"
    CLASSES = "classes"
    BOOL = "bool"
    LINK = "link"
    FIELDS = "fields"

    @property
    def lists(self) -> bool:
        """Whether a cell is a list: in CSV cut at `|`."""
        return self in (Kind.CLASSES, Kind.FIELDS)


@dataclass(frozen=True, slots=True)
class Column:
    kind: Kind
    required: bool = False


_NEED = Column(Kind.ID, required=True)
_MAY = Column(Kind.ID)
_TIME = Column(Kind.TIME)

TABLES: Mapping[str, Mapping[str, Column]] = {
    "staff": {
        "staff_id": _NEED,
        "unit": _NEED,
        "function": Column(Kind.FUNCTION, required=True),
        "role": _MAY,
        "manager": _MAY,
        "employer": _MAY,
        "country": Column(Kind.COUNTRY),
        "site": _MAY,
        "valid_from": _TIME,
        "valid_to": _TIME,
        "household": _MAY,
        "own_person": _MAY,
        "suspended": Column(Kind.BOOL),
        "contract_country": Column(Kind.COUNTRY),
    },
    "persons": {
        "person": _NEED,
        "region": _MAY,
        "classes": Column(Kind.CLASSES),
        "household": _MAY,
        "valid_from": _TIME,
        "valid_to": _TIME,
    },
    "cases": {
        "case_id": _NEED,
        "type": _NEED,
        "opened": Column(Kind.TIME, required=True),
        "closed": _TIME,
        "assignee": _MAY,
        "requester": _MAY,
        "approver": _MAY,
        "status": _MAY,
        "opened_by": _MAY,
        "queue": _MAY,
    },
    "case_persons": {
        "case_id": _NEED,
        "person": _NEED,
        "added": _TIME,
        "added_by": _MAY,
        "fields": Column(Kind.FIELDS),
    },
    "assignments": {
        "staff_id": _NEED,
        "scope_kind": Column(Kind.SCOPE, required=True),
        "scope": _NEED,
        "from": _TIME,
        "to": _TIME,
    },
    "links": {"a": _NEED, "b": _NEED, "kind": Column(Kind.LINK, required=True), "from": _TIME, "to": _TIME},
}

# RFC 3339, by hand: fromisoformat() takes week dates, missing seconds and times without an offset, too.
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_COUNTRY = re.compile(r"[A-Z]{2}")


class Unreadable(Exception):
    """A cell says nothing that its column allows. Its text is for the one who loads, and shows no value."""


def parse_cell(column: Column, cell: object) -> Value:
    """The value of one cell; `cell` is a text, a list or a boolean, or None where it is empty. Raises Unreadable."""
    if column.kind is Kind.CLASSES:
        return _classes(cell)
    if column.kind is Kind.FIELDS:
        return _fields(cell)
    if cell is None:
        if column.required:
            raise Unreadable("empty, but required")
        return False if column.kind is Kind.BOOL else None
    if column.kind is Kind.BOOL:
        return _bool(cell)
    if type(cell) is not str:
        raise Unreadable("not a text")
    match column.kind:
        case Kind.TIME:
            return parse_instant(cell)
        case Kind.COUNTRY:
            if not _COUNTRY.fullmatch(cell):
                raise Unreadable("not a country of two capital letters")
        case Kind.FUNCTION:
            _one_of(cell, FUNCTIONS)
        case Kind.SCOPE:
            _one_of(cell, SCOPES)
        case Kind.LINK:
            _one_of(cell, LINKED)
        case _:
            # isprintable() also refuses lone surrogates, which encode() would answer with a crash.
            if not cell.isprintable() or len(cell.encode()) > ID or cell != cell.strip():
                raise Unreadable(f"not an identifier of 1 to {ID} printable bytes without blanks around it")
    return cell


def parse_instant(text: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time with an offset. Raises Unreadable."""
    if not _RFC3339.fullmatch(text):
        raise Unreadable("not a time like 2022-07-03T09:14:05.123Z, with an offset")
    try:
        return micros(datetime.fromisoformat(text.upper().replace(" ", "T")))
    except (ValueError, OverflowError):
        raise Unreadable("no such time") from None


def _one_of(cell: str, codes: tuple[str, ...]) -> None:
    if cell not in codes:
        raise Unreadable(f"none of the codes {', '.join(codes)}")


def _bool(cell: object) -> bool:
    if cell is True or cell == "true":
        return True
    if cell is False or cell == "false":
        return False
    raise Unreadable("neither true nor false")


def _fields(cell: object) -> tuple[str, ...] | None:
    """What a case lists for one person, each field once, in the one spelling; None where it lists nothing."""
    if cell is None:
        return None
    if type(cell) is not list or any(type(each) is not str for each in cell) or not cell:
        raise Unreadable("not a list of fields")
    try:
        asked = sorted(Asked.parse(each) for each in cell)
    except BadInput as error:
        raise Unreadable(str(error)) from None
    if len({each.field for each in asked}) != len(asked):
        raise Unreadable("a field is there twice")
    return tuple(f"{each.field}:{each.detail}" for each in asked)


def _classes(cell: object) -> tuple[str, ...]:
    """A list; in CSV separated by `|`, and already cut there."""
    if cell is None:
        return ()
    if type(cell) is not list or any(type(each) is not str for each in cell):
        raise Unreadable("not a list of texts")
    for each in cell:
        _one_of(each, CLASSES)
    return tuple(sorted(set(cell)))
