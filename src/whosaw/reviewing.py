# SPDX-License-Identifier: Apache-2.0
"""What is done with findings in an open house: each function fills the ports of a review, and calls it.

    desks ──findings, streams, facts──▶ review_desk ──▶ review.work, review.shown ──▶ cli

Above `desks`, because it is made of what they give; apart from them, because who finds and who judges are two things.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.desks import findings
from whosaw.detect.defaults import load_defaults
from whosaw.facts.known import KnownDirectory
from whosaw.guard.approvals.ground import favours
from whosaw.guard.approvals.life import Kept
from whosaw.journal.segment import Frame
from whosaw.model.approval import As
from whosaw.model.record import Stream
from whosaw.policy.independence import Approved
from whosaw.review import notes
from whosaw.review.notes import Note
from whosaw.review.ports import Desk
from whosaw.review.record import STREAM
from whosaw.wiring import House


def review_desk(here: House) -> Desk:
    """Everything that a review works with; nothing of it opens a name."""
    defaults = load_defaults()
    directory = KnownDirectory(here.directory)
    return Desk(
        journal=here.journal,
        steps=lambda: stream(here, STREAM),
        findings=lambda: findings(here),
        directory=here.directory,
        staff=lambda: directory.staff() or (),
        persons=lambda: directory.persons() or (),
        approvals=_Approvals(here),
        notes=_Notes(here),
        remember=here.names.remember,
        digest=here.pseudonyms.digest,
        fresh=lambda: os.urandom(16).hex(),
        clock=here.clock,
        numbers=defaults.review,
        reviewers=defaults.findings.reviewers,
    )


def stream(here: House, name: str) -> Sequence[Frame]:
    """Everything durable in a named stream, its enrolment first; nothing where nobody recorded anything. Makes none."""
    key = here.keyring.find(Stream.named(name))
    if key is None:
        return ()
    here.journal.publish_now()
    return here.journal.reader().run(key)


@dataclass(frozen=True, slots=True)
class _Approvals:
    """``review.ports.Approvals``: by the records that make each request."""

    here: House

    def since(self, at: datetime) -> Sequence[Approved]:
        return tuple(favours(Kept.of(row) for row in self.here.approvals.rows.since(at)))

    def of_looks(self, looks: Collection[str]) -> frozenset[str]:
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        kept = (Kept.of(row).standing for row in self.here.approvals.rows.since(epoch))
        return frozenset(
            grant.by
            for each in kept
            if each.used is not None and each.used in looks
            for grant in each.grants
            if grant.role is not As.OVERSEER
        )


@dataclass(frozen=True, slots=True)
class _Notes:
    """``review.ports.Notes``: a file beside the findings."""

    here: House

    def all(self) -> tuple[Note, ...]:
        raw = self.here.stores.private.read(notes.NAME)
        return () if raw is None else notes.parse(raw)

    def keep(self, note: Note) -> None:
        self.here.stores.private.replace(notes.NAME, notes.encode(notes.with_note(self.all(), note)))
