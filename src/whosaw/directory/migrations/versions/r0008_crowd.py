# SPDX-License-Identifier: Apache-2.0
"""How many share a network, by tokens; and which prefixes a look was shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crowd",
        sa.Column("token", sa.LargeBinary(16), nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("share", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("token", "period", "share", name="crowd_pk"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "prefixes_shown",
        sa.Column("handle", sa.LargeBinary(16), nullable=False),
        sa.Column("look", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("handle", "look", name="prefixes_shown_pk"),
    )
