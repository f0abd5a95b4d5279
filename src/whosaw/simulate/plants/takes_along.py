# SPDX-License-Identifier: Apache-2.0
"""In the last weeks somebody takes lists along: exports of some dozens each, without a case, more than their work brings."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.hidden_in_crowd import NONE, request
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 1), persons=(2, 8), looks=(2, 4), span=(3, 21), fields=(0, 1))


def plant(scene: Scene) -> None:
    (who,) = scene.team(1, "support", "fraud", "operations", "data", "comms")
    persons = scene.chosen("public_figure", "press", "politician")
    first, last = scene.window()
    for _ in range(scene.dials.looks):
        listed = [*persons, *scene.strangers(int(scene.draw.integers(21, 60)))]
        scene.persons = list(dict.fromkeys([*scene.persons, *listed]))
        request(scene, who, scene.hand.moment(who, first, last), listed, NONE)
