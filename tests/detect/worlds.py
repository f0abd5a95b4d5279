# SPDX-License-Identifier: Apache-2.0
"""Small worlds in which everything happens: late cases, moves, changed versions, own units, bulk looks, claims.

Ids begin with the number of their world, so many worlds fit into one set of tables without touching each other.
"""

from datetime import timedelta

from tests.facts.made import START, look

from whosaw.facts.columns import DAY, micros
from whosaw.facts.ports import AssignmentRow, CasePersonRow, CaseRow, PersonRow, StaffRow, Tables
from whosaw.model.access import Field, Mode
from whosaw.model.record import Kind

HOUR = DAY // 24
BEGIN = micros(START)
TYPES = ("fraud_review", "legal_demand", "quality_sample")


NAMES = ("staff_rows", "person_rows", "case_rows", "case_person_rows", "assignment_rows")


def small_worlds(draw, count):
    """`count` worlds, from a random.Random."""
    return [Small(draw, f"w{number}-") for number in range(count)]


def together(worlds):
    """(looks, tables) of all these worlds."""
    tables = Tables(**{name: tuple(row for w in worlds for row in getattr(w.tables, name)) for name in NAMES})
    return [body for world in worlds for body in world.looks], tables


class Small:
    """One world: three principals, two units, two persons, two cases."""

    def __init__(self, draw, prefix):
        self.draw, self.prefix = draw, prefix
        self.whos = [f"{prefix}e{i}" for i in range(3)]
        self.persons = [f"{prefix}p{i}" for i in range(2)]
        self.cases = [f"{prefix}c{i}" for i in range(2)]
        # Few instants, so that borders are met: the lag of the feed, a day, a week after closing, coming back.
        days = (0, 0, 1, 2, 3, 7, 10, 30, 37, 60, 200)
        self.instants = sorted({BEGIN + d * DAY + draw.choice((0, 0, 0, 0, 1000, -1000)) for d in days})
        staff = tuple(row for who in self.whos for row in self._staff(who))
        persons = tuple(row for person in self.persons for row in self._person(person))
        cases = tuple(row for case in self.cases for row in self._case(case))
        named = tuple(row for case in self.cases for p in self.persons for row in self._naming(case, p))
        self.tables = Tables(
            staff_rows=staff, person_rows=persons, case_rows=cases, case_person_rows=named,
            assignment_rows=tuple(self._assignment() for _ in range(2)),
        )  # fmt: skip
        self.looks = [body for i in range(draw.randint(3, 7)) for body in self._looks(f"{prefix}l{i}")]

    def _at(self):
        return self.draw.choice(self.instants)

    def _maybe(self, make, chance=0.5):
        return make() if self.draw.random() < chance else None

    def _who(self):
        return self.draw.choice(self.whos)

    def _unit(self):
        return f"{self.prefix}u{self.draw.randint(0, 1)}"

    def _home(self, chance):
        return self._maybe(lambda: f"{self.prefix}h{self.draw.randint(0, 2)}", chance)

    def _staff(self, who):
        if self.draw.random() < 0.1:
            return
        moves = self._maybe(self._at, 0.3)
        spans = [(None, None)] if moves is None else [(None, moves), (moves, None)]
        for start, end in spans:
            yield StaffRow(
                who=who, unit=self._maybe(self._unit, 0.9), function=self.draw.choice(("legal", "support", "service", "audit")),
                manager=self._maybe(lambda: f"{self.prefix}boss", 0.5), household=self._home(0.3),
                own_person=self._maybe(lambda: self.draw.choice(self.persons), 0.2), valid_from=start, valid_to=end,
            )  # fmt: skip

    def _person(self, person):
        change = self._maybe(self._at, 0.3)
        spans = [(None, None)] if change is None else [(None, change), (change, None)]
        for start, end in spans:
            yield PersonRow(
                person=person, region=self.draw.choice(("IE", "US", None)), protected=self.draw.random() < 0.3,
                valid_from=start, valid_to=end,
            )  # fmt: skip

    def _versions(self):
        """Times for which one version, or two, are what is said; whether the first was said from the start."""
        began = self._maybe(self._at, 0.4)
        changed = self._maybe(lambda: self._at() + HOUR, 0.3)
        if changed is None or (began is not None and changed <= began):
            return [(began, None, True)]
        return [(began, changed, True), (changed, None, False)]

    def _case(self, case):
        for since, until, first in self._versions():
            opened = self._at()
            yield CaseRow(
                case=case, type=self.draw.choice(TYPES), opened=opened,
                closed=self._maybe(lambda at=opened: max(at, self._at())), assignee=self._maybe(self._who, 0.8),
                requester=self._maybe(lambda: self.draw.choice(self.whos + self.persons)),
                opened_by=self._maybe(self._who, 0.9), queue=self._maybe(lambda: self.draw.choice((self._unit(), f"{self.prefix}q"))),
                requester_home=self._home(0.1), opened_by_home=self._home(0.1),
                known_from=since, known_to=until, first=first,
            )  # fmt: skip

    def _naming(self, case, person):
        if self.draw.random() < 0.3:
            return
        for since, until, first in self._versions():
            yield CasePersonRow(
                case=case, person=person, added=self._maybe(self._at, 0.8), added_by=self._maybe(self._who, 0.9),
                added_by_home=self._home(0.1),
                known_from=since, known_to=until, first=first,
            )  # fmt: skip

    def _assignment(self):
        kind = self.draw.choice(("queue", "case_type", "account", "region"))
        scope = {
            "queue": lambda: f"{self.prefix}q",
            "case_type": lambda: self.draw.choice(TYPES),
            "account": lambda: self.draw.choice(self.persons),
            "region": lambda: "IE",
        }[kind]()
        start = self._maybe(self._at)
        return AssignmentRow(
            who=self._who(), scope_kind=kind, scope=scope, valid_from=start, valid_to=self._maybe(self._at, 0.3),
            known_from=self._maybe(self._at, 0.2), first=self.draw.random() < 0.8,
        )  # fmt: skip

    def _looks(self, id_):
        when = START + timedelta(
            microseconds=self._at() + self.draw.choice((0, 0, HOUR, 24 * HOUR, 7 * DAY, 30 * DAY)) - BEGIN
        )
        facts = {
            "look": id_,
            "asked": tuple((f, "-") for f in self.draw.sample(list(Field), self.draw.choice((1, 2)))),
            "decision": self.draw.choice((None, "permit", "refuse")),
            "case": self._maybe(lambda: self.draw.choice(self.cases)),
            "purpose": self._maybe(
                lambda: self.draw.choice(("legal_demand", "service_repair", "quality_sampling")), 0.7
            ),
            "app": self._maybe(lambda: self.draw.choice(("desk", "batch"))),
            "mode": self.draw.choice((Mode.READ, Mode.SEARCH)),
        }
        if self.draw.random() < 0.2:
            facts |= {"on_behalf_of": self._who(), "claimed": self.draw.random() < 0.5}
        if self.draw.random() < 0.2:
            who, many = self._who(), self.draw.choice((2, 20, 21))
            yield look(0, who, None, when, **{**facts, "kind": Kind.BULK, "mentions": many})
            for person in self.persons:
                yield look(0, who, person, when, **{**facts, "kind": Kind.MENTION, "bulk": id_})
        else:
            yield look(0, self._who(), self.draw.choice([*self.persons, *self.persons, None]), when, **facts)
