# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms in queries: a function of DuckDB that turns a column of addresses into one of pseudonyms.

    register(connection, "pseudonym", session)      select pseudonym(ip), count(*) from log group by 1

The session is what the gate has opened (``guard.pseudonyms``): it holds the key, counts, and refuses. A query that asks for more than
it was opened for fails whole.

Invariant: no key is in the engine, in a query or in a table: only the pseudonyms are.
"""

from __future__ import annotations

from typing import Any, Protocol


class Pseudonyms(Protocol):
    """``guard.pseudonyms.session.Session``, as far as a query needs it."""

    @property
    def width(self) -> int:
        """Bytes of a pseudonym: 16, or 32 where the same address has another one each time."""
        ...

    def column(self, column: Any) -> Any:
        """An Arrow column of addresses to one of pseudonyms. Raises BadInput, and nothing of it is handed out."""
        ...


def register(connection: Any, name: str, pseudonyms: Pseudonyms) -> None:
    """Make `name(VARCHAR) → VARCHAR` in this connection of DuckDB. What is NULL stays NULL."""
    # Where every call gives another answer, DuckDB must not ask once for rows that are equal, nor ask while it plans.
    connection.create_function(
        name, pseudonyms.column, ["VARCHAR"], "VARCHAR", type="arrow", side_effects=pseudonyms.width != 16
    )
