# SPDX-License-Identifier: Apache-2.0
"""Two or more open cases for each other and approve each other: every look has all that it needs."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(2, 4), persons=(3, 10), looks=(1, 3), span=(20, 120), cover=(0.7, 1.0), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "fraud", "safety", "security", "audit", "legal")
    kind = {"fraud": "fraud_report", "safety": "safety_report", "security": "incident", "audit": "internal_inquiry"}
    type_ = kind.get(scene.function(team[0]), "legal_demand")
    first, last = scene.window()
    for at, person in enumerate(scene.chosen("press", "critic", "politician", "union")):
        who, friend = team[at % len(team)], team[(at + 1) % len(team)]
        times = sorted(scene.hand.moment(who, first, last) for _ in range(scene.dials.looks))
        case = None
        if scene.draw.random() < scene.dials.cover:
            opened = times[0] - scene.soon(0.3, 30)
            named = [(person, opened + scene.soon(0, 0.2), friend)]
            over = times[-1] + scene.soon(1, 60)
            unit = scene.where.staff.unit_of(who, scene.hand.day(opened))
            case = scene.hand.case(
                type_, opened, over, who, friend, named=named, staff=friend, approver=friend, queue=unit
            )
            scene.hand.approve(who, friend, opened + scene.soon(0.05, 0.25), case=case)
        for t in times:
            scene.look(who, person, t, case=case)
