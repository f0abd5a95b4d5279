# SPDX-License-Identifier: Apache-2.0
"""Twin of `cover_own_ring`: two at a time are on call and sign for each other; others opened the incidents."""

from __future__ import annotations

from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.hand import work_case

FAMILY = "two_on_call"


def play(scene: Scene) -> None:
    team = scene.team(max(2, scene.dials.colluders), "security")
    first, last = scene.window()
    able = scene.able("engineering", "operations")
    for at, person in enumerate(scene.chosen("press", "critic", "public_figure")):
        who, friend = team[at % len(team)], team[(at + 1) % len(team)]
        opener = able[int(scene.draw.integers(len(able)))]
        case = work_case(
            scene.hand, "incident", [who], [person], first, last, scene.fitting(who), purpose=5, opened_by=opener,
            times=scene.dials.looks, approver=friend,
        )  # fmt: skip
        t = scene.hand.moment(who, first, last)
        scene.hand.approve(who, friend, t - scene.soon(0.05, 0.25), case=case)
