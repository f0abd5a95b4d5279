# SPDX-License-Identifier: Apache-2.0
"""A list is shared out, so that no two look at the same person; half of the list is in no class."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(3, 6), persons=(6, 12), share=(0.3, 0.7), looks=(1, 2), span=(20, 120), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support", "fraud", "safety", "security", "audit", "legal", "operations")
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "politician", "union")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            scene.look(who, person, scene.hand.moment(who, first, last))
