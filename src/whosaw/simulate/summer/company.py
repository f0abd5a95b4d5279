# SPDX-License-Identifier: Apache-2.0
"""Larkway: an invented company with its staff, its customers and the cases of one summer.

    seed, start ──▶ Company ──▶ tables (what the directory is told) and summer (what happens)

Invariant: the same seed and start give the same company, on every machine and in every process. Each part draws from a
stream of its own, so that one more draw in one part moves nothing in another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from whosaw.simulate.summer.cases import Case, cases
from whosaw.simulate.summer.persons import LINKS, Link, Person, persons
from whosaw.simulate.summer.staff import AUDIT, Colleague, staff

NAME = "Larkway"


@dataclass(frozen=True, slots=True)
class Company:
    """Everything that stands still. Cases are all of the summer's; what is known of them when, `tables` says."""

    name: str
    start: date
    staff: tuple[Colleague, ...] = field(repr=False)
    persons: tuple[Person, ...] = field(repr=False)
    links: tuple[Link, ...] = field(repr=False)
    cases: tuple[Case, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """Who did it, and to whom: for tests and for the end of the story, never for anything that detects.

    `persons`: everybody affected: `journalists`, those `around` them, and the private accounts of `suspected` staff.
    """

    principals: tuple[str, ...] = field(repr=False)
    journalists: tuple[str, ...] = field(repr=False)
    around: tuple[str, ...] = field(repr=False)
    suspected: tuple[str, ...] = field(repr=False)

    @property
    def persons(self) -> tuple[str, ...]:
        return (*self.journalists, *self.around, *self.suspected)


def company(seed: int, start: date) -> Company:
    """The company, whose summer begins at midnight (UTC) of `start`."""
    colleagues = staff(start, stream(seed, "staff"))
    customers = persons(colleagues, stream(seed, "persons"))
    opened = cases(start, colleagues, customers, stream(seed, "cases"))
    return Company(NAME, start, colleagues, customers, LINKS, opened)


def truth(company: Company) -> Truth:
    """What was planted in its summer, whatever the seed."""
    press = tuple(each.person for each in company.persons if "press" in each.classes)
    linked = sorted({name for link in company.links for name in (link.a, link.b)} - set(press))
    return Truth(
        principals=tuple(each.staff_id for each in company.staff if each.unit == AUDIT),
        journalists=press,
        around=tuple(linked),
        suspected=tuple(each.own_person for each in company.staff if each.own_person is not None),
    )


def stream(seed: int, part: str) -> Random:
    """Draws of one part. Seeded by a text, which Random hashes with SHA-512: the same in every process."""
    return Random(f"whosaw/simulate/{seed}/{part}")  # noqa: S311  an invented company needs no secrets
