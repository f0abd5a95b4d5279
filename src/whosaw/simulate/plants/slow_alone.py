# SPDX-License-Identifier: Apache-2.0
"""One person, for months, at a few: never many at a time, and never with a case."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 1), persons=(1, 4), looks=(3, 5), span=(60, 180), fields=(1, 2))


def plant(scene: Scene) -> None:
    (who,) = scene.team(1, "support", "fraud", "safety", "security", "operations")
    first, last = scene.window()
    for person in scene.chosen("press", "critic", "union", "public_figure", "litigant"):
        for _ in range(scene.dials.looks):
            scene.look(who, person, scene.hand.moment(who, first, last))
