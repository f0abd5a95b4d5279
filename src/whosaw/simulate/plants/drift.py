# SPDX-License-Identifier: Apache-2.0
"""Months of slow rise first, at anybody, until what comes in the end is nothing new."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 2), persons=(2, 8), looks=(2, 4), span=(90, 180), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support", "fraud", "safety", "operations")
    first, last = scene.window()
    end = last - max(7.0, (last - first) / 6)
    weeks = max(1, int((end - first) // 7))
    for who in team:
        for week in range(weeks):
            for person in scene.strangers(1 + 5 * week // weeks):
                begin = first + 7 * week
                scene.look(who, person, scene.hand.moment(who, begin, begin + 6))
    for at, person in enumerate(scene.chosen("press", "critic", "union", "litigant")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            scene.look(who, person, scene.hand.moment(who, end, last))
