# SPDX-License-Identifier: Apache-2.0
"""Cases that ticket systems keep: whose hands they show, whose accounts these are, when each system was asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID, _SYSTEM = 200, 32


def upgrade() -> None:
    _hands()
    _accounts()
    _sightings()
    _pushes()


def _hands() -> None:
    op.create_table(
        "case_hands",
        *_known(),
        sa.Column("case_id", sa.String(_ID), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("of", sa.String(_ID)),
        sa.Column("hand", sa.String(18)),
    )
    for column in ("case_id", "of", "hand", "digest"):
        op.create_index(f"case_hands_{column}", "case_hands", [column])


def _accounts() -> None:
    op.create_table(
        "ticket_accounts",
        *_known(),
        sa.Column("system", sa.String(_SYSTEM), nullable=False),
        sa.Column("account", sa.String(52), nullable=False),
        sa.Column("pseudonym", sa.String(18), nullable=False),
    )
    op.create_index("ticket_accounts_account", "ticket_accounts", ["system", "account"])
    op.create_index("ticket_accounts_pseudonym", "ticket_accounts", ["pseudonym"])
    op.create_index("ticket_accounts_digest", "ticket_accounts", ["digest"])


def _sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("system", sa.String(_SYSTEM), nullable=False),
        sa.Column("case_id", sa.String(_ID), nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("why", sa.String(_ID), nullable=False),
    )
    op.create_index("sightings_case_id", "sightings", ["case_id", "known_from"])
    op.create_index("sightings_system", "sightings", ["system", "row"])


def _pushes() -> None:
    op.create_table(
        "pushed",
        sa.Column("system", sa.String(_SYSTEM), nullable=False),
        sa.Column("case_id", sa.String(_ID), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("system", "case_id", name="pushed_pk"),
    )
    op.create_table(
        "pushes",
        sa.Column("system", sa.String(_SYSTEM), nullable=False),
        sa.Column("id", sa.String(_ID), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("system", "id", name="pushes_pk"),
    )
    op.create_index("pushes_at", "pushes", ["system", "at"])


def _known() -> tuple[sa.Column[int], sa.Column[str], sa.Column[bytes], sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(32), nullable=False, server_default="csv"),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("known_to", sa.BigInteger, nullable=False),
    )
