# SPDX-License-Identifier: Apache-2.0
"""Erasing from a log that many gates write: the gate that erases has itself elected first, and is the sequencer then.

    begin ──insist──▶ its own term ──▶ the term's ``erase.Eraser``: tombstone, list
    rewrite, done ──▶ the same one, in the same term
          └─ another was elected meanwhile ──▶ Unavailable: what is on record, that one's start finishes

So there is one way to erase, and one place where it is taken up: the start of a term, as in a log with one gate.

Invariant: an erasure is done in one term, or finished by the start of a later one. The epoch sees to that.
                                                          Specification: docs/spec/erasure.md, docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from whosaw.errors import Contradiction, Unavailable
from whosaw.journal.erase import Beside, Eraser, nothing_beside
from whosaw.journal.journal import Journal
from whosaw.journal.ports import Erasing, StreamKey


class ElectedEraser:
    """``erasure.ports.Eraser`` for a gate. For one thread at a time."""

    __slots__ = ("_eraser", "_lead")

    def __init__(self, lead: Callable[[], Journal]) -> None:
        """`lead`: has this process elected if it is not, and gives the journal of its term. Raises Unavailable."""
        self._lead = lead
        self._eraser: Eraser | None = None  # of the term in which the newest one was begun

    def begin(self, key: StreamKey, basis: str, beside: Beside = nothing_beside) -> Erasing | None:
        with _in_one_term():
            self._eraser = self._lead().eraser
            return self._eraser.begin(key, basis, beside)

    def unfinished(self) -> list[Erasing]:
        """None: the start of whatever term this is has finished them."""
        return []

    def rewrite(self, job: Erasing) -> None:
        with _in_one_term():
            self._begun().rewrite(job)

    def done(self, job: Erasing) -> None:
        with _in_one_term():
            self._begun().done(job)

    def _begun(self) -> Eraser:
        if self._eraser is None:
            raise ValueError("what was not begun here is not finished here")
        return self._eraser


@contextmanager
def _in_one_term() -> Iterator[None]:
    try:
        yield
    except Contradiction as error:
        raise Unavailable(
            "another sequencer was elected during the erasure; if it is on record, that one finishes it",
            part="sequencer",
            hint="ask again: the answer says whether it was done",
        ) from error
