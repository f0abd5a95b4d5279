# SPDX-License-Identifier: Apache-2.0
"""A dataset folder, open: `with open_dataset(folder) as facts`, the same Facts as of a journal.

The tables lie as Parquet in a folder of their own for as long as it is open, and go with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whosaw.facts.dataset.read import Read, read
from whosaw.facts.dataset.rejected import NAME
from whosaw.facts.engine import ALONE, DUCKDB, Room, engine_of
from whosaw.facts.meanwhile import meanwhile
from whosaw.facts.opened import Dataset, Facts
from whosaw.facts.untouched import Untouched


@contextmanager
def open_dataset(
    folder: Path,
    *,
    lenient: bool = False,
    engine: str = DUCKDB,
    rejects: Path | None = None,
    room: Room = Room(),  # noqa: B008  frozen
) -> Iterator[Facts]:
    """The facts of `folder`, on `engine` (`duckdb`, or the master of a Spark cluster).

    `lenient`: leave out rows that cannot be read, and write them to `rejects` (`rejected.jsonl` in the folder). Raises
    BadInput, and has then taken nothing; Damaged at the end, where somebody exchanged what lay in the spool. `room`: memory, and
    where the rest goes.
    """
    with meanwhile("whosaw-held-dataset-", room.spill) as spool:
        into = (rejects or folder / NAME) if lenient else None
        found = read(folder, spool, lenient=into, memory=room.memory)
        untouched = Untouched(ALONE)
        untouched.add(found.files.values())
        with engine_of(engine, Room(room.memory, spool / "spill")) as on:
            tables = {name: on.read(name, [path]) for name, path in found.files.items()}
            yield Facts(on, tables, dataset=_dataset(found))
        untouched.check()


def _dataset(found: Read) -> Dataset:
    about = found.about
    return Dataset(about.name, about.start, about.end, found.warnings, found.rejected, found.unsaid)
