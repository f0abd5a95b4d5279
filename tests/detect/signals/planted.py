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
    return made, plants


def _sweep(made, seed, weight):
    """Four of audit share out a journalist's circle so that nobody looks at another's. Or a case names them all."""
    whos = [s["who"] for s in made.staff if s["function"] == "audit"][:4]
    persons = [seed, *made.around(seed)[:6]]
    for n, person in enumerate(persons):
        made.look(whos[n % 4], person, 60 + 5 * n, Field.IP, weight=weight)
    return Plant(tuple(whos), tuple(persons))
