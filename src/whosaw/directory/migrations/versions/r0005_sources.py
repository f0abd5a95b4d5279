# SPDX-License-Identifier: Apache-2.0
"""Rows belong to sources; links between persons; what a case lists; what an identity provider gets back.

Everything that stood here before was said by `csv`. The feed begins with its first confirmation.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = 200
_FOR_EVER = 2**62
_ROWS = ("staff", "persons", "cases", "case_persons", "assignments", "regions", "feed")


def upgrade() -> None:
    for table in _ROWS:
        op.add_column(table, _source())
    op.add_column("staff", sa.Column("contract_country", sa.String(2)))
    op.add_column("case_persons", sa.Column("fields", sa.String(_ID)))
    op.create_index("assignments_scope", "assignments", ["scope_kind", "scope"])
    op.drop_index("feed_confirmed", "feed")
    op.create_index("feed_confirmed", "feed", ["source", "confirmed"])
    _sources()
    _links()
    _resources()


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", "since", name="sources_pk"),
    )
    op.execute(
        f"INSERT INTO sources (source, since, until) "  # noqa: S608  our own number
        f"SELECT 'csv', MIN(confirmed), {_FOR_EVER} FROM feed HAVING COUNT(*) > 0"
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        _source(),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("known_to", sa.BigInteger, nullable=False),
        sa.Column("a", sa.String(18), nullable=False),
        sa.Column("b", sa.String(18), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("valid_from", sa.BigInteger, nullable=False),
        sa.Column("valid_to", sa.BigInteger, nullable=False),
    )
    op.create_index("links_a", "links", ["a"])
    op.create_index("links_b", "links", ["b"])
    op.create_index("links_digest", "links", ["digest"])


def _resources() -> None:
    op.create_table(
        "resources",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("name", sa.LargeBinary(32), nullable=False),
        sa.Column("external", sa.LargeBinary(32)),
        sa.Column("principal", sa.String(18)),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("own_person", sa.String(18)),
        sa.Column("own_sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="resources_pk"),
    )
    op.create_index("resources_name", "resources", ["kind", "name"])
    op.create_index("resources_external", "resources", ["kind", "external"])
    op.create_index("resources_own", "resources", ["own_person"])
    op.create_table(
        "members",
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="members_pk"),
    )
    op.create_index("members_user", "members", ["user_id"])


def _source() -> sa.Column[str]:
    return sa.Column("source", sa.String(32), nullable=False, server_default="csv")
