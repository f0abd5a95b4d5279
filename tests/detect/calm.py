# SPDX-License-Identifier: Apache-2.0
"""A company where nobody snoops, drawn: teams with cases, slips that come in clusters, customers among the staff.

Its types, purposes, units and habits are its own: no detector knows them. `Calm.more` adds what a test plants.
"""

import random
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.detect.typed import at, facts_of

DAYS = 90
AS_OF = at(DAYS)
FIELDS = ("f_ip", "f_location", "f_device", "f_contacts", "f_messages", "f_profile", "f_activity", "f_payment")
# function: (units, of how many, types of case, fields read)
WORK = {
    "support": (6, 12, ("login", "refund", "question"), (5, 6, 7)),
    "fraud": (3, 10, ("chargeback", "ring"), (0, 2, 5, 7)),
    "safety": (3, 10, ("threat", "spam"), (4, 5, 6)),
    "legal": (2, 5, ("court",), (0, 5)),
    "audit": (2, 5, ("sample",), (5, 6)),
    "security": (2, 6, ("intrusion",), (0, 1, 2)),
    "engineering": (4, 10, ("repair",), (5, 6)),
}
PURPOSE = {
    "login": "subject_request", "refund": "subject_request", "question": "subject_request", "chargeback": "fraud_review",
    "ring": "fraud_review", "threat": "safety_review", "spam": "safety_review", "court": "legal_demand",
    "sample": "quality_sampling", "intrusion": "incident_response", "repair": "service_repair",
}  # fmt: skip
COUNTRIES = ("IE", "US", "SG")
REGIONS = {"EU": ("IE", "DE"), "NA": ("US",), "AP": ("SG",)}


@dataclass
class Calm:
    """Rows of every table. `slips`: persons that nobody linked, by cluster."""

    staff: list = field(default_factory=list)
    persons: list = field(default_factory=list)
    classes: list = field(default_factory=list)
    links: list = field(default_factory=list)
    cases: list = field(default_factory=list)
    case_persons: list = field(default_factory=list)
    assignments: list = field(default_factory=list)
    approvals: list = field(default_factory=list)
    looks: list = field(default_factory=list)

    @contextmanager
    def opened(self, *without: str):
        """Its facts; without some tables, if named."""
        tables = {
            name: getattr(self, name)
            for name in ("staff", "persons", "classes", "links", "cases", "case_persons", "assignments", "approvals")
            if name not in without
        }
        tables["regions"] = [{"region": r, "country": c} for r, cs in REGIONS.items() for c in cs]
        tables["regions"] += [{"region": c, "country": c} for c in {*COUNTRIES, "DE"}]
        with facts_of(sorted(self.looks, key=lambda look: look["t"]), **tables) as facts:
            yield facts


def calm(seed: int, *, persons: int = 2500, each: int = 22) -> Calm:
    """`each`: cases per member of staff, about."""
    draw = random.Random(seed)
    made = Calm()
    _staff(draw, made)
    _persons(draw, made, persons)
    _work(draw, made, each)
    return made


def _staff(draw, made):
    for function, (units, many, _, _) in WORK.items():
        head = f"e-{function}-head"
        made.staff.append(
            {"who": head, "unit": f"{function}-0", "function": function, "manager": "e-chief", "country": "IE"}
        )
        for unit in range(units):
            boss = f"e-{function}-{unit}-boss"
            for number in range(many):
                who = boss if number == 0 else f"e-{function}-{unit}-{number}"
                made.staff.append({
                    "who": who, "unit": f"{function}-{unit}", "function": function,
                    "manager": head if number == 0 else boss, "country": COUNTRIES[(unit + number // 6) % 3],
                })  # fmt: skip


def _persons(draw, made, many):
    for number in range(many):
        person = f"p-{number:05d}"
        row = {"person": person, "region": draw.choice(("EU", "NA", "AP", "DE", "US")), "household": f"h-{number // 2}"}
        if number % 40 == 7:
            class_ = draw.choice(("press", "critic", "politician", "public_figure"))
            made.classes.append({"person": person, "class": class_})
            row["protected"] = 1
        made.persons.append(row)
        for kind, chance in (("contact", 0.8), ("follows", 0.5), ("device", 0.1), ("ip", 0.1), ("family", 0.2)):
            if draw.random() < chance:
                near = min(many - 1, max(0, number + draw.randint(-30, 30)))
                made.links.append({"a": person, "b": f"p-{near:05d}", "kind": kind})
    for number, row in enumerate(made.staff):
        if draw.random() < 0.6:
            row["own_person"] = f"p-{number:05d}"
            made.persons[number]["staff"] = 1
            made.classes.append({"person": f"p-{number:05d}", "class": "staff"})
        if draw.random() < 0.4:
            row["household"] = f"h-{number // 2}"


def _popular(draw, many):
    return min(many - 1, int(many * draw.random() ** 1.6))


def _work(draw, made, each):
    many = len(made.persons)
    by = {}
    for row in made.staff:
        by.setdefault(row["unit"], []).append(row)
    units = sorted(by)
    for unit in units:
        made.assignments += [{"who": row["who"], "scope_kind": "queue", "scope": f"q-{unit}"} for row in by[unit]]
    for unit in units:
        function = by[unit][0]["function"]
        _, _, types, fields = WORK[function]
        sloppy = draw.random() < 0.3
        for _ in range(each * len(by[unit])):
            opened = draw.uniform(-20, DAYS - 1)
            member = draw.choice(by[unit])
            number = len(made.cases)
            case, type_ = f"c-{number:06d}", draw.choice(types)
            other = draw.choice([u for u in units if u != unit])
            persons = {_popular(draw, many)}
            if type_ in ("ring", "threat"):
                start = min(persons)
                persons |= {min(many - 1, start + draw.randint(1, 30)) for _ in range(draw.randint(0, 5))}
            persons = [f"p-{p:05d}" for p in sorted(persons)]
            author = draw.choice(by[other])["who"]
            needs = type_ in ("court", "ring", "intrusion")
            made.cases.append({
                "case_id": case, "type": type_, "opened": at(opened), "assignee": member["who"], "opened_by": author,
                "closed": at(opened + draw.expovariate(1 / 8)), "queue": f"q-{unit}",
                "requester": persons[0] if function == "support" else author if needs else None,
                "approver": _approver(draw, made, by, author) if needs else None,
            })  # fmt: skip
            slipped = draw.random() < (0.12 if sloppy else 0.03)
            if not slipped:
                made.case_persons += [
                    {"case_id": case, "person": p, "added": at(opened), "added_by": author} for p in persons
                ]
            _looks(draw, made, (member, by[unit]), persons, opened, case, type_, fields)


def _approver(draw, made, by, author):
    """Whoever is on duty that week, seldom the own boss."""
    if draw.random() < 0.1:
        return next(row["manager"] for row in made.staff if row["who"] == author)
    return draw.choice(by["legal-0"] + by["legal-1"] + by["security-0"])["who"]


def _looks(draw, made, team, persons, opened, case, type_, fields):
    member, colleagues = team
    for person in persons:
        for _ in range(1 + int(draw.expovariate(1.2))):
            who = member if draw.random() < 0.85 else draw.choice(colleagues)
            day = opened + draw.uniform(0.05, 6)
            if not 0 < day < DAYS:
                continue
            look = {
                "t": at(day),
                "who": who["who"],
                "person": person,
                "case": case,
                "purpose": PURPOSE[type_],
                "app": "desk",
            }
            if draw.random() < 0.02:
                look["case"] = f"c-{draw.randint(0, 99999):06d}"
            if draw.random() < 0.01:
                del look["purpose"]
            look["decision"] = "permit"
            for field_ in draw.sample(fields, draw.randint(1, len(fields))):
                look[FIELDS[field_]] = 1
            made.looks.append(look)
