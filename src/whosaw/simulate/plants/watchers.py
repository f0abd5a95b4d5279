# SPDX-License-Identifier: Apache-2.0
"""Those who control others look at customers of another region; what they broke open their own unit reviews."""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene

RANGES = ranges(colluders=(1, 4), persons=(3, 12), share=(0.0, 0.6), looks=(1, 3), span=(20, 120), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.across(scene.dials.colluders, "audit", "security", "legal", "data", "admin")
    home = {int(scene.where.staff.country[who]) for who in team}
    served = {int(region) for country in home for region in scene.where.regions(country)}
    persons = scene.chosen("critic", "press", "litigant")
    foreign = [p for p in scene.strangers(4 * scene.dials.persons) if int(scene.where.persons.region[p]) not in served]
    half = max(1, len(persons) // 2)
    scene.persons = [*persons[:half], *foreign[: max(1, scene.dials.persons - half)]]
    first, last = scene.window()
    for at, person in enumerate(scene.persons):
        who = team[at % len(team)]
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            as_them = scene.draw.random() < 0.35
            number = scene.look(who, person, t, mode=4 if as_them else 0)
            if as_them:
                reviewer = team[(at + 1) % len(team)]
                above = scene.manager(who, t)
                signed = above if reviewer == who and above is not None else reviewer
                scene.hand.approve(who, signed, t + scene.soon(2, 90), look=number, kind=1)
