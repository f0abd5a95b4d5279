# SPDX-License-Identifier: Apache-2.0
"""A machine looks that says nothing of who asked it: at hours, and from the desk, of the one who did."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 2), persons=(2, 8), looks=(1, 3), span=(10, 90), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support", "engineering", "operations", "security")
    machine = scene.where.staff.machines["desk-bridge"]
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "union", "politician")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            scene.hand.look(machine, person, t, scene.dials.mask, purpose=0, app="support", desk=who)
