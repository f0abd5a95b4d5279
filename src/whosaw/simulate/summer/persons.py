# SPDX-License-Identifier: Apache-2.0
"""The persons: customers, three journalists among them, those around the journalists, and staff as customers.

    idris.quaye ──partner── ama.quaye        a link says why somebody is looked at who wrote nothing
         └──────colleague── sam.ortega

Invariant: the journalists and those around them are the same under every seed; documents name them. The other customers
are drawn. Everybody is invented.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from whosaw.simulate.summer.staff import Colleague

JOURNALISTS = {"maren.holt": "IE", "idris.quaye": "US", "tilde.brandt": "IE"}
_AROUND = {
    "jonas.holt": "IE", "pia.lund": "IE", "noor.haddad": "US", "ama.quaye": "US", "sam.ortega": "US", "leo.winter": "IE",
}  # fmt: skip
_CUSTOMERS = 47

_GIVEN = """
ada aino alba amadou anouk arif bela bruno cedric chidi dario dilan edda emeka farah felipe greta hamid ines ivo jarek
joana kaito kirsi lamia leif malik mirela nadia nils oksana omar paula quentin ravi romy samir selma tadeo thora umar
vera wanda xenia yara yusuf zofia
"""
_FAMILY = """
abadan alvarin amsel ashdown balint bergholt cardoza castelan corvin dahlberg demirak duvall eastmoor ekdal ferreiro
fjeldsen galloway-reed gruber-lind hakimi hellgren iwamori jankovar kaldewey karimov lindqvar lombardin makoni mbeki-rowe
nakagami norwick obermoser olawale palmgren petrescan quarrie rasmusson rosendal sandoval-kim sundara takeuchi-ross
torvald ukwu valdane vanterpool weatherby yilmazer zabor
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One customer. `region`: the country they are a customer in; `household`: the same for people at one address."""

    person: str = field(repr=False)
    region: str
    classes: tuple[str, ...] = ()
    household: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """Two persons who have to do with each other; `kind` is one of whosaw-dataset/1, `how` says it in a word."""

    a: str = field(repr=False)
    b: str = field(repr=False)
    kind: str
    how: str


LINKS = (
    Link("maren.holt", "jonas.holt", "family", "sibling"),
    Link("maren.holt", "pia.lund", "coworker", "editor"),
    Link("maren.holt", "noor.haddad", "contact", "source"),
    Link("idris.quaye", "ama.quaye", "household", "partner"),
    Link("idris.quaye", "sam.ortega", "coworker", "colleague"),
    Link("tilde.brandt", "leo.winter", "household", "partner"),
    Link("tilde.brandt", "noor.haddad", "contact", "source"),
)


def persons(staff: Iterable[Colleague], random: Random) -> tuple[Person, ...]:
    """The journalists, those around them, the private accounts of `staff`, and customers drawn by `random`."""
    homes = {name: f"home-{link.a}" for link in LINKS if link.kind == "household" for name in (link.a, link.b)}
    press = [Person(name, region, ("press",), homes.get(name)) for name, region in JOURNALISTS.items()]
    around = [Person(name, region, (), homes.get(name)) for name, region in _AROUND.items()]
    own = [Person(each.own_person, each.country, ("staff",)) for each in staff if each.own_person is not None]
    given, family = random.sample(_GIVEN.split(), _CUSTOMERS), random.sample(_FAMILY.split(), _CUSTOMERS)
    drawn = [
        Person(f"{one}.{other}", "US" if number % 2 else "IE")
        for number, (one, other) in enumerate(zip(given, family, strict=True))
    ]
    return (*press, *around, *own, *drawn)


def around(person: str) -> tuple[str, ...]:
    """Those who are linked to `person`."""
    return tuple(link.b if link.a == person else link.a for link in LINKS if person in (link.a, link.b))
