# SPDX-License-Identifier: Apache-2.0
"""Whose request is being answered: their own token, for as long as it takes.

    with employee(token): …      every look inside is theirs, in this thread or task and in no other

A middleware sets it, where the request begins. Invariant: it is taken back where the request ends, so that the next one on the
same thread is not somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TOKEN: ContextVar[str | None] = ContextVar("whosaw_employee", default=None)


@contextmanager
def employee(token: str | None) -> Iterator[None]:
    """Looks inside are of whoever this token names; None: of nobody."""
    before = _TOKEN.set(token)
    try:
        yield
    finally:
        _TOKEN.reset(before)


def current() -> str | None:
    """The token of whoever this request is from."""
    return _TOKEN.get()


def bearer(value: str | None) -> str | None:
    """The token in an Authorization header; None where there is none."""
    scheme, _, token = (value or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
