# SPDX-License-Identifier: Apache-2.0
"""Twin of `through_machine`: a machine repairs accounts one by one, for a case that names them."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene

FAMILY = "a_machine_that_repairs"


def play(scene: Scene) -> None:
    (who,) = scene.team(1, "engineering", "operations")
    machine = scene.where.staff.machines["desk-bridge"]
    first, last = scene.window()
    opener = scene.able("support")[0]
    for person in scene.chosen("press", "critic", "union", "politician"):
        times = sorted(scene.hand.moment(who, first, last) for _ in range(scene.dials.looks))
        opened = times[0] - scene.soon(1, 20)
        unit = scene.where.staff.unit_of(who, scene.hand.day(opened))
        over = times[-1] + scene.soon(1, 40)
        named = [(person, opened, opener)]
        case = scene.hand.case("bug_report", opened, over, who, opener, named=named, person=person, queue=unit)
        for t in times:
            scene.hand.look(
                machine, person, t, scene.fitting(who), purpose=1, app="support", desk=who, case=case, behalf=who
            )
