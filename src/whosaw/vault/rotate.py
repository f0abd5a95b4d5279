# SPDX-License-Identifier: Apache-2.0
"""A new epoch: on record, begun, every row re-wrapped, the old key deleted. Gates go on serving all the while.

    1 record    that epoch n begins, by whose order, durable
    2 begin     its key, random, kept wrapped under the root           new rows use it, at every gate
    3 re-wrap   rows of older epochs, so many at a time                values are not touched
    4 retire    each older epoch that no row uses: its key is deleted

Whatever is cut short is taken up by the next call, which begins no further epoch before the last one is whole. After 1 and
before 2 the log names an epoch that nobody uses, which is wrong in the safe direction.

Invariant: no value is opened here, and no key leaves the keyring.          Specification: docs/spec/keys.md §3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Kind, Stream, canonical, time_text
from whosaw.privacy.keyring import Keyring

CALLER = "vault"
PAGE = 500


class Journal(Protocol):
    """The only writer of the log. Raises Unavailable, Busy: nothing was recorded; OutcomeUnknown: may be."""

    def submit(self, submission: Submission) -> Recorded: ...


@dataclass(frozen=True, slots=True)
class Rotated:
    """`epoch`: of new rows from now on; `begun`: whether it began now, or an earlier call's was finished.

    `rows`: how many were re-wrapped; `older`: epochs that are still in use, because somebody added a row meanwhile.
    """

    epoch: int
    begun: bool
    rows: int
    older: tuple[int, ...]


def rotate(
    keyring: Keyring, journal: Journal, by: str, at: datetime, *, progress: Callable[[int, int], None] | None = None
) -> Rotated:
    """Begin a new epoch and bring every row to it; or finish the one that was begun. `by`: a pseudonym."""
    newest = keyring.epochs.newest()
    begun = len(keyring.epochs.numbers()) == 1
    if begun:
        newest += 1
        body = epoch_body(by, at, newest)
        journal.submit(Submission(CALLER, f"epoch-{newest}-{time_text(at)}", (Record(Stream.named("admin"), body),)))
        newest = keyring.epochs.begin(newest)
    total, done = keyring.left(), 0
    while count := keyring.rewrap(PAGE):
        done += count
        if progress is not None:
            progress(min(done, total), total)
    *older, _ = keyring.retire()
    return Rotated(newest, begun, done, tuple(older))


def epoch_body(by: str, at: datetime, epoch: int) -> bytes:
    """The record of an epoch that begins."""
    return canonical({"v": 1, "kind": Kind.KEYS, "at": time_text(at), "what": "epoch", "epoch": epoch, "principal": by})
