# SPDX-License-Identifier: Apache-2.0
"""What a folder says, by pseudonym: rows ready for the tables, each under the digest of what it says.

    read_table ──Row──▶ pseudonyms ──▶ Content      nothing is written yet, and ids are forgotten here

Invariant: an id leaves this file only as a pseudonym or a keyed digest; the one exception, the ids of principals that
are to be remembered sealed, is handed to that one port and to nobody else.          Format: whosaw-dataset/1
"""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from whosaw.directory.columns import MAY_LACK, Value
from whosaw.directory.ports import Pseudonyms
from whosaw.directory.reading import Problems, Row, all_there, read_table, table_file, there
from whosaw.directory.regions import read_regions
from whosaw.directory.tables import EVER_SINCE, FOR_EVER
from whosaw.errors import BadInput

# Whoever a row names stands in a table before.
_ORDER = ("staff", "persons", "cases", "case_persons", "assignments", "links")

Cells = dict[str, Value]
Rows = dict[bytes, Cells]
_LATER = frozenset({"contract_country", "fields"})


@dataclass(frozen=True, slots=True)
class Content:
    """Rows by table and digest. `principals`: raw ids, for `Remember` only. `aside`: columns nobody reads."""

    tables: Mapping[str, Rows] = field(repr=False)
    principals: frozenset[str] = field(repr=False)
    aside: tuple[str, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 over every row of every table, in one order: the same content has the same digest."""
        total = hashlib.sha256(b"whosaw/directory/v1")
        for name in sorted(self.tables):
            total.update(json.dumps([name, len(self.tables[name])]).encode())
            for digest in sorted(self.tables[name]):
                total.update(digest)
        return total.digest()


def read_folder(folder: Path, names: Pseudonyms) -> Content:
    """All tables of `folder`. Raises BadInput with the first 20 problems and their count; then nothing was used."""
    if not folder.is_dir():
        raise BadInput("no such folder", where=folder.name)
    reader = _Reader(folder, names)
    all_there(folder, [table for table in _ORDER if table not in MAY_LACK])
    for table in _ORDER:
        if there(folder, table):
            reader.read(table)
    reader.problems.stop()
    tables = {**reader.tables, "regions": rows_of(read_regions(folder))}
    return Content(tables, frozenset(reader.staff), tuple(sorted(reader.aside)))


class _Reader:
    """Reads one folder; holds what the tables must know of each other."""

    def __init__(self, folder: Path, names: Pseudonyms) -> None:
        self._folder, self._names = folder, names
        self.problems, self.aside = Problems(), set[str]()
        self.staff: set[str] = set()
        self.accounts: set[str] = set()
        self.tables: dict[str, Rows] = {}
        self._make: Mapping[str, Callable[[Row], tuple[tuple[Value, ...], Cells]]] = {
            "staff": self._staff,
            "persons": self._person,
            "cases": self._case,
            "case_persons": self._case_person,
            "assignments": self._assignment,
            "links": self._link,
        }

    def read(self, table: str) -> None:
        path = table_file(self._folder, table)
        found = self.tables.setdefault(table, {})
        intervals: dict[tuple[Value, ...], list[tuple[int, int, int]]] = {}
        for row in read_table(path, table, self.problems, self.aside):
            if self.problems.count:
                continue  # A row with an unreadable cell is not half a row; the others are read for their problems only.
            key, cells = self._make[table](row)
            start, end = cells.get("valid_from", EVER_SINCE), cells.get("valid_to", FOR_EVER)
            intervals.setdefault(key, []).append((_int(start), _int(end), row.number))
            found[digest_of(cells)] = cells
        for spans in intervals.values():
            self._apart(path.name, spans)

    def _apart(self, file: str, spans: list[tuple[int, int, int]]) -> None:
        """One thing has one row at a time, or nobody could say which of two facts held."""
        spans.sort()
        for start, end, number in spans:
            if start >= end:
                self.problems.add(f"{file} row {number}", "ends before it begins")
        for (_, end, earlier), (start, _, number) in pairwise(spans):
            if start < end:
                self.problems.add(
                    f"{file} row {number}", f"a duplicate: row {earlier} says the same thing at that time"
                )

    def _staff(self, row: Row) -> tuple[tuple[Value, ...], Cells]:
        v = row.values
        self.staff.add(_str(v["staff_id"]))
        principal = self._names.principal(_str(v["staff_id"]))
        return (principal,), {
            "principal": principal,
            "unit": v["unit"],
            "function": v["function"],
            "role": v["role"],
            "manager": self._principal(v["manager"]),
            "employer": v["employer"],
            "country": v["country"],
            "site": v["site"],
            "household": self._household(v["household"]),
            "own_person": self._account(v["own_person"]),
            "suspended": v["suspended"],
            "contract_country": v["contract_country"],
            **span(v["valid_from"], v["valid_to"]),
        }

    def _person(self, row: Row) -> tuple[tuple[Value, ...], Cells]:
        v = row.values
        person = _str(self._account(v["person"]))
        classes = v["classes"] if type(v["classes"]) is tuple else ()
        return (person,), {
            "person": person,
            "region": v["region"],
            # One bit of the list, and the list is gone. See tables.py.
            "protected": any(each != "staff" for each in classes),
            "staff": "staff" in classes,
            "household": self._household(v["household"]),
            **span(v["valid_from"], v["valid_to"]),
        }

    def _case(self, row: Row) -> tuple[tuple[Value, ...], Cells]:
        v = row.values
        closed = FOR_EVER if v["closed"] is None else v["closed"]
        if _int(closed) < _int(v["opened"]):
            self.problems.add(
                f"{table_file(self._folder, 'cases').name} row {row.number}", "closed before it was opened"
            )
        requester = v["requester"]
        return (v["case_id"],), {
            "case_id": v["case_id"],
            "type": v["type"],
            "opened": v["opened"],
            "closed": closed,
            "assignee": self._principal(v["assignee"]),
            # A person or one of the staff: whoever is not in the staff table of the same folder is a person.
            "requester": self._principal(requester) if requester in self.staff else self._somebody(requester),
            "approver": self._principal(v["approver"]),
            "status": v["status"],
            "opened_by": self._hand(v["opened_by"]),
            "queue": v["queue"],
        }

    def _case_person(self, row: Row) -> tuple[tuple[Value, ...], Cells]:
        v = row.values
        person = self._names.person(_str(v["person"]))
        return (v["case_id"], person), {
            "case_id": v["case_id"],
            "person": person,
            "added": v["added"],
            "added_by": self._hand(v["added_by"]),
            "fields": "|".join(v["fields"]) if type(v["fields"]) is tuple else None,
        }

    def _assignment(self, row: Row) -> tuple[tuple[Value, ...], Cells]:
        v = row.values
        principal = self._names.principal(_str(v["staff_id"]))
        scope = self._names.person(_str(v["scope"])) if v["scope_kind"] == "account" else v["scope"]
        return (principal, v["scope_kind"], scope), {
            "principal": principal,
            "scope_kind": v["scope_kind"],
            "scope": scope,
            **span(v["from"], v["to"]),
        }

    def _link(self, row: Row) -> tuple[tuple[Value, ...], Cells]:
        v = row.values
        a, b = sorted((_str(self._account(v["a"])), _str(self._account(v["b"]))))
        if a == b:
            self.problems.add(
                f"{table_file(self._folder, 'links').name} row {row.number}", "somebody is linked to themselves"
            )
        return (a, b, v["kind"]), {"a": a, "b": b, "kind": v["kind"], **span(v["from"], v["to"])}

    def _principal(self, value: Value) -> str | None:
        return None if value is None else self._names.principal(_str(value))

    def _account(self, value: Value) -> str | None:
        """A person's account, known as one from here on."""
        if value is not None:
            self.accounts.add(_str(value))
        return self._somebody(value)

    def _hand(self, value: Value) -> str | None:
        """Who did something: one of the staff or a machine, unless it is a person's account that these tables know."""
        known = value in self.accounts and value not in self.staff
        return self._somebody(value) if known else self._principal(value)

    def _somebody(self, value: Value) -> str | None:
        return None if value is None else self._names.person(_str(value))

    def _household(self, value: Value) -> str | None:
        return None if value is None else household(self._names, _str(value))


def household(names: Pseudonyms, text: str) -> str:
    """A keyed digest: equal for those who live together, and of no use for finding out where."""
    return b32encode(names.digest(b"household\0" + text.encode())).decode().rstrip("=").lower()


def span(start: Value, end: Value) -> Cells:
    return {
        "valid_from": EVER_SINCE if start is None else start,
        "valid_to": FOR_EVER if end is None else end,
    }


def rows_of(said: Iterable[Cells]) -> Rows:
    """Rows, each under the digest of what it says."""
    return {digest_of(cells): cells for cells in said}


def digest_of(cells: Cells) -> bytes:
    """SHA-256 of what a row says. A column that came later counts only where it says something: what is the same stays so."""
    old = {name: value for name, value in cells.items() if value is not None or name not in _LATER}
    text = json.dumps(old, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _str(value: Value) -> str:
    if type(value) is not str:
        raise TypeError("the columns table says that this is a text")
    return value


def _int(value: Value) -> int:
    if type(value) is not int:
        raise TypeError("the columns table says that this is a time")
    return value
