# SPDX-License-Identifier: Apache-2.0
"""Twin of `motive`: accounts of a journalist and of some around were really taken over, and two countries work on it."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "real_takeover_of_a_journalists_account"


def play(scene: Scene) -> None:
    team = scene.across(scene.dials.colluders, "fraud")
    persons = scene.chosen("press", "critic")
    inside = scene.own_accounts(max(2, len(persons) // 2))
    first, last = scene.window(scene.event("press", "critic"))
    portal = scene.where.staff.machines["portal"]
    for at, person in enumerate([*persons, *inside]):
        pair = list(dict.fromkeys((team[at % len(team)], team[(at + len(team) // 2) % len(team)])))
        work_case(
            scene.hand, "account_takeover", pair, [person], first + 1, last, scene.fitting(team[0]), purpose=3, opened_by=portal,
            times=scene.dials.looks, asks=person, each=True,
        )  # fmt: skip
