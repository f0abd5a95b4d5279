# SPDX-License-Identifier: Apache-2.0
"""The journal and the directory, projected to Parquet. Safe to run again, at any time, after any crash.

    progress ──▶ leaves [progress.leaves, size) ──▶ one more part of `look`
                 directory, whole                ──▶ the other tables, anew
                 progress, renamed: now it counts ──▶ what nobody names any more is deleted

Facts that the house did not write are never added to: they are made anew, and progress says since when that is known.

Invariant: the same journal and directory give the same rows, in one run or in many.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from whosaw.errors import Damaged, NotCanonical, OutcomeUnknown
from whosaw.facts.columns import Cell
from whosaw.facts.hold import held
from whosaw.facts.parquet import ASIDE, check_part, write_part
from whosaw.facts.ports import Known, Leaves, Seal
from whosaw.facts.progress import NAME, Part, Progress, sealed, unsealed
from whosaw.facts.rows import (
    assignment_rows,
    case_person_rows,
    case_rows,
    look_rows,
    person_rows,
    staff_rows,
)

# A part for each run would be a file for each minute in a year; at this many they become one.
PARTS = 32
_log = logging.getLogger(__name__)


def project(
    leaves: Leaves,
    known: Known,
    folder: Path,
    *,
    size: int,
    checkpoint: bytes,
    seal: Seal,
    at: int,
    rebuild: bool = False,
) -> Progress:
    """The facts of the first `size` leaves (1 at least) and of the directory as it is now, `at`.

    `checkpoint`: the signed note that `size` is from. `rebuild`: from leaf 0 on, as an erasure needs it. Raises Damaged
    for a body that is no record, Busy where the facts are being read; and has then changed nothing that counts.
    """
    with held(folder, alone=True):
        origin = _origin(leaves)
        before, changed = _before(folder, seal, at)
        kept = None if rebuild else _usable(before, origin, size)
        tables = {"look": _look(leaves, folder, kept, size), **_known(known, folder)}
        made = Progress(size, origin, hashlib.sha256(checkpoint).hexdigest(), tables, changed)
        _replace(folder, sealed(made, seal))
        _sweep(folder, made)
        return made


def _look(leaves: Leaves, folder: Path, before: Progress | None, size: int) -> tuple[Part, ...]:
    kept = () if before is None else before.tables["look"]
    start = 0 if before is None else before.leaves
    if kept and start == size:
        return kept
    return (*kept, write_part(folder, "look", _looks(leaves, start, size)))


def read_progress(folder: Path, seal: Seal) -> Progress | None:
    """What the facts are; None where there are none. Raises Damaged for a progress that the house did not seal, NotCanonical for
    one of another version.
    """
    path = folder / NAME
    return unsealed(path.read_bytes(), seal) if path.is_file() else None


def _before(folder: Path, seal: Seal, at: int) -> tuple[Progress | None, int | None]:
    """The facts that the house wrote, if they are whole; and since when it is known that somebody else wrote there."""
    try:
        before = read_progress(folder, seal)
    except NotCanonical:
        return None, None
    except Damaged:
        _log.warning("facts: their list is not what this house wrote; they are made anew from the journal")
        return None, at
    if before is None:
        return None, None
    try:
        for part in (part for parts in before.tables.values() for part in parts):
            check_part(folder, part)
    except Damaged:
        _log.warning("facts: a file is not what this house wrote; they are made anew from the journal")
        return None, at
    return before, before.changed


def _usable(before: Progress | None, origin: str, size: int) -> Progress | None:
    """The facts to go on from: none where they are of another journal, or in too many parts."""
    if before is None or before.origin != origin or len(before.tables["look"]) >= PARTS:
        return None
    if before.leaves > size:
        raise Damaged(
            f"facts: they reach {before.leaves} leaves, the journal {size}",
            where=NAME,
            hint="run whosaw journal fsck: a journal never shrinks",
        )
    return before


def _origin(leaves: Leaves) -> str:
    for frame in leaves.frames(0, 1):
        if frame.index == 0 and frame.body is not None:
            return hashlib.sha256(frame.body).hexdigest()
    raise Damaged("the journal has no leaf 0", where="leaf 0", hint="run: whosaw journal fsck")


def _looks(leaves: Leaves, first: int, size: int) -> Iterator[tuple[Cell, ...]]:
    expected = first
    for frame in leaves.frames(first, size):
        if frame.index != expected:
            raise Damaged(f"leaf {expected} is missing", where=f"leaf {expected}", hint="run: whosaw journal fsck")
        expected += 1
        if frame.body is not None:
            yield from look_rows(frame.index, frame.body)
    if expected != size:
        raise Damaged(f"leaf {expected} is missing", where=f"leaf {expected}", hint="run: whosaw journal fsck")


def _known(known: Known, folder: Path) -> dict[str, tuple[Part, ...]]:
    rows: dict[str, Iterable[tuple[Cell, ...]] | None] = {
        "staff": None if (staff := known.staff()) is None else staff_rows(staff),
        "persons": None if (persons := known.persons()) is None else person_rows(persons),
        "cases": None if (cases := known.cases()) is None else case_rows(cases),
        "case_persons": None if (named := known.case_persons()) is None else case_person_rows(named),
        "assignments": None if (assigned := known.assignments()) is None else assignment_rows(assigned),
    }
    return {table: (write_part(folder, table, found),) for table, found in rows.items() if found is not None}


def _replace(folder: Path, raw: bytes) -> None:
    aside = folder / f"{NAME}{ASIDE}"
    try:
        with aside.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(folder / NAME)
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutcomeUnknown(
            f"the progress of the facts could not be written ({type(error).__name__})",
            part="facts",
            hint="run it again: the facts are the old ones or the new ones, both whole",
        ) from error


def _sweep(folder: Path, progress: Progress) -> None:
    """Delete what nobody names: parts of before, and what a crash left. A file that cannot go stays; it counts nothing."""
    named = {NAME, *(part.file for parts in progress.tables.values() for part in parts)}
    for path in folder.iterdir():
        if path.name not in named and path.suffix in (".parquet", ASIDE):
            with suppress(OSError):
                path.unlink()
