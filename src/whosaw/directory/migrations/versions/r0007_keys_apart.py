# SPDX-License-Identifier: Apache-2.0
"""Key rows leave state.db for keys.db. ``store.key_tables`` has moved them before this runs; here their tables go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from whosaw.errors import Misconfigured

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Don't trust that somebody moved them: dropping a table of keys loses every value that they seal.
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM keyring")):
        raise Misconfigured(
            "state.db still holds keys, and they would be lost",
            setting="private/state.db",
            hint="start whosaw once in the ordinary way: it moves them to private/keys.db; nothing was changed",
        )
    op.drop_table("keyring_check")
    op.drop_table("keyring")
