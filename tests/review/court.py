# SPDX-License-Identifier: Apache-2.0
"""A court to review in: a desk in memory over a company of a few people, whose journal keeps each key for one submission.

Nothing is opened and nothing is written, so a thousand reviews take a second. Everybody is invented.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from whosaw.detect.defaults import load_defaults
from whosaw.detect.finding import Finding, Findings, Reason
from whosaw.errors import IdempotencyConflict
from whosaw.facts.columns import micros
from whosaw.facts.ports import PersonRow, StaffRow
from whosaw.policy.facts import NOTHING_KNOWN, Known, PrincipalFacts
from whosaw.policy.independence import Chart
from whosaw.review.ports import Desk
from whosaw.review.rule import of_stream

BEGAN = datetime(2026, 6, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)

NUMBERS = load_defaults().review

# sam and tess look; rita and rob review, in two lines; olga of legal is apart from everybody; boss stands above sam and tess.
STAFF = (
    StaffRow(who="sam", unit="help", function="support", manager="boss"),
    StaffRow(who="tess", unit="desk", function="support", manager="boss"),
    StaffRow(who="boss", unit="lead", function="executive"),
    StaffRow(who="rita", unit="audit-ie", function="audit", manager="chief"),
    StaffRow(who="rob", unit="audit-us", function="audit", manager="head"),
    StaffRow(who="chief", unit="chief", function="executive"),
    StaffRow(who="head", unit="head", function="executive"),
    StaffRow(who="olga", unit="legal", function="legal", manager="counsel"),
    StaffRow(who="counsel", unit="counsel", function="legal"),
    StaffRow(who="adam", unit="systems", function="admin", manager="cto"),
    StaffRow(who="cto", unit="cto", function="executive"),
)
PERSONS = (PersonRow(person="p-kate", protected=True), PersonRow(person="p-paul"), PersonRow(person="p-mira"))


def finding(id_="f-000001", named=("sam",), persons=("p-paul",), looks=("l-1", "l-2"), **more):
    last = micros(BEGAN + len(looks) * DAY)
    facts = {
        "as_of": last, "score": 4.0, "p": 1e-4, "sentence": "One person of support looked at 1 person.", "cases": (),
        "window": (micros(BEGAN), last), "signals": (Reason("unexplained", "principal", 1e-4, "Looked."),), "harm": (),
        "counter": ("One look was refused.",),
    }  # fmt: skip
    made = {
        "id": id_,
        "principals": tuple(sorted(named)),
        "persons": tuple(sorted(persons)),
        "looks": tuple(sorted(looks)),
    }
    return Finding(**{**facts, **made, **more})


@dataclass
class Frame:
    index: int
    body: bytes


@dataclass
class Recorded:
    leaves: list


class Journal:
    """One key, one submission; `fail`: an error to raise at the next one, before it is kept or, `late`, after."""

    def __init__(self):
        self.frames, self.keys, self.fail, self.late = [Frame(0, b'{"kind":"enrol","v":1}')], {}, None, False

    def submit(self, submission):
        error, self.fail = self.fail, None
        if error is not None and not self.late:
            raise error
        key = submission.caller, submission.key
        bodies = [record.body for record in submission.records]
        if self.keys.setdefault(key, bodies) is not bodies and self.keys[key] != bodies:
            raise IdempotencyConflict("another")
        leaves = [Frame(len(self.frames) + i, body) for i, body in enumerate(bodies)]
        self.frames += leaves
        if error is not None:
            raise error
        return Recorded(leaves)


class Directory:
    """Who works here, by the rows of the staff; `out`: who left or is suspended."""

    def __init__(self, staff):
        self.staff, self.suspended, self.homes = staff, set(), ()

    def known(self, principal, person, case, at):
        rows = [row for row in self.staff if row.who == principal]
        if not rows:
            return NOTHING_KNOWN
        facts = PrincipalFacts(
            function=rows[-1].function, active=True, suspended=principal in self.suspended, regions=frozenset()
        )
        return Known(principal=facts, person=None, relation=None, case=None, feed=None)

    def chart(self, at, days):
        return Chart.between(self.staff, micros(at - timedelta(days=days)), micros(at))

    def tied(self, principal, at, days=30):
        return frozenset(other for home in self.homes if principal in home for other in home) - {principal}


class Approvals:
    def __init__(self):
        self.lately, self.signed = (), frozenset()

    def since(self, at):
        return self.lately

    def of_looks(self, looks):
        return self.signed


class Notes:
    def __init__(self):
        self.kept = ()

    def all(self):
        return self.kept

    def keep(self, note):
        self.kept += (note,)


@dataclass
class Court:
    """Everything on one desk, in memory. Staff ids are their own pseudonyms."""

    findings: list = field(default_factory=lambda: [finding()])
    staff: tuple = STAFF
    persons: tuple = PERSONS
    at: datetime = BEGAN + 10 * DAY
    reviewers: tuple = ("audit",)

    def __post_init__(self):
        self.journal, self.approvals, self.notes = Journal(), Approvals(), Notes()
        self.directory, self._drawn = Directory(self.staff), 0

    def clock(self):
        self.at += timedelta(seconds=1)
        return self.at

    def _fresh(self):
        self._drawn += 1
        return f"fresh-{self._drawn}"

    @property
    def desk(self):
        return Desk(
            journal=self.journal, steps=lambda: tuple(filter(None, (of_stream(frame.body) for frame in self.journal.frames))),
            findings=lambda: Findings(len(self.findings), tuple(self.findings)), directory=self.directory,
            staff=lambda: self.staff, persons=lambda: self.persons, approvals=self.approvals, notes=self.notes,
            remember=lambda staff: staff, digest=lambda text: hashlib.sha256(b"key" + text).digest(), fresh=self._fresh,
            clock=self.clock, numbers=NUMBERS, reviewers=self.reviewers,
        )  # fmt: skip
