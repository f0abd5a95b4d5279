# SPDX-License-Identifier: Apache-2.0
"""A state.db for contract tests: opened as the house opens it, made by the migrations."""

from pathlib import Path

from sqlalchemy import Engine

from whosaw.directory.migrate import upgrade
from whosaw.store.state import state_engine


def state_db(path: Path) -> Engine:
    """An engine on the file at `path`, which is made if it is not there."""
    engine = state_engine(path)
    upgrade(engine)
    return engine
