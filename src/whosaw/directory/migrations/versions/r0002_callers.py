# SPDX-License-Identifier: Apache-2.0
"""Who may ask over the network: registered callers, wishes to an open gate, tokens that count once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callers",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("ordered", sa.Boolean, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("said", sa.LargeBinary, nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("known_to", sa.BigInteger, nullable=False),
    )
    op.create_index("callers_known_to", "callers", ["known_to"])
    op.create_table(
        "caller_wishes",
        sa.Column("wish", sa.String(32), primary_key=True),
        sa.Column("said", sa.LargeBinary, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.LargeBinary),
    )
    op.create_table(
        "caller_tokens",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("caller_tokens_until", "caller_tokens", ["until"])
