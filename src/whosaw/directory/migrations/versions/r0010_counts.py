# SPDX-License-Identifier: Apache-2.0
"""Questions for numbers without people: what each cost, and its answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counts",
        sa.Column("question", sa.String(64), nullable=False),
        sa.Column("data_set", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("begin_day", sa.Integer, nullable=False),
        sa.Column("end_day", sa.Integer, nullable=False),
        sa.Column("epsilon", sa.Integer, nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("question", name="counts_pk"),
    )
    op.create_index("counts_spent", "counts", ["data_set", "purpose", "begin_day"])
