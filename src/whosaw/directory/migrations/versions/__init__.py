# SPDX-License-Identifier: Apache-2.0
"""Revisions of state.db, oldest first. A revision that was released is never edited."""
