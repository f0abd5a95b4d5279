# SPDX-License-Identifier: Apache-2.0
"""Twin of `watchers`: an audit that the board ordered, whose scope was declared before and approved elsewhere."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "audit_with_mandate"


def play(scene: Scene) -> None:
    team = scene.across(scene.dials.colluders, "audit")
    board, legal = scene.able("executive")[0], scene.able("legal", "admin")[0]
    persons = scene.chosen("critic", "press", "litigant")
    half = max(1, len(persons) // 2)
    scene.persons = [*persons[:half], *scene.strangers(max(1, scene.dials.persons - half))]
    first, last = scene.window()
    case = work_case(
        scene.hand, "audit_mandate", team, scene.persons, first, last, scene.fitting(team[0]), purpose=7, opened_by=board,
        times=scene.dials.looks, approver=legal,
    )  # fmt: skip
    scene.hand.approve(team[0], legal, scene.hand.moment(legal, first, first), case=case)
