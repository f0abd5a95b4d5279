# SPDX-License-Identifier: Apache-2.0
"""After rows were deleted: their bytes, too. See ``store.sql_erase`` for what each step is for."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine

from whosaw.errors import Unavailable
from whosaw.store.state_tables import answering


def wipe(engine: Engine, tables: Iterable[str]) -> None:
    """Write the file anew from what is left, and empty its write-ahead log; in PostgreSQL, vacuum these tables."""
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        # Connections at rest would keep the checkpoint from truncating, and what they have cached is old.
        engine.dispose()
    with answering("state"), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        if not sqlite:
            for table in tables:
                db.exec_driver_sql(f"VACUUM {table}")
            return
        db.exec_driver_sql("VACUUM")
        busy = db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    if busy:
        raise Unavailable(
            "a database is being read, so what was deleted may still stand in its write-ahead log",
            part="state",
            hint="ask again in a while; the next start does it, too",
        )
