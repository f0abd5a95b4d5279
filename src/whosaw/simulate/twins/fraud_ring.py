# SPDX-License-Identifier: Apache-2.0
"""Twin of `split_list`: a team shares out a ring of accounts that use the same devices, each in a case."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "fraud_ring"


def play(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "fraud")
    ring = scene.where.ties.rings[int(scene.draw.integers(len(scene.where.ties.rings)))]
    scene.persons = [person for person in ring if ("person", person) not in scene.taken][: scene.dials.persons]
    first, last = scene.window()
    engine = scene.where.staff.machines["risk-engine"]
    for at, person in enumerate(scene.persons):
        work_case(
            scene.hand, "fraud_report", [team[at % len(team)]], [person], first, last, scene.fitting(team[0]), purpose=3,
            opened_by=engine, times=scene.dials.looks,
        )  # fmt: skip
