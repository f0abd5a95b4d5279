# SPDX-License-Identifier: Apache-2.0
"""Tables of state.db for keys, names and sealed values. The directory's tables are the directory's.

    keyring        one row per stream and generation: 60 wrapped bytes and what finds them
    keyring_check  which root, VRF key and origin these rows belong to
    names          ids of principals, sealed
    sealed         values of persons, sealed one by one

No column holds an id, a name or a value: whoever has this file alone has random bytes, handles and times. The tables
are made by ``directory/migrations`` and by nothing else; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.exc import SQLAlchemyError

from whosaw.errors import Unavailable

STATE = MetaData()

KEYRING = Table(
    "keyring",
    STATE,
    Column("lookup", LargeBinary(32), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rekeys", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("handle", LargeBinary(16), nullable=False),
    Column("wrapped", LargeBinary(60), nullable=False),
    Column("label_0", LargeBinary(32), nullable=False),
    Column("sealed_id", LargeBinary(256), nullable=False),
    PrimaryKeyConstraint("lookup", "generation", name="keyring_pk"),
    UniqueConstraint("handle", name="keyring_handle"),
)

KEYRING_CHECK = Table(
    "keyring_check",
    STATE,
    Column("name", String(16), nullable=False),
    Column("value", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("name", name="keyring_check_pk"),
)

NAMES = Table(
    "names",
    STATE,
    Column("pseudonym", String(18), nullable=False),
    Column("sealed", LargeBinary(256), nullable=False),
    PrimaryKeyConstraint("pseudonym", name="names_pk"),
)

SEALED = Table(
    "sealed",
    STATE,
    Column("handle", LargeBinary(16), nullable=False),
    Column("field", String(16), nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("source", LargeBinary(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("handle", "source", name="sealed_pk"),
    Index("sealed_newest", "handle", "field", "seen"),
)


@contextmanager
def answering(part: str) -> Iterator[None]:
    """Whatever the database says becomes Unavailable. Its own message quotes statements and paths, so it is cut off."""
    try:
        yield
    except SQLAlchemyError as error:
        kind = type(error.__cause__ or error).__name__
        raise Unavailable(
            f"the {part} cannot be read or written ({kind})",
            part=part,
            hint="look at the disk and at state.db; what was being written may be stored or not, asking again is safe",
        ) from None
