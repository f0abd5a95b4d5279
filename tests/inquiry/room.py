# SPDX-License-Identifier: Apache-2.0
"""A room to inquire in: a real house on a disk with a small company, looks at its people, and a desk over all of it.

Everybody is invented. Only the findings are laid on the desk by hand, and looks are judged quickly unless a test asks for the real reasons; a journal that fails can stand before the real one.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.directory.town import write

from whosaw.desks import inquiry_desk, load_directory, unseal_keys
from whosaw.detect.finding import Finding
from whosaw.facts.columns import micros
from whosaw.journal.submission import Record, Submission
from whosaw.model.access import Asked, Field, Look, Mode
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import Kind, Stream, parse
from whosaw.wiring import House

ORIGIN = "log.example.org/whosaw"
BEGAN = datetime(2026, 6, 21, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# Two lines that snoop are planted by the tests; ines inquires, omar approves. sven shares a manager with ines.
COMPANY = {
    "staff": [
        {"staff_id": "ana", "unit": "help-ie", "function": "support", "country": "IE", "manager": "lead"},
        {"staff_id": "finn", "unit": "fraud-ie", "function": "fraud", "country": "IE", "manager": "lead"},
        {"staff_id": "hugo", "unit": "help-ie", "function": "support", "country": "IE", "manager": "lead"},
        {"staff_id": "lead", "unit": "lead-ie", "function": "executive", "country": "IE"},
        {"staff_id": "ines", "unit": "inquiries", "function": "audit", "country": "IE", "manager": "board",
         "own_person": "u-ines", "household": "elm street 4"},
        {"staff_id": "sven", "unit": "security", "function": "security", "country": "IE", "manager": "board"},
        {"staff_id": "board", "unit": "board", "function": "executive", "country": "IE"},
        {"staff_id": "omar", "unit": "legal-us", "function": "legal", "country": "US", "manager": "counsel"},
        {"staff_id": "counsel", "unit": "counsel", "function": "legal", "country": "US"},
        {"staff_id": "gone", "unit": "legal-us", "function": "legal", "country": "US",
         "valid_from": "2025-01-01T00:00:00Z", "valid_to": "2026-02-01T00:00:00Z"},
        {"staff_id": "stopped", "unit": "privacy", "function": "legal", "country": "US", "suspended": "true"},
        {"staff_id": "portal", "unit": "machines", "function": "service", "country": "IE"},
    ],
    "persons": [
        {"person": "mira", "region": "IE"},
        {"person": "kate", "region": "IE", "classes": ["press"]},
        {"person": "paul", "region": "IE"},
        {"person": "quiet", "region": "IE"},
        {"person": "u-ines", "region": "IE", "classes": ["staff"]},
        {"person": "her-child", "region": "IE", "household": "elm street 4"},
    ],
    "cases": [
        {"case_id": "T-100", "type": "support_request", "opened": "2026-06-20T08:00:00Z", "queue": "help-ie",
         "requester": "mira", "opened_by": "portal"},
    ],
    "case_persons": [
        {"case_id": "T-100", "person": "mira", "added": "2026-06-20T08:00:00Z", "added_by": "portal"},
    ],
    "assignments": [],
}  # fmt: skip


class Clock:
    """Goes on by a second at each reading, and to where a test turns it."""

    def __init__(self, at=BEGAN):
        self.at = at

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


@dataclass(frozen=True)
class Told:
    """``inquiry.ports.ExplainedLook``, as a test has it."""

    look: str
    leaf: int
    t: int
    who: str = field(repr=False)
    person: str | None = field(repr=False)
    explained: bool
    sentence: str
    asked: tuple[str, ...] = ()
    decision: str | None = None


class Looks:
    """``inquiry.ports.Looks``, quick: each look in the journal, explained where it was permitted. Notes what was asked."""

    def __init__(self, here: House):
        self.here, self.asked = here, []

    def at(self, person):
        self.asked.append("at")
        return [one for one in self._all() if one.person == person]

    def by(self, principals, start, end):
        self.asked.append("by")
        return [one for one in self._all() if one.who in principals and start <= one.t <= end]

    def _all(self):
        self.here.journal.publish_now()
        for frame in self.here.journal.reader().frames():
            if parse(frame.body)["kind"] in LOOKS:
                yield from _told(frame.index, LookBody.decode(frame.body))


def _told(leaf, look):
    fine = look.decision == "permit"
    said = "A reason." if fine else "None."
    asked = tuple(f"{field}:{detail}" for field, detail in look.asked)
    for who in sorted({look.who, look.principal}):
        yield Told(look.look, leaf, micros(look.at), who, look.person, fine, said, asked, look.decision)


class Findings(dict):
    """``inquiry.ports.Findings``: what a test lays down."""

    def find(self, finding):
        return self.get(finding)


class Failing:
    """A journal that raises `error` at its submission number `at` (from 0), before the real one or after it."""

    def __init__(self, journal, error, *, at=0, late=False):
        self.journal, self.error, self.left, self.late = journal, error, at, late

    def find(self, caller, key):
        return self.journal.find(caller, key)

    def submit(self, submission):
        self.left -= 1
        if self.left >= 0:
            return self.journal.submit(submission)
        if self.late:
            self.journal.submit(submission)
        raise self.error


class Room:
    """An open house with its desk."""

    def __init__(self, here: House, clock: Clock):
        self.here, self.clock, self.findings = here, clock, Findings()
        self.keys = unseal_keys(here)
        self.looks = Looks(here)
        self._whole = inquiry_desk(here)
        self.desk = replace(self._whole, looks=self.looks, findings=self.findings)
        self._drawn = 0

    def load(self, **tables):
        """Bring the company into force, some of its tables exchanged."""
        folder = write(self.here.folder.parent / f"{self.here.folder.name}-tables", COMPANY | tables, regions=None)
        return load_directory(self.here, folder)

    def e(self, principal):
        return self.here.pseudonyms.principal(principal)

    def p(self, person):
        return self.here.pseudonyms.person(person)

    def look(self, principal, person, what="device", purpose="subject_request", case="T-100"):
        """Ask at the gate; the vault of this house is empty, so nothing is shown either way."""
        self._drawn += 1
        name = f"l-{self._drawn}"
        asked = (Asked.parse(what),)
        return self.here.guard.look(
            Look(look_id=name, principal=principal, person=person, asked=asked, purpose=purpose, case=case, key=name)
        )

    def observe(self, principal, *persons, at=None, claimed_by=None, field=Field.IP):
        """A look seen in a log elsewhere: one person, or a bulk look with a mention for each of several."""
        self._drawn += 1
        name, at = f"o-{self._drawn}", at or self.clock()
        one = LookBody(
            kind=Kind.LOOK, look=name, origin="observed", at=at, principal=self.e(principal), person=None,
            asked=((field, "-"),), mode=Mode.READ, source="pg", taken=at,
            on_behalf_of=None if claimed_by is None else self.e(claimed_by), claimed=claimed_by is not None,
        )  # fmt: skip
        if len(persons) == 1:
            bodies = [(Stream.of_person(persons[0]), replace(one, person=self.p(persons[0])))]
        else:
            bodies = [(Stream.named("bulk"), replace(one, kind=Kind.BULK, mode=Mode.SEARCH, mentions=len(persons)))]
            bodies += [
                (
                    Stream.of_person(each),
                    replace(one, kind=Kind.MENTION, mode=Mode.SEARCH, person=self.p(each), bulk=name),
                )
                for each in persons
            ]
        self.here.journal.submit(Submission("test", name, tuple(Record(s, b.encode()) for s, b in bodies)))
        return name

    def lay(self, id_, principals, persons, looks=(), *, window=None):
        """A finding on the desk."""
        window = window or (micros(BEGAN), micros(self.clock.at))
        self.findings[id_] = Finding(
            id=id_, as_of=window[1], score=4.0, p=1e-4, sentence="Two people of support looked at 2 persons.",
            principals=tuple(sorted(map(self.e, principals))), persons=tuple(sorted(map(self.p, persons))),
            looks=tuple(looks), cases=(), window=window, signals=(), harm=(), counter=("One look was refused.",),
        )  # fmt: skip
        return id_

    def judging(self):
        """The desk with the real facts and reasons on it; each question takes a second."""
        return replace(self._whole, findings=self.findings)

    def with_journal(self, journal):
        return replace(self.desk, journal=journal)

    # ── what is on record ──

    def ledger(self, kind=None):
        """Bodies of the stream ``inquiry``, enrolment apart."""
        bodies = [parse(frame.body) for frame in self.desk.streams.inquiry()[1:]]
        return [body for body in bodies if kind in (None, body["kind"])]

    def about(self, person):
        """Bodies in a person's stream, enrolment apart."""
        return [parse(frame.body) for frame in (self.desk.streams.person(person) or [])[1:]]
