# SPDX-License-Identifier: Apache-2.0
"""A desk for intakes: a journal in a dictionary that fails on demand, real pseudonyms, and a clock that stands.

Also a reader of one-line records, `id at principal person…`, so that an intake is tested without any log's format.
"""

import json
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

from tests.directory.town import FakeJournal
from tests.privacy.keys import root

from whosaw.collect.lines import lines
from whosaw.collect.observed import Malformed, Observed, Skipped, Taken
from whosaw.collect.ports import Desk
from whosaw.model.access import Field, Mode
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import parse
from whosaw.privacy.pseudonym import Pseudonyms

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(root())
MAP = bytes(range(32))


class Journal(FakeJournal):
    """The journal's port. `stop_after`: so many submissions, and then it is as if the disk were gone."""

    def __init__(self):
        super().__init__()
        self.stop_after = None

    def enqueue(self, submission):
        future = Future()
        if self.stop_after is not None and len(self.submissions) >= self.stop_after:
            self.fate = "lost"
        try:
            future.set_result(self.submit(submission))
        except Exception as error:
            future.set_exception(error)
        return future

    def looks(self):
        """Every look's body, in order."""
        bodies = [record.body for submission in self.submissions for record in submission.records]
        return [LookBody.decode(body) for body in bodies if parse(body)["kind"] in LOOKS]

    def intakes(self):
        """What is recorded of files."""
        bodies = [parse(record.body) for submission in self.submissions for record in submission.records]
        return [body for body in bodies if body["kind"] == "intake"]


class Room:
    """A desk whose parts can be looked at."""

    def __init__(self):
        self.journal, self.now = Journal(), NOW
        self.remembered = []
        self.desk = Desk(
            journal=self.journal,
            pseudonyms=PSEUDONYMS,
            remember=self.remember,
            purposes=frozenset({"fraud_review"}),
            known_case=lambda case: case == "T-100",
            clock=lambda: self.now,
        )

    def remember(self, principal):
        self.remembered.append(principal)
        return PSEUDONYMS.principal(principal)


class Plain:
    """A reader of JSON lines whose keys are those of `Observed`; `{"skip": why}` is skipped."""

    source = "plain"
    map_digest = MAP

    def __init__(self, gaps=()):
        self._gaps = gaps

    def pieces(self, chunks):
        return lines(chunks)

    def gaps(self):
        return self._gaps

    def read(self, raw, where):
        try:
            given = json.loads(raw)
            if "skip" in given:
                return Skipped(given["skip"], given.get("detail"))
            return Taken(tuple(observed(**one) for one in given["looks"]))
        except (ValueError, KeyError, TypeError):
            return Malformed.of(raw, "not plain")


def observed(**given):
    """A look as a source tells it."""
    at = given.pop("at", 60)
    base = {
        "source": "plain",
        "id": "1",
        "at": NOW - timedelta(seconds=at),
        "principal": "ana",
        "asked": ((Field.IP, "exact"),),
        "mode": Mode(given.pop("mode", "read")),
        "persons": tuple(given.pop("persons", ("mira",))),
    } | {key: tuple((Field(f), d) for f, d in value) if key == "asked" else value for key, value in given.items()}
    return Observed(**base)


def write(path, *records):
    """A file of records for `Plain`: each a list of looks, or a text that is a line as it is."""
    text = [r if isinstance(r, str) else json.dumps({"looks": r}) for r in records]
    path.write_text("\n".join(text) + "\n")
    return path
