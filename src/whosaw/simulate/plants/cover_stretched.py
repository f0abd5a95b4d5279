# SPDX-License-Identifier: Apache-2.0
"""A case that stands open for months, into which strangers are put one after the other by those who look."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 3), persons=(4, 12), looks=(1, 2), span=(40, 180), cover=(0.7, 1.0), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "fraud", "safety", "security", "legal")
    first, last = scene.window()
    begin = scene.hand.moment(team[0], first, first + 2)
    real = scene.own_case(team[0], begin)
    opened = begin - scene.soon(2, 60)
    unit = scene.where.staff.unit_of(team[0], scene.hand.day(opened))
    mates = [who for who in scene.able(scene.function(team[0])) if who not in team]
    opener = mates[0] if mates else team[-1]
    kind = {"fraud": "fraud_report", "safety": "abuse_report", "security": "incident", "legal": "legal_demand"}
    cover = [(person, opened, opener) for person in scene.strangers(1)]
    case = scene.hand.case(kind[scene.function(team[0])], opened, None, team[0], opener, named=cover, queue=unit)
    for at, person in enumerate(scene.chosen("press", "critic", "litigant", "politician")):
        who = team[at % len(team)]
        times = sorted(scene.hand.moment(who, first + 1, last) for _ in range(scene.dials.looks))
        covered = scene.draw.random() < scene.dials.cover
        if covered:
            scene.hand.name(case, person, times[0] - scene.soon(0.05, 3), team[(at + 1) % len(team)])
        for t in times:
            told = case if covered else None if real is None else int(real["id"])
            scene.look(who, person, t, case=told)
