# SPDX-License-Identifier: Apache-2.0
"""Twin of `takes_along`: the quarter ends, and lists are exported for a case that a machine drew."""

from __future__ import annotations

from whosaw.simulate.plants.hidden_in_crowd import request
from whosaw.simulate.plants.scene import Scene

FAMILY = "end_of_a_quarter"


def play(scene: Scene) -> None:
    (who,) = scene.team(1, "operations", "data")
    engine = scene.where.staff.machines["risk-engine"]
    first, last = scene.window()
    for _ in range(scene.dials.looks):
        listed = scene.strangers(scene.dials.persons + int(scene.draw.integers(21, 60)))
        scene.persons = list(dict.fromkeys([*scene.persons, *listed]))
        t = scene.hand.moment(who, first, last)
        opened = t - scene.soon(1, 40)
        unit = scene.where.staff.unit_of(who, scene.hand.day(t))
        named = [(person, opened, engine) for person in listed]
        case = scene.hand.case("quality_sample", opened, t + scene.soon(5, 60), who, engine, named=named, queue=unit)
        request(scene, who, t, listed, case)
