# SPDX-License-Identifier: Apache-2.0
"""The families that can be planted, each with its dials' ranges and its benign twin; and how one is put into a company.

Invariant: a scenario draws from generators of its own, named by family and turn; it neither sees nor moves another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from whosaw.errors import BadInput
from whosaw.simulate.company.division import Division
from whosaw.simulate.folder.truth import Planted
from whosaw.simulate.plants import motive
from whosaw.simulate.plants.dials import Range, dial
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.twins import account_takeover
from whosaw.simulate.work.book import Book
from whosaw.simulate.work.hand import Hand


@dataclass(frozen=True, slots=True)
class Family:
    """`plant` puts the incident down, `twin` honest work of its shape."""

    name: str
    ranges: Mapping[str, Range]
    plant: Callable[[Scene], None]
    twin: Callable[[Scene], None]
    twin_name: str


FAMILIES: tuple[Family, ...] = (
    Family("motive", motive.RANGES, motive.plant, account_takeover.play, account_takeover.FAMILY),
)
NAMES = tuple(family.name for family in FAMILIES)
_FIRST = 1000  # components before it belong to the background
_TURNS = 256  # of one family


@dataclass(frozen=True, slots=True)
class Turn:
    """The `nth` time that a family is planted; `number` is what the truth calls it."""

    family: Family
    nth: int
    number: int


def turns(asked: Sequence[str]) -> tuple[Turn, ...]:
    """What `--scenario` says, which may repeat: families, `all`, or `none`. Raises BadInput."""
    names = [name for word in asked for name in (NAMES if word == "all" else () if word == "none" else (word,))]
    made: list[Turn] = []
    for number, name in enumerate(names):
        if name not in NAMES:
            raise BadInput(f"no such family; there are {', '.join(NAMES)}", where="--scenario")
        nth = sum(turn.family.name == name for turn in made)
        if nth == _TURNS:
            raise BadInput(f"at most {_TURNS} times the same family", where="--scenario")
        made.append(Turn(FAMILIES[NAMES.index(name)], nth, number + 1))
    return tuple(made)


def put(where: Division, book: Book, background: NDArray[Any], turn: Turn) -> list[Planted]:
    """The incident and its twin, in this division. `background`: its cases, before anything was planted."""
    fixed = where.settings.dials.get(turn.family.name, {})
    dials = dial(turn.family.ranges, fixed, where.period.days, where.draws("dials", turn.family.name, turn.nth))
    component = _FIRST + 2 * (NAMES.index(turn.family.name) * _TURNS + turn.nth)
    made: list[Planted] = []
    taken: frozenset[tuple[str, int]] = frozenset()
    for benign, play in ((False, turn.family.plant), (True, turn.family.twin)):
        draw = where.draws("scenario", turn.family.name, turn.nth, int(benign))
        scene = Scene(where, Hand(where, book, component + benign, draw), dials, background, taken)
        play(scene)
        looks = scene.hand.looks()
        name = f"{'b' if benign else 'i'}-{turn.number:02d}"
        family = turn.family.twin_name if benign else turn.family.name
        twin_of = f"i-{turn.number:02d}" if benign else None
        made.append(Planted(name, family, benign, looks, dials.said, tuple(scene.hand.also), twin_of))
        taken = frozenset({*(("who", w) for w in scene.principals), *(("person", p) for p in scene.persons)})
    return made
