# SPDX-License-Identifier: Apache-2.0
"""Twin of `cover_wrong_person`: in an outage one case stands for all, and names the first who wrote in."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene

FAMILY = "outage_surge"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "engineering", "operations")
    scene.persons = scene.strangers(scene.dials.persons + 1)
    first, _ = scene.window()
    moments = sorted(
        (scene.hand.moment(who, first, first + 4), who, person)
        for at, person in enumerate(scene.persons)
        for who in [team[at % len(team)]]
        for _ in range(scene.dials.looks)
    )
    opened = moments[0][0] - scene.soon(0.5, 3)
    by = scene.able("support")[0]
    named = [(scene.persons[0], opened, by)]
    unit = scene.where.staff.unit_of(team[0], scene.hand.day(opened))
    case = scene.hand.case("outage", opened, moments[-1][0] + scene.soon(1, 9), team[0], by, named=named, queue=unit)
    for t, who, person in moments:
        scene.look(who, person, t, case=case)
