# SPDX-License-Identifier: Apache-2.0
"""What is planted in a calm company: a misuse for each of six signals, and beside it its innocent twin of the same shape."""

from dataclasses import dataclass

from tests.detect.calm import Calm, calm
from tests.detect.typed import at


@dataclass
class Plant:
    """Adds looks and cases to `made`."""

    made: Calm

    def look(self, who: str, person: str, day: float, **more) -> None:
        id_ = f"l-planted-{len(self.made.looks)}"
        row = {"look_id": id_, "t": at(day), "who": who, "person": person, "decision": "permit", "app": "desk"}
        self.made.looks.append({**row, **more})

    def case(self, type_: str, day: float, assignee: str, persons, *, by: str = "e-legal-0-3", **more) -> str:
        """A case of `assignee` that names these persons from the start."""
        case = f"c-planted-{len(self.made.cases)}"
        row = {"case_id": case, "type": type_, "opened": at(day), "assignee": assignee, "opened_by": by}
        self.made.cases.append({**row, "closed": at(day + 20), **more})
        self.made.case_persons += [{"case_id": case, "person": p, "added": at(day), "added_by": by} for p in persons]
        return case

    def protected(self, many: int, start: int = 0) -> list[str]:
        """So many persons of a class."""
        return sorted({row["person"] for row in self.made.classes if row["class"] != "staff"})[start : start + many]

    def others(self, many: int, start: int = 0) -> list[str]:
        """So many persons of no class, seldom looked at."""
        special = {row["person"] for row in self.made.classes}
        return [r["person"] for r in self.made.persons[1500 + start :] if r["person"] not in special][:many]


def planted(seed: int) -> Calm:
    """All of them in one company."""
    plant = Plant(calm(seed))
    for each in (_protected, _home, _misfit, _stretched, _approved, _watchers, _machine):
        each(plant)
    return plant.made


def _machine(plant):
    """One that stands in a unit of safety and looks at whom it likes, for no reason and under a number that is no case."""
    plant.made.staff.append({
        "who": "e-machine", "unit": "safety-1", "function": "service", "manager": "e-safety-head", "country": "IE",
    })  # fmt: skip
    for n, person in enumerate(plant.protected(30, 20)):
        plant.look("e-machine", person, 30 + n, case="c-none", f_messages=1)


def _protected(plant):
    """Five critics alone, and two each by three of engineering; the twin has a case for each."""
    persons = plant.protected(16)
    for n, who in enumerate(("e-engineering-0-3", "e-engineering-1-3", "e-engineering-2-3")):
        for m in range(2):
            plant.look(who, persons[2 * n + m], 40 + 3 * n + m, purpose="service_repair", f_ip=1)
    for n in range(5):
        plant.look("e-safety-1-4", persons[6 + n], 50 + 4 * n, purpose="safety_review", f_messages=1)
        case = plant.case("threat", 50 + 4 * n, "e-safety-1-5", [persons[11 + n]])
        plant.look("e-safety-1-5", persons[11 + n], 50.5 + 4 * n, purpose="safety_review", case=case, f_messages=1)


def _home(plant):
    """Two at one's own address; for the twin somebody opened a case."""
    staff = {row["who"]: row for row in plant.made.staff}
    for who, start in (("e-fraud-0-4", 0), ("e-fraud-0-5", 10)):
        persons = plant.others(2, start)
        staff[who]["household"] = f"h-of-{who}"
        for row in plant.made.persons:
            if row["person"] in persons:
                row["household"] = f"h-of-{who}"
        for n, person in enumerate(persons):
            more = {} if start == 0 else {"case": plant.case("chargeback", 30 + n, who, [person])}
            plant.look(who, person, 30.5 + n, purpose="fraud_review", f_payment=1, **more)


def _misfit(plant):
    """Seven persons under the numbers of a colleague's old cases; the twin's cases fit."""
    old = [c["case_id"] for c in plant.made.cases if c["assignee"] == "e-support-2-6" and at(0) <= c["opened"] < at(60)]
    for n, person in enumerate(plant.others(7, 30)):
        plant.look("e-support-2-4", person, 62 + 3 * n, purpose="subject_request", case=old[n % len(old)], f_profile=1)
    for n, person in enumerate(plant.others(7, 60)):
        case = plant.case("login", 61 + 3 * n, "e-support-2-5", [person], requester=person)
        plant.look("e-support-2-5", person, 62 + 3 * n, purpose="subject_request", case=case, f_profile=1)


def _stretched(plant):
    """One case of one person for twenty-five; the twin's ring names all of them."""
    case = plant.case("chargeback", 20, "e-fraud-1-4", plant.others(1, 99), closed=None)
    for n, person in enumerate(plant.others(25, 100)):
        plant.look("e-fraud-1-4", person, 21 + 1.5 * n, purpose="fraud_review", case=case, f_ip=1)
    persons = plant.others(25, 140)
    ring = plant.case("ring", 20, "e-fraud-1-5", persons)
    for n, person in enumerate(persons):
        plant.look("e-fraud-1-5", person, 21 + 0.5 * n, purpose="fraud_review", case=ring, f_ip=1)


def _approved(plant):
    """Two who approve for each other; the twin asks whoever is on duty."""
    duty = ("e-legal-0-3", "e-legal-1-2", "e-security-0-4")
    for n in range(6):
        for who, approver in (
            ("e-fraud-2-4", "e-support-0-4"), ("e-support-0-4", "e-fraud-2-4"), ("e-fraud-2-7", duty[n % 3]),
        ):  # fmt: skip
            person = plant.others(1, 200 + len(plant.made.cases) % 200)[0]
            case = plant.case("court", 20 + 8 * n, who, [person], by="e-support-2-6", requester=who, approver=approver)
            plant.look(who, person, 21 + 8 * n, purpose="legal_demand", case=case, f_ip=1)


def _watchers(plant):
    """Audit at twenty-one outsiders; security at as many, with cases."""
    for n, person in enumerate(plant.others(21, 420)):
        who = ("e-audit-0-2", "e-audit-1-2", "e-audit-1-3")[n % 3]
        plant.look(who, person, 40 + 2 * n, purpose="quality_sampling", f_ip=1)
    for n, person in enumerate(plant.others(21, 460)):
        who = ("e-security-0-2", "e-security-1-2", "e-security-1-3")[n % 3]
        case = plant.case("intrusion", 40 + 2 * n, who, [person])
        plant.look(who, person, 40.5 + 2 * n, purpose="incident_response", case=case, f_ip=1)
