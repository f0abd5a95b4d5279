# SPDX-License-Identifier: Apache-2.0
"""How far an import came: beside the values, so that a backup that is put back forgets both or neither."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("source", sa.LargeBinary(32), nullable=False),
        sa.Column("behind", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", name="imports_pk"),
    )
