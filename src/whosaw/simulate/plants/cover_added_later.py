# SPDX-License-Identifier: Apache-2.0
"""The look comes first; hours or days later the person is added to a real case, by the one who looked or a colleague."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.edits import person_text

RANGES = ranges(cover=(0.5, 1.0), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support", "fraud", "safety")
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "union", "litigant")):
        who = team[at % len(team)]
        times = sorted(scene.hand.moment(who, first, last) for _ in range(scene.dials.looks))
        covered = scene.draw.random() < scene.dials.cover
        real = scene.own_case(who, times[0]) if covered else None
        for t in times:
            scene.look(who, person, t, case=None if real is None else int(real["id"]))
        if real is not None:
            added, by = times[0] + scene.soon(1, 72), team[int(scene.draw.integers(len(team)))]
            scene.hand.name(int(real["id"]), person, added, by)
            scene.hand.also.append(("case", int(real["id"])))
            case, added_to = f"c-{int(real['id']):012x}", person_text(scene.where, person)
            scene.hand.edit(by, added, "case_person", case, None, added_to)
