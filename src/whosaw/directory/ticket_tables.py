# SPDX-License-Identifier: Apache-2.0
"""Tables of cases that ticket systems keep: whose hands they show, whose accounts these are, when each system was asked.

    case_hands        all hands in a case            rows of a source, like every table of the directory
    ticket_accounts   whose account it is            the same
    sightings         one question to a system       written once, and never changed
    pushed, pushes    what a webhook said last       what is older is gone

Invariant: pseudonyms and keyed digests only; what must be kept as it came is sealed (``tickets.pushed_rows``).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table

from whosaw.directory.tables import DIRECTORY, ID, SOURCE


def _known() -> tuple[Column[int], Column[str], Column[bytes], Column[int], Column[int]]:
    """What every row of a source has; see ``directory.tables``."""
    return (
        Column("row", Integer, primary_key=True, autoincrement=True),
        Column("source", String(SOURCE), nullable=False, server_default="csv"),
        Column("digest", LargeBinary(32), nullable=False),
        Column("known_from", BigInteger, nullable=False),
        Column("known_to", BigInteger, nullable=False),
    )


# All hands in a case that a system keeps (``directory.kept``): `of` whom or what, by whose `hand`; null: nobody can say.
CASE_HANDS = Table(
    "case_hands",
    DIRECTORY,
    *_known(),
    Column("case_id", String(ID), nullable=False),
    Column("role", String(16), nullable=False),
    Column("of", String(ID)),
    Column("hand", String(18)),
    Index("case_hands_case_id", "case_id"),
    Index("case_hands_of", "of"),
    Index("case_hands_hand", "hand"),
    Index("case_hands_digest", "digest"),
)

# Whose account it is in which ticket system; accounts by keyed digest.
TICKET_ACCOUNTS = Table(
    "ticket_accounts",
    DIRECTORY,
    *_known(),
    Column("system", String(SOURCE), nullable=False),
    Column("account", String(52), nullable=False),
    Column("pseudonym", String(18), nullable=False),
    Index("ticket_accounts_account", "system", "account"),
    Index("ticket_accounts_pseudonym", "pseudonym"),
    Index("ticket_accounts_digest", "digest"),
)

# When a system was asked for a case, what became of it, and until when that counts.
SIGHTINGS = Table(
    "sightings",
    DIRECTORY,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("system", String(SOURCE), nullable=False),
    Column("case_id", String(ID), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("known_from", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("why", String(ID), nullable=False),
    Index("sightings_case_id", "case_id", "known_from"),
    Index("sightings_system", "system", "row"),
)

# The last that a webhook said of each case, sealed: persons' ids are in it.
PUSHED = Table(
    "pushed",
    DIRECTORY,
    Column("system", String(SOURCE), nullable=False),
    Column("case_id", String(ID), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system", "case_id", name="pushed_pk"),
)

# Pushes that were taken: none counts twice.
PUSHES = Table(
    "pushes",
    DIRECTORY,
    Column("system", String(SOURCE), nullable=False),
    Column("id", String(ID), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "id", name="pushes_pk"),
    Index("pushes_at", "system", "at"),
)
