# SPDX-License-Identifier: Apache-2.0
"""What Alembic runs: the revisions, on the connection that ``whosaw.directory.migrate`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
