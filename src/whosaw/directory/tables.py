# SPDX-License-Identifier: Apache-2.0
"""Tables of the directory, in state.db: who works where, what a case says, whom it names. By pseudonym only.

                 valid_from ── valid_to      when it was so
                 known_from ── known_to      when we knew it so

Both intervals hold their start and not their end, in microseconds since 1970, UTC. A row is never changed: what we
learn otherwise ends it (`known_to`) and writes another. So a look is judged by what was known at its moment, and the
same question asked years later has the same answer.

Invariant: no id of a person or a principal stands here, only pseudonyms; households are keyed digests. Of a person's
`classes` (press, politician, minor, …) one bit is kept, `protected`, and whether the account is of our own `staff`:
decisions and detectors need no more, and a list of journalists is worth stealing.

Every row belongs to the source that said it (`csv`, `scim`, …): a source speaks for its own rows and can end no other's.
A case's valid time is `opened` and `closed`, that of a person in a case starts at `added`. Keys, names and sealed
values share the file; their tables are ``store.state_tables``. All of them are made by ``directory/migrations``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

EVER_SINCE = -(2**62)
FOR_EVER = 2**62
ID = 200
SOURCE = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

DIRECTORY = MetaData()


def _source() -> Column[str]:
    return Column("source", String(SOURCE), nullable=False, server_default="csv")


def _known() -> tuple[Column[int], Column[str], Column[bytes], Column[int], Column[int]]:
    """What every table has: a number, who says it, the digest of what the row says, and when it was known."""
    return (
        Column("row", Integer, primary_key=True, autoincrement=True),
        _source(),
        Column("digest", LargeBinary(32), nullable=False),
        Column("known_from", BigInteger, nullable=False),
        Column("known_to", BigInteger, nullable=False),
    )


def _valid() -> tuple[Column[int], Column[int]]:
    return Column("valid_from", BigInteger, nullable=False), Column("valid_to", BigInteger, nullable=False)


STAFF = Table(
    "staff",
    DIRECTORY,
    *_known(),
    Column("principal", String(18), nullable=False),
    Column("unit", String(ID), nullable=False),
    Column("function", String(20), nullable=False),
    Column("role", String(ID)),
    Column("manager", String(18)),
    Column("employer", String(ID)),
    Column("country", String(2)),
    Column("site", String(ID)),
    Column("household", String(52)),
    Column("own_person", String(18)),
    Column("suspended", Boolean, nullable=False),
    Column("contract_country", String(2)),
    *_valid(),
    Index("staff_principal", "principal"),
    Index("staff_own_person", "own_person"),
    Index("staff_digest", "digest"),
)

CASES = Table(
    "cases",
    DIRECTORY,
    *_known(),
    Column("case_id", String(ID), nullable=False),
    Column("type", String(ID), nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("closed", BigInteger, nullable=False),
    Column("assignee", String(18)),
    Column("requester", String(18)),
    Column("approver", String(18)),
    Column("status", String(ID)),
    Column("opened_by", String(18)),
    Column("queue", String(ID)),
    Index("cases_case_id", "case_id"),
    Index("cases_digest", "digest"),
)

CASE_PERSONS = Table(
    "case_persons",
    DIRECTORY,
    *_known(),
    Column("case_id", String(ID), nullable=False),
    Column("person", String(18), nullable=False),
    Column("added", BigInteger),
    Column("added_by", String(18)),
    Column("fields", String(ID)),
    Index("case_persons_case_id", "case_id", "person"),
    Index("case_persons_person", "person"),
    Index("case_persons_digest", "digest"),
)

PERSONS = Table(
    "persons",
    DIRECTORY,
    *_known(),
    Column("person", String(18), nullable=False),
    Column("region", String(ID)),
    Column("protected", Boolean, nullable=False),
    Column("staff", Boolean, nullable=False),
    Column("household", String(52)),
    *_valid(),
    Index("persons_person", "person"),
    Index("persons_digest", "digest"),
)

ASSIGNMENTS = Table(
    "assignments",
    DIRECTORY,
    *_known(),
    Column("principal", String(18), nullable=False),
    Column("scope_kind", String(20), nullable=False),
    Column("scope", String(ID), nullable=False),
    *_valid(),
    Index("assignments_principal", "principal"),
    Index("assignments_scope", "scope_kind", "scope"),
    Index("assignments_digest", "digest"),
)

REGIONS = Table(
    "regions",
    DIRECTORY,
    *_known(),
    Column("region", String(ID), nullable=False),
    Column("country", String(2), nullable=False),
    Index("regions_country", "country"),
    Index("regions_digest", "digest"),
)

# Who belongs to whom, between two persons' accounts; said once, and read from both ends.
LINKS = Table(
    "links",
    DIRECTORY,
    *_known(),
    Column("a", String(18), nullable=False),
    Column("b", String(18), nullable=False),
    Column("kind", String(20), nullable=False),
    *_valid(),
    Index("links_a", "a"),
    Index("links_b", "b"),
    Index("links_digest", "digest"),
)

# One row each time a source confirmed what it says, changed or not. `change` counts the changes of this source.
FEED = Table(
    "feed",
    DIRECTORY,
    Column("row", Integer, primary_key=True, autoincrement=True),
    _source(),
    Column("confirmed", BigInteger, nullable=False),
    Column("change", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Index("feed_confirmed", "source", "confirmed"),
)

# The sources that must stay fresh: since when, and until when (a source that was retired forbids nothing any more).
SOURCES = Table(
    "sources",
    DIRECTORY,
    Column("source", String(SOURCE), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", "since", name="sources_pk"),
)

# What an identity provider must get back as it gave it (``directory.resources``): sealed, found by keyed digests.
RESOURCES = Table(
    "resources",
    DIRECTORY,
    Column("id", String(32), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("name", LargeBinary(32), nullable=False),
    Column("external", LargeBinary(32)),
    Column("principal", String(18)),
    Column("sealed", LargeBinary, nullable=False),
    # A person's account, apart from the rest: it goes when the person is erased, and the rest stays.
    Column("own_person", String(18)),
    Column("own_sealed", LargeBinary),
    PrimaryKeyConstraint("id", name="resources_pk"),
    Index("resources_name", "kind", "name"),
    Index("resources_external", "kind", "external"),
    Index("resources_own", "own_person"),
)

# Which user is a member of which group, both by the random ids of their resources.
MEMBERS = Table(
    "members",
    DIRECTORY,
    Column("group_id", String(32), nullable=False),
    Column("user_id", String(32), nullable=False),
    PrimaryKeyConstraint("group_id", "user_id", name="members_pk"),
    Index("members_user", "user_id"),
)

# Who may not look for now, whatever the staff table says. `known_to` is when it was lifted.
SUSPENSIONS = Table(
    "suspensions",
    DIRECTORY,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("principal", String(18), nullable=False),
    Column("code", String(40), nullable=False),
    Column("known_from", BigInteger, nullable=False),
    Column("known_to", BigInteger, nullable=False),
    Index("suspensions_principal", "principal"),
)

# In the order in which they are read and named.
LOADED = (STAFF, PERSONS, CASES, CASE_PERSONS, ASSIGNMENTS, LINKS, REGIONS)


def micros(at: datetime) -> int:
    """`at` in microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """The instant of so many microseconds since 1970."""
    return _EPOCH + at * _MICROSECOND
