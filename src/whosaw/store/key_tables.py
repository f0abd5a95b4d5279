# SPDX-License-Identifier: Apache-2.0
"""keys.db: the key table, apart from everything else, so that its backups can be short-lived.

    epochs         one row per epoch: its key, wrapped under the root
    keyring        one row per stream and generation: 60 wrapped bytes and what finds them        ──▶ its epoch
    keyring_check  which root, VRF key and origin these rows belong to; who wishes a new epoch, as a pseudonym; and what the
                   root carries on from the one before it
    key_layout     the version of what stands in these tables: a version of whosaw that knows less starts on none of them

Whoever erases a person deletes one row here, and a backup of this file brings it back. So it is backed up often and kept for
days, while everything that its keys seal may lie in backups for months. In PostgreSQL it is a schema of its own, `whosaw_keys`,
in the same database or in another one.

An older version kept these rows in state.db. ``move`` brings them here and leaves nothing of them there:

    copy, one transaction ──▶ durable here ──▶ delete there ──▶ wipe there         a crash between: the next start does it

Invariant: rows here are never replaced by rows from there. Those may be a backup's, with keys of people erased since.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    column,
    delete,
    insert,
    inspect,
    select,
    table,
    update,
)
from sqlalchemy.schema import CreateSchema

from whosaw.directory.transaction import reading, writing
from whosaw.errors import Misconfigured
from whosaw.privacy.epochs import DERIVED, FIRST
from whosaw.store.wiping import wipe

# 1: ids under keys of their own; 2: and a root carries something; 3: both may be, and ids under the key of values.
LAYOUT, EARLIER = 3, (1, 2)
SCHEMA = "whosaw_keys"
KEYS = MetaData()

EPOCHS = Table(
    "epochs",
    KEYS,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary(60), nullable=False),
)

KEYRING = Table(
    "keyring",
    KEYS,
    Column("lookup", LargeBinary(32), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rekeys", Integer, nullable=False),
    # The reference is what keeps an epoch that a row uses: another gate may add one while it is retired.
    Column("epoch", Integer, ForeignKey("epochs.number", name="keyring_epochs"), nullable=False, index=True),
    Column("handle", LargeBinary(16), nullable=False),
    Column("wrapped", LargeBinary(60), nullable=False),
    Column("label_0", LargeBinary(32), nullable=False),
    Column("sealed_id", LargeBinary(256), nullable=False),
    PrimaryKeyConstraint("lookup", "generation", name="keyring_pk"),
    UniqueConstraint("handle", name="keyring_handle"),
)

KEYRING_CHECK = Table(
    "keyring_check",
    KEYS,
    Column("name", String(16), nullable=False),
    Column("value", LargeBinary(512), nullable=False),
    PrimaryKeyConstraint("name", name="keyring_check_pk"),
)

KEY_LAYOUT = Table("key_layout", KEYS, Column("version", Integer, primary_key=True, autoincrement=False))


def make(engine: Engine) -> None:
    """Make the tables, where there are none. Raises Misconfigured where they are of another version."""
    with writing(engine) as db:
        _make(db)


def upgrade(engine: Engine) -> None:
    """Say that they are of this version, before a row is written that an earlier one could not read. Nothing else changes."""
    with reading(engine) as db:
        if _version(db) == LAYOUT:
            return
    with writing(engine) as db:
        db.execute(update(KEY_LAYOUT).values(version=LAYOUT))


def made(engine: Engine) -> bool:
    """Whether the tables are there. Changes nothing. Raises Misconfigured for those of another version."""
    with reading(engine) as db:
        return _version(db) is not None


def unmoved(state: Engine) -> bool:
    """Whether key rows still lie in state.db, where an older version kept them."""
    with reading(state) as db:
        return inspect(db).has_table(KEYRING.name) and inspect(db).has_table("alembic_version") and _old(db)


def move(state: Engine, keys: Engine) -> None:
    """Bring key rows from state.db here, unless there are some here already; then none is left there."""
    with reading(state) as there, writing(keys) as here:
        _make(here)
        if here.scalar(select(KEYRING_CHECK.c.name).limit(1)) is None:
            here.execute(insert(EPOCHS).values(number=FIRST, wrapped=DERIVED))
            for each in (KEYRING, KEYRING_CHECK):
                # Not by our table: in PostgreSQL both have one of this name, each in its own schema.
                old = table(each.name, *(column(known.name) for known in each.c))
                rows = there.execution_options(yield_per=1000).execute(select(old)).mappings()
                for page in rows.partitions(1000):
                    here.execute(insert(each), [dict(row) for row in page])
    with writing(state) as there:
        for each in (KEYRING, KEYRING_CHECK):
            there.execute(delete(table(each.name)))
    wipe(state, (KEYRING.name, KEYRING_CHECK.name))


def _make(db: Connection) -> None:
    if _version(db) is None:
        if db.dialect.name == "postgresql":
            db.execute(CreateSchema(SCHEMA, if_not_exists=True))
        KEYS.create_all(db)
        db.execute(insert(KEY_LAYOUT).values(version=LAYOUT))


def _version(db: Connection) -> int | None:
    if not inspect(db).has_table(KEY_LAYOUT.name):
        return None
    found: int | None = db.scalar(select(KEY_LAYOUT.c.version))
    if found not in (None, LAYOUT, *EARLIER):
        raise Misconfigured(
            f"the key table is of version {found}, this version of whosaw knows {min(EARLIER)} to {LAYOUT}",
            setting="private/keys.db",
            hint="use the version of whosaw that made it, or a newer one; nothing was changed",
        )
    return found


def _old(db: Connection) -> bool:
    return db.execute(select(table(KEYRING_CHECK.name, column("name"))).limit(1)).first() is not None
