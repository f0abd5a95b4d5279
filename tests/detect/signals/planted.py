# SPDX-License-Identifier: Apache-2.0
"""Misuse to be found, and beside it honest work of the same shape."""

from dataclasses import dataclass

from tests.detect.signals.ground import company

from whosaw.model.access import Field


@dataclass
class Plant:
    """Who did it to whom."""

    whos: tuple
    persons: tuple


def all_of_them():
    """(company, plants by name)."""
    made = company(1)
    plants = {}
    free = sorted(made.protected(), key=lambda p: (-len(made.around(p)), p))
    plants["sweep"], plants["takeover"] = _sweep(made, free[0], 0), _sweep(made, free[1], 95)
    plants["fixed"], plants["dispute"] = _returns(made, "e-0003", "p-00901", 0), _returns(made, "e-0011", "p-00905", 90)
    plants["article"], plants["help"] = _article(made, free[2], "v-x", 0), _article(made, free[3], "v-y", 95)
    plants["hunt"], plants["security"] = _hunt(made, free[4:7]), _security(made, free[7:9])
    plants["gang"] = _gang(made, ("e-0001", "e-0018", "e-0035"), [f"p-{n:05d}" for n in range(1200, 1250, 10)])
    plants["shifts"] = _shifts(made, ("e-0008", "e-0056"), [f"p-{n:05d}" for n in range(1300, 1360, 3)])
    return made, plants


def _sweep(made, seed, weight):
    """Four of audit share out a journalist's circle so that nobody looks at another's. Or a case names them all."""
    whos = [s["who"] for s in made.staff if s["function"] == "audit"][:4]
    persons = [seed, *made.around(seed)[:6]]
    for n, person in enumerate(persons):
        made.look(whos[n % 4], person, 60 + 5 * n, Field.IP, weight=weight)
    return Plant(tuple(whos), tuple(persons))


def _returns(made, who, person, weight):
    """One who looks at the same person every other week for months. Or who has a case of it all the time."""
    for n in range(9):
        made.look(who, person, 10 + 15 * n, Field.MESSAGES, weight=weight)
    return Plant((who,), (person,))


def _article(made, author, event, weight):
    """Two of different units look at an author and the author's friends, once each, after an article. Or answer them."""
    whos = ("e-0004", "e-0013")
    persons = [author, *made.around(author)[:5]]
    made.events.append({"event_id": event, "day": 90, "kind": "article", "stance": "critical"})
    made.event_persons.append({"event_id": event, "person": author})
    for n, person in enumerate(persons):
        made.look(whos[n % 2], person, 92 + 5 * n, Field.PROFILE, weight=weight)
    return Plant(whos, tuple(persons))


def _hunt(made, journalists):
    """Three of data look up where three journalists and nine colleagues were; half of it under an inquiry."""
    whos = [s["who"] for s in made.staff if s["function"] == "data"][:3]
    persons = [*journalists, *[s["own_person"] for s in made.staff if s["own_person"]][10:19]]
    for n, person in enumerate(persons):
        made.look(whos[n % 3], person, 120 + n, Field.IP, weight=95 if n % 2 else 0)
    return Plant(tuple(whos), tuple(persons))


def _security(made, journalists):
    """Three of security look at places all day, and among them at those of two journalists and two colleagues."""
    whos = [s["who"] for s in made.staff if s["function"] == "security"][:3]
    persons = [*journalists, *[s["own_person"] for s in made.staff if s["own_person"]][22:24]]
    persons += [p["person"] for p in made.persons[1000:1120] if not p["protected"]]
    for n, person in enumerate(persons):
        made.look(whos[n % 3], person, 120 + n % 20, Field.IP, weight=95)
    return Plant(tuple(whos), tuple(persons))


def _gang(made, whos, persons):
    """Three of different units look at the same five persons, within days of each other."""
    for n, person in enumerate(persons):
        for k, who in enumerate(whos):
            made.look(who, person, 70 + 6 * n + k, Field.PROFILE)
    return Plant(whos, tuple(persons))


def _shifts(made, whos, persons):
    """Two who hand over to each other: twenty matters, of which the links of two are missing."""
    for n, person in enumerate(persons):
        for k, who in enumerate(whos):
            made.look(who, person, 40 + 3 * n + k, Field.PROFILE, weight=0 if n in (4, 9) else 100)
    return Plant(whos, tuple(persons))
