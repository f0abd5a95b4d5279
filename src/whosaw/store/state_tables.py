# SPDX-License-Identifier: Apache-2.0
"""Tables of state.db for names and sealed values. The directory's tables are the directory's, and keys lie apart
(``store.key_tables``).

    names          ids of principals, sealed
    sealed         values of persons, sealed one by one
    imports        how far the rows of an import were taken in, by a keyed digest of their source
    approvals      requests for approvals, by pseudonym; their records stand beside them, so that they are found
    notices        who has to be told what of them
    credentials    public keys of approvers
    quota          places that are taken, where many gates count together: pseudonyms and numbers, for a day
    counts         questions for numbers without people: what each cost, and its answer with its noise

No column holds an id, a name or a value: whoever has this file alone has random bytes, handles and times. The tables
are made by ``directory/migrations`` and by nothing else; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from whosaw.errors import Unavailable

STATE = MetaData()

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

CROWD = Table(
    "crowd",
    STATE,
    Column("token", LargeBinary(16), nullable=False),
    Column("period", Integer, nullable=False),
    Column("share", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("token", "period", "share", name="crowd_pk"),
    # In the order of tokens and in no other: a row number would tell which rows came together, and so are of one person.
    sqlite_with_rowid=False,
)

PREFIXES = Table(
    "prefixes_shown",
    STATE,
    Column("handle", LargeBinary(16), nullable=False),
    Column("look", LargeBinary(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("handle", "look", name="prefixes_shown_pk"),
)

IMPORTS = Table(
    "imports",
    STATE,
    Column("source", LargeBinary(32), nullable=False),
    Column("behind", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", name="imports_pk"),
)

QUOTA = Table(
    "quota",
    STATE,
    Column("lane", String(250), nullable=False),
    Column("which", String(18), nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("taken", Integer, nullable=False),
    PrimaryKeyConstraint("lane", "which", "until", name="quota_pk"),
    Index("quota_until", "until"),
)

COUNTS = Table(
    "counts",
    STATE,
    Column("question", String(64), nullable=False),
    Column("data_set", String(16), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("begin_day", Integer, nullable=False),
    Column("end_day", Integer, nullable=False),
    Column("epsilon", Integer, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("answer", Text),
    PrimaryKeyConstraint("question", name="counts_pk"),
    Index("counts_spent", "data_set", "purpose", "begin_day"),
)

APPROVALS = Table(
    "approvals",
    STATE,
    Column("request", String(18), primary_key=True),
    Column("person", String(18), nullable=False),
    Column("exact", LargeBinary(32), nullable=False),
    Column("state", String(12), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("holder_caller", String(80)),
    Column("holder_key", String(64)),
    Index("approvals_person", "person"),
    Index("approvals_exact", "exact"),
    Index("approvals_asked", "asked"),
    Index("approvals_open", "open"),
)

APPROVAL_RECORDS = Table(
    "approval_records",
    STATE,
    Column("request", String(18), nullable=False),
    Column("number", Integer, nullable=False),
    Column("person", String(18), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("request", "number", name="approval_records_pk"),
    Index("approval_records_person", "person"),
)

NOTICES = Table(
    "notices",
    STATE,
    Column("id", String(64), primary_key=True),
    Column("whom", String(64), nullable=False),
    Column("what", String(20), nullable=False),
    Column("request", String(18), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("taken", BigInteger),
    Index("notices_whom", "whom"),
)

CREDENTIALS = Table(
    "credentials",
    STATE,
    Column("id", LargeBinary(1024), primary_key=True),
    Column("principal", String(18), nullable=False),
    Column("alg", String(8), nullable=False),
    Column("public", LargeBinary(65), nullable=False),
    Column("rp", String(255), nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("removed", BigInteger),
    Index("credentials_principal", "principal"),
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


def add_unless_there(db: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> int:
    """Many rows, each with every column of `table` in their order; those whose key is there already are passed over. How many were not.

    By the driver's own call: building a statement's parameters for each row takes longer than writing it does.
    """
    if not rows:
        return 0  # The driver would take an empty list for a statement that has no parameters.
    names = [column.name for column in table.c]
    place = "%s" if db.dialect.name == "postgresql" else "?"
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join([place] * len(names))}) ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own tables
    # The option, because of many rows at once nobody keeps the driver's count otherwise: -1 in PostgreSQL.
    return db.exec_driver_sql(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount


def unless_there(db: Connection, table: Table) -> Insert:
    """An INSERT that passes over a row whose key is there already. Never one that replaces it."""
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    made: Insert = dialect.insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))
    return made
