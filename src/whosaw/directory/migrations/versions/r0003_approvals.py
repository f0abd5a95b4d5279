# SPDX-License-Identifier: Apache-2.0
"""Approvals: requests with their records, notices, and the public keys of approvers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _requests()
    op.create_table(
        "notices",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("whom", sa.String(64), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("request", sa.String(18), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.BigInteger),
    )
    op.create_index("notices_whom", "notices", ["whom"])
    op.create_table(
        "credentials",
        sa.Column("id", sa.LargeBinary(1024), primary_key=True),
        sa.Column("principal", sa.String(18), nullable=False),
        sa.Column("alg", sa.String(8), nullable=False),
        sa.Column("public", sa.LargeBinary(65), nullable=False),
        sa.Column("rp", sa.String(255), nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("removed", sa.BigInteger),
    )
    op.create_index("credentials_principal", "credentials", ["principal"])


def _requests() -> None:
    op.create_table(
        "approvals",
        sa.Column("request", sa.String(18), primary_key=True),
        sa.Column("person", sa.String(18), nullable=False),
        sa.Column("exact", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("holder_caller", sa.String(80)),
        sa.Column("holder_key", sa.String(64)),
    )
    for column in ("person", "exact", "asked", "open"):
        op.create_index(f"approvals_{column}", "approvals", [column])
    op.create_table(
        "approval_records",
        sa.Column("request", sa.String(18), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("person", sa.String(18), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("request", "number", name="approval_records_pk"),
    )
    op.create_index("approval_records_person", "approval_records", ["person"])
