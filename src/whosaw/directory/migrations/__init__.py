# SPDX-License-Identifier: Apache-2.0
"""Alembic's environment for all of state.db. Run through ``whosaw.directory.migrate``, never by an alembic.ini."""
