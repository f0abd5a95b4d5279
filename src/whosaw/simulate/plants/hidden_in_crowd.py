# SPDX-License-Identifier: Apache-2.0
"""Several wide requests, each about something else; a few persons are in all of them, and are looked at alone once."""

from __future__ import annotations

from whosaw.simulate.draw import NOBODY
from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.rows import mask

NONE = int(NOBODY)
WIDE = mask("profile", "activity")
RANGES = ranges(colluders=(1, 3), persons=(2, 6), looks=(3, 5), span=(10, 90), cover=(0.0, 0.5), fields=(0, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "data", "operations", "security", "engineering")
    persons = scene.chosen("press", "critic", "litigant", "politician")
    first, last = scene.window()
    for turn in range(scene.dials.looks):
        who = team[turn % len(team)]
        t = scene.hand.moment(who, first, last)
        real = scene.own_case(who, t) if scene.draw.random() < scene.dials.cover else None
        case = NONE if real is None else int(real["id"])
        listed = [*persons, *scene.strangers(int(scene.draw.integers(40, 160)))]
        request(scene, who, t, [listed[int(at)] for at in scene.draw.permutation(len(listed))], case)
        if scene.draw.random() < 0.4:
            after = scene.hand.moment(who, scene.hand.day(t), scene.hand.day(t) + 4)
            scene.look(who, persons[int(scene.draw.integers(len(persons)))], max(after, t + scene.soon(0.1, 2)))


def request(scene: Scene, who: int, t: int, listed: list[int], case: int) -> None:
    """One wide request at everybody listed; whoever is not meant is in the crowd."""
    listed = list(dict.fromkeys(listed))
    export = 2 if scene.draw.random() < 0.6 else 0
    first = scene.hand.look(who, listed[0], t, WIDE, mode=export, purpose=6, detail=1, case=case, rows_=len(listed))
    numbers = [first, *(scene.hand.beside(first, person) for person in listed[1:])]
    meant = set(scene.persons)
    scene.crowd += [number for number, person in zip(numbers, listed, strict=True) if person not in meant]
