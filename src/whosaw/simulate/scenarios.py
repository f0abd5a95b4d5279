# SPDX-License-Identifier: Apache-2.0
"""The families that can be planted, each with its dials' ranges and its benign twin; and how one is put into a company.

Invariant: a scenario draws from generators of its own, named by family and turn; it neither sees nor moves another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whosaw.errors import BadInput
from whosaw.simulate.company.division import Division
from whosaw.simulate.folder.truth import Planted
from whosaw.simulate.plants import (
    acquaintance,
    cover_added_later,
    cover_own_ring,
    cover_stretched,
    cover_wrong_person,
    curiosity,
    drift,
    hidden_in_crowd,
    motive,
    search_only,
    slow_alone,
    split_list,
    takes_along,
    through_machine,
    trail_edits,
    watchers,
)
from whosaw.simulate.plants.dials import NO_COVER, Range, dial
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.twins import (
    account_takeover,
    audit_with_mandate,
    batch_repair,
    colleague_asks,
    fraud_ring,
    late_linking,
    legal_hold,
    list_keeping,
    long_dispute,
    onboarding_cohort,
    outage_surge,
    phone_desk,
    quarter_end,
    sample_again,
    two_on_call,
    viral_account,
)
from whosaw.simulate.work.book import Book
from whosaw.simulate.work.hand import Hand


@dataclass(frozen=True, slots=True)
class Family:
    """`plant` puts the incident down, `twin` honest work of its shape. `place`: where its numbers begin, if it is none of NAMES."""

    name: str
    ranges: Mapping[str, Range]
    plant: Callable[[Scene], None]
    twin: Callable[[Scene], None]
    twin_name: str
    place: int | None = None


FAMILIES: tuple[Family, ...] = (
    Family("motive", motive.RANGES, motive.plant, account_takeover.play, account_takeover.FAMILY),
    Family("slow_alone", slow_alone.RANGES, slow_alone.plant, long_dispute.play, long_dispute.FAMILY),
    Family("split_list", split_list.RANGES, split_list.plant, fraud_ring.play, fraud_ring.FAMILY),
    Family(
        "cover_wrong_person",
        cover_wrong_person.RANGES,
        cover_wrong_person.plant,
        outage_surge.play,
        outage_surge.FAMILY,
    ),
    Family(
        "cover_added_later", cover_added_later.RANGES, cover_added_later.plant, late_linking.play, late_linking.FAMILY
    ),
    Family("cover_stretched", cover_stretched.RANGES, cover_stretched.plant, legal_hold.play, legal_hold.FAMILY),
    Family("cover_own_ring", cover_own_ring.RANGES, cover_own_ring.plant, two_on_call.play, two_on_call.FAMILY),
    Family("watchers", watchers.RANGES, watchers.plant, audit_with_mandate.play, audit_with_mandate.FAMILY),
    Family("trail_edits", trail_edits.RANGES, trail_edits.plant, list_keeping.play, list_keeping.FAMILY),
    Family("search_only", search_only.RANGES, search_only.plant, phone_desk.play, phone_desk.FAMILY),
    Family("drift", drift.RANGES, drift.plant, onboarding_cohort.play, onboarding_cohort.FAMILY),
    Family("curiosity", curiosity.RANGES, curiosity.plant, viral_account.play, viral_account.FAMILY),
    Family("acquaintance", acquaintance.RANGES, acquaintance.plant, colleague_asks.play, colleague_asks.FAMILY),
    Family("hidden_in_crowd", hidden_in_crowd.RANGES, hidden_in_crowd.plant, sample_again.play, sample_again.FAMILY),
    Family("through_machine", through_machine.RANGES, through_machine.plant, batch_repair.play, batch_repair.FAMILY),
    Family("takes_along", takes_along.RANGES, takes_along.plant, quarter_end.play, quarter_end.FAMILY),
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
    place = NAMES.index(turn.family.name) if turn.family.place is None else turn.family.place
    component = _FIRST + 2 * (place * _TURNS + turn.nth)
    made: list[Planted] = []
    taken: frozenset[tuple[str, int]] = frozenset()
    for benign, play in ((False, turn.family.plant), (True, turn.family.twin)):
        draw = where.draws("scenario", turn.family.name, turn.nth, int(benign))
        scene = Scene(where, Hand(where, book, component + benign, draw), dials, background, taken, benign)
        if not benign and turn.family.ranges["cover"] == NO_COVER:
            # A generator of their own: with and without stories all else that is planted is the same.
            scene.stories = where.draws("stories", turn.family.name, turn.nth)
        play(scene)
        looks = scene.hand.looks()
        name = f"{'b' if benign else 'i'}-{turn.number:02d}"
        family = turn.family.twin_name if benign else turn.family.name
        twin_of = f"i-{turn.number:02d}" if benign else None
        about = np.delete(looks, scene.crowd)
        also = tuple(scene.hand.also)
        made.append(
            Planted(name, family, benign, looks, about, dials.said, also, twin_of, scene.hand.on_whose_behalf())
        )
        taken = frozenset({*(("who", w) for w in scene.principals), *(("person", p) for p in scene.persons)})
    return made
