# SPDX-License-Identifier: Apache-2.0
"""Twin of `trail_edits`: people ask to be taken off a list, are looked at in their own case, and taken off by somebody else."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.plants.trail_edits import off_the_list
from whosaw.simulate.work.hand import work_case

FAMILY = "list_keeping"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support")
    keepers = scene.able("admin", "security")
    first, last = scene.window()
    portal = scene.where.staff.machines["portal"]
    for at, person in enumerate(scene.chosen("press", "critic", "union", "litigant")):
        who = team[at % len(team)]
        work_case(
            scene.hand, "subject_request", [who], [person], first, last, scene.fitting(who), purpose=0, opened_by=portal,
            times=scene.dials.looks, asks=person,
        )  # fmt: skip
        if scene.where.persons.protected[person]:
            keeper = keepers[int(scene.draw.integers(len(keepers)))]
            off_the_list(scene, person, keeper, scene.hand.moment(keeper, last, last + 3))
