# SPDX-License-Identifier: Apache-2.0
"""Twin of `cover_added_later`: whoever was tied to the one in the case is linked by a machine some hours after the look."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene

FAMILY = "late_linking"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "safety")
    seed = scene.seeds(1, "press", "critic", "public_figure")[0]
    near = scene.where.ties.around(seed, "contact", "coworker", "device", "household")[: scene.dials.persons]
    scene.persons = [seed, *near]
    first, last = scene.window()
    engine, portal = scene.where.staff.machines["risk-engine"], scene.where.staff.machines["portal"]
    begin = scene.hand.moment(team[0], first, first + 1)
    opened = begin - scene.soon(1, 5)
    unit = scene.where.staff.unit_of(team[0], scene.hand.day(begin))
    named = [(seed, opened, portal)]
    case = scene.hand.case("abuse_report", opened, None, team[0], portal, named=named, person=seed, queue=unit)
    scene.look(team[0], seed, begin, case=case)
    for at, person in enumerate(near):
        who = team[at % len(team)]
        times = sorted(scene.hand.moment(who, first + 1, last) for _ in range(scene.dials.looks))
        for t in times:
            scene.look(who, person, t, case=case)
        scene.hand.name(case, person, times[0] + scene.soon(1, 40), engine)
