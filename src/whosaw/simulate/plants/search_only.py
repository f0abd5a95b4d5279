# SPDX-License-Identifier: Apache-2.0
"""Nothing is opened: the list of what was found suffices. A search shows the person among others."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 4), persons=(3, 10), looks=(1, 4), span=(14, 90), fields=(0, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support", "fraud", "safety", "security", "data")
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "union", "politician")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            shown = scene.look(who, person, t, mode=1)
            others = scene.strangers(int(scene.draw.integers(3)))
            scene.crowd += [scene.hand.beside(shown, other) for other in others]
