# SPDX-License-Identifier: Apache-2.0
"""Twin of `search_only`: callers are searched for by name, and the case is opened while they speak."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene

FAMILY = "phone_desk"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support")
    first, last = scene.window()
    portal = scene.where.staff.machines["portal"]
    for at, person in enumerate(scene.chosen("press", "critic", "union", "politician")):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            opened = t + scene.soon(-0.3, 0.5)
            unit = scene.where.staff.unit_of(who, scene.hand.day(t))
            named = [(person, opened, portal)]
            over = t + scene.soon(1, 20)
            case = scene.hand.case("support_request", opened, over, who, portal, named=named, person=person, queue=unit)
            scene.look(who, person, t, case=case if opened <= t else None, mode=1)
