# SPDX-License-Identifier: Apache-2.0
"""Twin of `cover_stretched`: a hold that the law demands, to which another unit adds persons for months."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene

FAMILY = "legal_hold"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "legal")
    persons = scene.chosen("litigant", "critic", "press")
    first, last = scene.window()
    opener = scene.able("admin", "executive")[0]
    begin = scene.hand.moment(team[0], first, first + 2)
    opened = begin - scene.soon(2, 60)
    unit = scene.where.staff.unit_of(team[0], scene.hand.day(opened))
    case = scene.hand.case("legal_hold", opened, None, team[0], opener, approver=opener, queue=unit)
    for at, person in enumerate(persons):
        who = team[at % len(team)]
        times = sorted(scene.hand.moment(who, first + 1, last) for _ in range(scene.dials.looks))
        scene.hand.name(case, person, times[0] - scene.soon(1, 30), opener)
        for t in times:
            scene.look(who, person, t, case=case, mode=2 if scene.draw.random() < 0.3 else 0)
