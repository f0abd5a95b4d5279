# SPDX-License-Identifier: Apache-2.0
"""Each look names a real open case of the one who looks, which is about somebody else."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(cover=(0.5, 1.0), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support", "fraud", "safety")
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "union", "litigant")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            covered = scene.draw.random() < scene.dials.cover
            real = scene.own_case(who, t) if covered else None
            scene.look(who, person, t, case=None if real is None else int(real["id"]))
