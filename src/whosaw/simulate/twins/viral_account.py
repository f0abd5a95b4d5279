# SPDX-License-Identifier: Apache-2.0
"""Twin of `curiosity`: an account goes viral, and the safety team works on the reports about it, and support helps."""

from __future__ import annotations

from whosaw.simulate.draw import some
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "viral_account"


def play(scene: Scene) -> None:
    able, more = scene.able("safety"), scene.able("support")
    safety = some(able, scene.dials.colluders, scene.draw)
    scene.principals = [*safety, *some(more, scene.dials.colluders - len(safety), scene.draw)]
    scene.persons = scene.seeds(1, "public_figure", "politician", "critic")
    first, last = scene.window(scene.event("public_figure", "press", "politician", "critic"))
    portal = scene.where.staff.machines["portal"]
    for who in scene.principals:
        kind, purpose = ("abuse_report", 2) if scene.function(who) == "safety" else ("support_request", 0)
        work_case(
            scene.hand, kind, [who], scene.persons, first, last, scene.fitting(who), purpose=purpose, opened_by=portal
        )
