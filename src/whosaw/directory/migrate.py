# SPDX-License-Identifier: Apache-2.0
"""state.db and its version: make it, bring it up to date, or refuse to touch it.

    none ──upgrade──▶ 0001 ──upgrade──▶ … ──▶ ours          newer than ours ──▶ Misconfigured, nothing is changed

All of state.db is one history, here, although the tables have several owners: two histories in one file could contradict
each other. There is no alembic.ini: the revisions lie in the package, wherever it is installed, and there is no way
back, because what a downgrade drops were keys.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from whosaw.directory.transaction import reading, writing
from whosaw.errors import Misconfigured

_HERE = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> str:
    """Bring state.db to the version of this code, in one transaction; returns it. Raises Misconfigured for a newer one."""
    with writing(engine) as db:
        if version(db) != newest():
            _known(db)
            config = _config()
            config.attributes["connection"] = db
            command.upgrade(config, "head")
    return newest()


def check(engine: Engine) -> None:
    """Raises Misconfigured unless state.db is exactly of the version of this code. Changes nothing."""
    with reading(engine) as db:
        _known(db)
        found = version(db)
    if found != newest():
        raise Misconfigured(
            f"state.db is of version {found or 'none'}, this version of whosaw needs {newest()}",
            setting="private/state.db",
            hint="keep a copy of it, and run whatever opens the folder once: whosaw serve does, and whosaw directory load; "
            "either brings state.db up to date",
        )


def made(engine: Engine) -> bool:
    """Whether there is a state.db at all. Changes nothing."""
    with reading(engine) as db:
        return version(db) is not None


def version(db: Connection) -> str | None:
    """The version that state.db says it has; None for an empty one."""
    heads = MigrationContext.configure(db).get_current_heads()
    return ",".join(sorted(heads)) or None


def newest() -> str:
    """The version that this code reads and writes."""
    return _script().get_current_head() or ""


def _known(db: Connection) -> None:
    found = version(db)
    if found is not None and found not in {each.revision for each in _script().walk_revisions()}:
        raise Misconfigured(
            f"state.db is of version {found}, which this version of whosaw does not know; it knows up to {newest()}",
            setting="private/state.db",
            hint="use the version of whosaw that made the folder, or a newer one; nothing was changed",
        )


def _config() -> Config:
    config = Config()
    # A percent sign in an installation's path would be read as an interpolation.
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _script() -> ScriptDirectory:
    # Once in a process: to say which is the newest it reads every revision, and whoever opens a folder asks three times.
    return ScriptDirectory.from_config(_config())
