# SPDX-License-Identifier: Apache-2.0
"""Twin of `curiosity`: an account goes viral, and a whole safety team works on the reports about it."""

from __future__ import annotations

from whosaw.simulate.draw import some
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "viral_account"


def play(scene: Scene) -> None:
    able = scene.able("safety", "support")
    scene.principals = some(able, scene.dials.colluders, scene.draw)
    scene.persons = scene.seeds(1, "public_figure", "politician", "critic")
    first, last = scene.window(scene.event("public_figure", "press", "politician", "critic"))
    portal = scene.where.staff.machines["portal"]
    for who in scene.principals:
        work_case(
            scene.hand, "abuse_report", [who], scene.persons, first, last, scene.dials.mask, purpose=2, opened_by=portal
        )
