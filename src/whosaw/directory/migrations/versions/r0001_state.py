# SPDX-License-Identifier: Apache-2.0
"""All of state.db as it began: keys, names, sealed values, directory.

Spelled out, not taken from the tables of the code: those move on, and this revision must make for ever what it made.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = 200


def upgrade() -> None:
    _keys()
    _staff_and_persons()
    _cases()
    _regions_and_feed()


def _keys() -> None:
    op.create_table(
        "keyring",
        sa.Column("lookup", sa.LargeBinary(32), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rekeys", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("handle", sa.LargeBinary(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(60), nullable=False),
        sa.Column("label_0", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed_id", sa.LargeBinary(256), nullable=False),
        sa.PrimaryKeyConstraint("lookup", "generation", name="keyring_pk"),
        sa.UniqueConstraint("handle", name="keyring_handle"),
    )
    op.create_table(
        "keyring_check",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("value", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="keyring_check_pk"),
    )
    op.create_table(
        "names",
        sa.Column("pseudonym", sa.String(18), nullable=False),
        sa.Column("sealed", sa.LargeBinary(256), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name="names_pk"),
    )
    op.create_table(
        "sealed",
        sa.Column("handle", sa.LargeBinary(16), nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("stored", sa.BigInteger, nullable=False),
        sa.Column("source", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("handle", "source", name="sealed_pk"),
    )
    op.create_index("sealed_newest", "sealed", ["handle", "field", "seen"])


def _staff_and_persons() -> None:
    op.create_table(
        "staff",
        *_known(),
        sa.Column("principal", sa.String(18), nullable=False),
        sa.Column("unit", sa.String(_ID), nullable=False),
        sa.Column("function", sa.String(20), nullable=False),
        sa.Column("role", sa.String(_ID)),
        sa.Column("manager", sa.String(18)),
        sa.Column("employer", sa.String(_ID)),
        sa.Column("country", sa.String(2)),
        sa.Column("site", sa.String(_ID)),
        sa.Column("household", sa.String(52)),
        sa.Column("own_person", sa.String(18)),
        sa.Column("suspended", sa.Boolean, nullable=False),
        *_valid(),
    )
    op.create_index("staff_principal", "staff", ["principal"])
    op.create_index("staff_digest", "staff", ["digest"])
    op.create_index("staff_own_person", "staff", ["own_person"])
    op.create_table(
        "persons",
        *_known(),
        sa.Column("person", sa.String(18), nullable=False),
        sa.Column("region", sa.String(_ID)),
        sa.Column("protected", sa.Boolean, nullable=False),
        sa.Column("staff", sa.Boolean, nullable=False),
        sa.Column("household", sa.String(52)),
        *_valid(),
    )
    op.create_index("persons_person", "persons", ["person"])
    op.create_index("persons_digest", "persons", ["digest"])
    op.create_table(
        "assignments",
        *_known(),
        sa.Column("principal", sa.String(18), nullable=False),
        sa.Column("scope_kind", sa.String(20), nullable=False),
        sa.Column("scope", sa.String(_ID), nullable=False),
        *_valid(),
    )
    op.create_index("assignments_principal", "assignments", ["principal"])
    op.create_index("assignments_digest", "assignments", ["digest"])


def _cases() -> None:
    op.create_table(
        "cases",
        *_known(),
        sa.Column("case_id", sa.String(_ID), nullable=False),
        sa.Column("type", sa.String(_ID), nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.BigInteger, nullable=False),
        sa.Column("assignee", sa.String(18)),
        sa.Column("requester", sa.String(18)),
        sa.Column("approver", sa.String(18)),
        sa.Column("status", sa.String(_ID)),
        sa.Column("opened_by", sa.String(18)),
        sa.Column("queue", sa.String(_ID)),
    )
    op.create_index("cases_case_id", "cases", ["case_id"])
    op.create_index("cases_digest", "cases", ["digest"])
    op.create_table(
        "case_persons",
        *_known(),
        sa.Column("case_id", sa.String(_ID), nullable=False),
        sa.Column("person", sa.String(18), nullable=False),
        sa.Column("added", sa.BigInteger),
        sa.Column("added_by", sa.String(18)),
    )
    op.create_index("case_persons_case_id", "case_persons", ["case_id", "person"])
    op.create_index("case_persons_digest", "case_persons", ["digest"])
    op.create_index("case_persons_person", "case_persons", ["person"])


def _regions_and_feed() -> None:
    op.create_table(
        "regions",
        *_known(),
        sa.Column("region", sa.String(_ID), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
    )
    op.create_index("regions_country", "regions", ["country"])
    op.create_index("regions_digest", "regions", ["digest"])
    op.create_table(
        "feed",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("confirmed", sa.BigInteger, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("feed_confirmed", "feed", ["confirmed"])


def _known() -> tuple[sa.Column[int], sa.Column[bytes], sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("known_to", sa.BigInteger, nullable=False),
    )


def _valid() -> tuple[sa.Column[int], sa.Column[int]]:
    return sa.Column("valid_from", sa.BigInteger, nullable=False), sa.Column("valid_to", sa.BigInteger, nullable=False)
