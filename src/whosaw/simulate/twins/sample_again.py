# SPDX-License-Identifier: Apache-2.0
"""Twin of `hidden_in_crowd`: the same sample is drawn again, with new people in it each time; a machine drew all of them for a case."""

from __future__ import annotations

from whosaw.simulate.plants.hidden_in_crowd import request
from whosaw.simulate.plants.scene import Scene

FAMILY = "a_sample_drawn_again"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "data", "operations")
    scene.persons = scene.strangers(scene.dials.persons)
    first, last = scene.window()
    engine = scene.where.staff.machines["risk-engine"]
    for turn in range(scene.dials.looks):
        who = team[turn % len(team)]
        t = scene.hand.moment(who, first, last)
        listed = [*scene.persons, *scene.strangers(int(scene.draw.integers(40, 160)))]
        listed = [listed[int(at)] for at in scene.draw.permutation(len(listed))]
        opened = t - scene.soon(1, 40)
        unit = scene.where.staff.unit_of(who, scene.hand.day(t))
        named = [(person, opened, engine) for person in dict.fromkeys(listed)]
        case = scene.hand.case("quality_sample", opened, t + scene.soon(5, 60), who, engine, named=named, queue=unit)
        request(scene, who, t, listed, case)
