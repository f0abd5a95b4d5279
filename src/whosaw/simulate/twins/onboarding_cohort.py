# SPDX-License-Identifier: Apache-2.0
"""Twin of `drift`: newcomers who take more cases each week, and in the end some of somebody known."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "onboarding_cohort"


def play(scene: Scene) -> None:
    team = scene.team(max(2, scene.dials.colluders), "support")
    first, last = scene.window()
    end = last - max(7.0, (last - first) / 6)
    weeks = max(1, int((end - first) // 7))
    portal = scene.where.staff.machines["portal"]
    for who in team:
        for week in range(weeks):
            for person in scene.strangers(1 + 5 * week // weeks):
                begin = first + 7 * week
                _one(scene, who, person, begin, begin + 6, portal)
    for at, person in enumerate(scene.chosen("press", "critic", "union", "litigant")):
        _one(scene, team[at % len(team)], person, end, last, portal)


def _one(scene: Scene, who: int, person: int, first: float, last: float, portal: int) -> None:
    work_case(
        scene.hand,
        "support_request",
        [who],
        [person],
        first,
        last,
        scene.fitting(who),
        purpose=0,
        opened_by=portal,
        asks=person,
    )
