# SPDX-License-Identifier: Apache-2.0
"""Loading a folder of tables: all that one source says, whole or not at all.

    read_folder ─▶ Content ─▶ whole? ─▶ bring (``directory.change``)
                                └ ids that point nowhere, or most of a table that forbids gone: refused with a count

The same folder twice changes no table and writes no second record; it says only that all this is still so, and since
when. That is what `feed` is for: a directory that nobody confirms any more forbids every look.

Invariant: rows that only ever permit may go; rows that forbid (staff, persons, links) may not go in silence. An export
that broke off in the middle would otherwise make strangers of colleagues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from whosaw.directory.change import CSV, Counts, Office, Said, bring
from whosaw.directory.content import Content, Rows, read_folder
from whosaw.directory.ports import Clock, Pseudonyms, Recorder, Remember
from whosaw.directory.tables import CASES, DIRECTORY, FOR_EVER, LINKS, PERSONS, STAFF
from whosaw.directory.transaction import reading
from whosaw.errors import BadInput

# What may be told apart by what: a row with the same key is the same thing, said differently.
_KEYS: Mapping[str, tuple[str, ...]] = {
    STAFF.name: ("principal",), PERSONS.name: ("person",), LINKS.name: ("a", "b", "kind"),
}  # fmt: skip
_FEW = 4
# Of which table and column each value must be known. Machines open cases and strangers ask for them: those may be anybody.
_POINTERS = (
    ("staff", "manager", "staff id", (STAFF.c.principal,)),
    ("assignments", "principal", "staff id", (STAFF.c.principal,)),
    ("cases", "assignee", "staff id", (STAFF.c.principal,)),
    ("case_persons", "case_id", "case", (CASES.c.case_id,)),
    ("case_persons", "person", "person", (PERSONS.c.person, STAFF.c.own_person)),
    ("links", "a", "person", (PERSONS.c.person, STAFF.c.own_person)),
    ("links", "b", "person", (PERSONS.c.person, STAFF.c.own_person)),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `changed`: tables and a record; else it only confirmed. `aside`: columns that nobody reads.

    `dangling`: how many ids point nowhere, by table and column; accepted, where there are any.
    """

    changed: bool
    tables: Mapping[str, Counts]
    aside: tuple[str, ...]
    dangling: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the one who loads has looked at, and takes as it is. `dangling`: ids that point nowhere; `fewer`: lost rows."""

    dangling: bool = False
    fewer: bool = False


def load(
    folder: Path,
    *,
    engine: Engine,
    journal: Recorder,
    names: Pseudonyms,
    remember: Remember,
    clock: Clock,
    source: str = CSV,
    accepted: Accepted | None = None,
) -> Loaded:
    """Bring the tables of `folder` into force, as what `source` says. Raises BadInput and has then changed nothing."""
    content = read_folder(folder, names)
    accepted = accepted or Accepted()
    with reading(engine) as db:
        dangling = _dangling(db, content, source)
        gone = _gone(db, content, source)
    if dangling and not accepted.dangling:
        raise _dangles(dangling)
    if gone and not accepted.fewer:
        raise _too_few(gone)
    said = [Said(name, {}, rows) for name, rows in content.tables.items()]
    draft = bring(said, source=source, office=Office(engine, journal, remember, clock), principals=content.principals)
    return Loaded(not draft.same, draft.counts, content.aside, dangling)


def _dangling(db: Connection, content: Content, source: str) -> dict[str, int]:
    """How many different ids of each column are in no table: neither of this folder nor of another source."""
    found = {}
    for table, column, _, homes in _POINTERS:
        said = {row[column] for row in content.tables.get(table, {}).values()} - {None}
        if not said:
            continue
        for home in homes:
            said -= {row[home.name] for row in content.tables.get(home.table.name, {}).values()}
            if said:
                others = (home.table.c.known_to == FOR_EVER) & (home.table.c.source != source)
                said -= set(db.scalars(select(home).where(others)))
        if said:
            found[f"{table}.{column}"] = len(said)
    return found


def _gone(db: Connection, content: Content, source: str) -> dict[str, tuple[int, int]]:
    """Of tables that forbid: how many of how many things would be known no longer, where it is more than half."""
    found = {}
    for name, key in _KEYS.items():
        if name not in content.tables:
            continue
        table = DIRECTORY.tables[name]
        query = select(*(table.c[column] for column in key)).where(
            table.c.known_to == FOR_EVER, table.c.source == source
        )
        known = {tuple(row) for row in db.execute(query)}
        gone = known - _keys(content.tables[name], key)
        if len(gone) >= _FEW and 2 * len(gone) > len(known):
            found[name] = (len(gone), len(known))
    return found


def _keys(rows: Rows, key: tuple[str, ...]) -> set[tuple[object, ...]]:
    return {tuple(row[column] for column in key) for row in rows.values()}


def _dangles(dangling: Mapping[str, int]) -> BadInput:
    kinds = {f"{table}.{column}": kind for table, column, kind, _ in _POINTERS}
    said = "; ".join(f"{count} in {where} that no table has as a {kinds[where]}" for where, count in dangling.items())
    return BadInput(
        f"ids that point nowhere: {said}",
        where="tables",
        hint="export the tables of one moment together and load them again; --dangling takes them as they are. Nothing was changed",
    )


def _too_few(gone: Mapping[str, tuple[int, int]]) -> BadInput:
    said = "; ".join(f"{table}: {lost} of {known} are not there any more" for table, (lost, known) in gone.items())
    return BadInput(
        f"more than half is missing of what forbids: {said}",
        where="tables",
        hint="look whether the export broke off; --fewer takes the tables as they are. Nothing was changed",
    )
