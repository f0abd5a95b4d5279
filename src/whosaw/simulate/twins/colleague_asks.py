# SPDX-License-Identifier: Apache-2.0
"""Twin of `acquaintance`: employees who are customers ask for help, and colleagues of another unit help them, each with a case."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "colleagues_who_ask_for_help"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "support")
    scene.persons = scene.own_accounts(scene.dials.persons) or scene.strangers(2)
    first, last = scene.window()
    portal = scene.where.staff.machines["portal"]
    for at, person in enumerate(scene.persons):
        work_case(
            scene.hand, "support_request", [team[at % len(team)]], [person], first, last, scene.fitting(team[0]), purpose=0,
            opened_by=portal, times=scene.dials.looks, asks=person,
        )  # fmt: skip
