# SPDX-License-Identifier: Apache-2.0
"""A state.db for contract tests: opened as the house opens it, made by the migrations, with the key table in it for once."""

from pathlib import Path

from sqlalchemy import Engine

from whosaw.directory.migrate import upgrade
from whosaw.store import key_tables
from whosaw.store.pg import Database
from whosaw.store.state import shared_state_engine, state_engine


def state_db(path: Path) -> Engine:
    """An engine on the file at `path`, which is made if it is not there."""
    engine = state_engine(path)
    upgrade(engine)
    key_tables.make(engine)
    return engine


def state_in(conninfo: str) -> Engine:
    """The same in a PostgreSQL database."""
    engine = shared_state_engine(Database(conninfo))
    upgrade(engine)
    key_tables.make(engine)
    return engine


def state_of(request, kind: str) -> Engine:
    """The one that a test of a contract asks for: "sqlite" or "postgres"."""
    if kind == "sqlite":
        return state_db(request.getfixturevalue("tmp_path") / "state.db")
    server = request.getfixturevalue("server")
    return shared_state_engine(Database(server.database(like=request.getfixturevalue("migrated"))))
