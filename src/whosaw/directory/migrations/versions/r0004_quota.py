# SPDX-License-Identifier: Apache-2.0
"""Places that are taken, and who is suspended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quota",
        sa.Column("lane", sa.String(250), nullable=False),
        sa.Column("which", sa.String(18), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("lane", "which", "until", name="quota_pk"),
    )
    op.create_index("quota_until", "quota", ["until"])
    op.create_table(
        "suspensions",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("principal", sa.String(18), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("known_to", sa.BigInteger, nullable=False),
    )
    op.create_index("suspensions_principal", "suspensions", ["principal"])
