# SPDX-License-Identifier: Apache-2.0
"""Somebody looks at people they know: at home, among their contacts, at colleagues and at their manager; a friend helps."""

from __future__ import annotations

from whosaw.simulate.draw import one, some
from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 2), persons=(2, 6), share=(0.0, 0.3), looks=(1, 4), span=(14, 120), fields=(0, 2))


def plant(scene: Scene) -> None:
    own = scene.where.persons.own
    able = [
        who for who in scene.able("support", "fraud", "safety", "operations", "engineering", "security") if who in own
    ]
    first_one = one(able or scene.able("support"), scene.draw)
    scene.principals = [
        first_one,
        *some([who for who in able if who != first_one], scene.dials.colluders - 1, scene.draw),
    ]
    scene.persons = _known(scene, first_one)
    first, last = scene.window()
    for at, person in enumerate(scene.persons):
        who = scene.principals[at % len(scene.principals)]
        for _ in range(scene.dials.looks):
            scene.look(who, person, scene.hand.moment(who, first, last))


def _known(scene: Scene, who: int) -> list[int]:
    """From their own account outwards: home, family, contacts; then accounts of colleagues of the same unit."""
    own, ties = scene.where.persons.own, scene.where.ties
    near = [] if who not in own else [
        *ties.around(own[who], "household"), *ties.around(own[who], "family"), *ties.around(own[who], "contact")
    ]  # fmt: skip
    unit = scene.where.staff.unit_of(who, 0)
    mates = [
        person for other, person in sorted(own.items()) if other != who and scene.where.staff.unit_of(other, 0) == unit
    ]
    mixed = list(dict.fromkeys([*near[:2], *some(mates, 2, scene.draw), *near[2:], *mates]))
    return (mixed or scene.strangers(2))[: scene.dials.persons]
