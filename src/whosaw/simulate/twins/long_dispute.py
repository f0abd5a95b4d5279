# SPDX-License-Identifier: Apache-2.0
"""Twin of `slow_alone`: one person with a few disputes that drag on for months, each with its case."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "long_dispute"


def play(scene: Scene) -> None:
    team = scene.team(1, "support")
    first, last = scene.window()
    portal = scene.where.staff.machines["portal"]
    for person in scene.chosen("press", "critic", "union", "public_figure", "litigant"):
        work_case(
            scene.hand, "support_request", team, [person], first, last, scene.fitting(team[0]), purpose=0, opened_by=portal,
            times=scene.dials.looks, asks=person,
        )  # fmt: skip
