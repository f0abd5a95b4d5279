# SPDX-License-Identifier: Apache-2.0
"""The address of a database: where it is and who we are there, and never a password."""

from __future__ import annotations

from urllib.parse import urlsplit

from whosaw.errors import Misconfigured


def check_database(database: str, where: str, setting: str = "store.database") -> None:
    """Raise Misconfigured for what is no such address; empty is none at all."""
    if not database:
        return
    try:
        found = urlsplit(database)
        parts = (found.scheme in {"postgresql", "postgres"}, found.path.strip("/"), found.password is None)
    except ValueError:
        parts = (False, "", True)
    if not all(parts) or not database.isprintable() or {'"', "\\", " "} & set(database) or "password" in database:
        # What was given is not repeated: it may hold a password all the same.
        raise Misconfigured(
            f"{where}: {setting!r} is no address of a database, or holds a password",
            setting=setting,
            hint='for example database = "postgresql://whosaw@db.example.org/whosaw", with the password in a passfile',
        )
