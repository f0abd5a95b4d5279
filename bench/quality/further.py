# SPDX-License-Identifier: Apache-2.0
"""Families that stand in no list of the simulator and were made for validation only. They have been read since.

    after_the_case   whoever had a case goes on looking at its person once it is closed
    padded           each look that is meant stands among four at anybody
    borrowed         others' accounts, from one's own desk
    newsroom         many, each once, at the colleagues of a journalist, of whom none is in a class

Those that nobody has read are in unread.py.
"""

from __future__ import annotations

import numpy as np

from whosaw.simulate.company.period import DAY
from whosaw.simulate.draw import NOBODY, one, some
from whosaw.simulate.folder.cells import NEVER
from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import PURPOSE, Scene
from whosaw.simulate.scenarios import Family
from whosaw.simulate.twins import fraud_ring, long_dispute, two_on_call, viral_account

_FIRST = 200  # far behind those of the simulator


def after_the_case(scene: Scene) -> None:
    """From nine days after it was closed."""
    staff, persons = scene.where.staff, scene.where.persons
    over = scene.cases[(scene.cases["closed"] != NEVER) & (scene.cases["person"] != NOBODY)]
    over = over[over["closed"] < scene.where.period.end - 25 * DAY]
    able = [who for who in scene.able("support", "fraud") if staff.codes[who] in over["assignee"]]
    (who,) = scene.principals = [one(able, scene.draw)]
    mine = over[over["assignee"] == staff.codes[who]]
    for at in some(list(range(len(mine))), scene.dials.persons, scene.draw):
        person = int(np.flatnonzero(persons.codes == mine["person"][at])[0])
        closed = scene.hand.day(int(mine["closed"][at]))
        for _ in range(scene.dials.looks):
            last = min(closed + 9 + scene.dials.span, scene.where.period.days - 1)
            scene.look(who, person, scene.hand.moment(who, closed + 9, last))


def padded(scene: Scene) -> None:
    """Within minutes, at anybody, for the same pretended purpose."""
    team = scene.team(scene.dials.colluders, "support", "fraud", "safety")
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "union")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            for stranger in scene.strangers(4):
                scene.crowd.append(scene.look(who, stranger, t + scene.soon(0, 0.2)))
            scene.look(who, person, t + scene.soon(0, 0.2))


def borrowed(scene: Scene) -> None:
    """One of a unit, from their own desk, under the names of others who are there."""
    (who,) = scene.team(1, "support", "fraud", "safety")
    unit = scene.where.staff.unit_of(who, 0)
    mates = [other for other in scene.able(scene.function(who)) if scene.where.staff.unit_of(other, 0) == unit]
    mates = some([other for other in mates if other != who], max(2, scene.dials.colluders), scene.draw) or [who]
    first, last = scene.window()
    for person in scene.chosen("press", "critic", "litigant"):
        for _ in range(scene.dials.looks):
            account = one(mates, scene.draw)
            t = scene.hand.moment(who, first, last)
            purpose = PURPOSE[scene.function(account)]
            scene.hand.look(account, person, t, scene.dials.mask, purpose=purpose, desk=who)


def newsroom(scene: Scene) -> None:
    """None of those looked at is in a class; nobody looks twice."""
    (seed,) = scene.seeds(1, "press")
    near = [p for p in scene.where.ties.around(seed, "coworker", "contact", "family")
            if not scene.where.persons.protected[p]]  # fmt: skip
    scene.persons = some(near, scene.dials.persons, scene.draw) or scene.strangers(3)
    scene.principals = some(scene.able("support", "fraud", "safety"), scene.dials.colluders, scene.draw)
    first, last = scene.window()
    for at, person in enumerate(scene.persons):
        who = scene.principals[at % len(scene.principals)]
        scene.look(who, person, scene.hand.moment(who, first, last))


FAMILIES = tuple(
    Family(plant.__name__, own, plant, twin.play, twin.FAMILY, _FIRST + at)
    for at, (plant, own, twin) in enumerate((
        (after_the_case, ranges(colluders=(1, 1), persons=(2, 6), looks=(2, 4), span=(14, 60), fields=(0, 2)), long_dispute),
        (padded, ranges(colluders=(1, 2), persons=(3, 8), looks=(1, 2), span=(10, 60), fields=(1, 2)), viral_account),
        (borrowed, ranges(colluders=(2, 4), persons=(3, 8), looks=(1, 3), span=(10, 60), fields=(1, 2)), two_on_call),
        (newsroom, ranges(colluders=(4, 6), persons=(5, 12), share=(0.0, 0.0), span=(14, 60), fields=(1, 2)), fraud_ring),
    ))
)  # fmt: skip
