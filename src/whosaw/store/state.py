# SPDX-License-Identifier: Apache-2.0
"""state.db as SQLAlchemy sees it: directory, keyring, names, sealed values, in one SQLite file.

journal_mode=WAL  synchronous=FULL     a COMMIT that returned is on the disk
hide_parameters                        no value of a person in an error's text
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from whosaw.store.sqlite import private_file

BUSY_MS = 5_000


def state_engine(path: Path) -> Engine:
    """An engine over the file at `path`, which is made when it is first used."""
    engine = create_engine(
        f"sqlite:///{path}", hide_parameters=True, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False}
    )

    @event.listens_for(engine, "do_connect")
    def keep_private(*_: object) -> None:
        private_file(path)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=1", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine
