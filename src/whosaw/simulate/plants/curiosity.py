# SPDX-License-Identifier: Apache-2.0
"""Many look once at one famous person within days; nobody agreed with anybody."""

from __future__ import annotations

from whosaw.simulate.draw import some
from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(
    colluders=(6, 15), persons=(1, 1), share=(1.0, 1.0), looks=(1, 1), span=(3, 14), fields=(0, 1), after=(0, 3)
)


def plant(scene: Scene) -> None:
    able = scene.able("support", "fraud", "safety", "operations", "engineering")
    scene.principals = some(able, scene.dials.colluders, scene.draw)
    event = scene.event("public_figure", "press", "politician", "critic")
    famous = scene.seeds(1, "public_figure", "politician")
    scene.persons = [event.persons[0]] if event is not None else famous
    first, last = scene.window(event)
    for who in scene.principals:
        scene.look(who, scene.persons[0], scene.hand.moment(who, first, last))
