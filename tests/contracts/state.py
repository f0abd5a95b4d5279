# SPDX-License-Identifier: Apache-2.0
"""A state.db for contract tests: SQLite with a write-ahead log, synced at each commit, made by the migrations."""

from pathlib import Path

from sqlalchemy import Engine, create_engine, event

from whosaw.directory.migrate import upgrade


def state_db(path: Path) -> Engine:
    """An engine on the file at `path`, which is made if it is not there."""
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _pragmas(connection, _record):
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    upgrade(engine)
    return engine
