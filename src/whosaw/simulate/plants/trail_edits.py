# SPDX-License-Identifier: Apache-2.0
"""Looks without a reason, and edits that make them look better: off the list, a role for a day, a source that is quiet."""

from __future__ import annotations

from whosaw.simulate.company.persons import BIT
from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.work.edits import ROLES, classes_text, person_text, staff_text

RANGES = ranges(colluders=(1, 3), persons=(2, 8), share=(0.6, 1.0), span=(14, 60), fields=(1, 2))


def plant(scene: Scene) -> None:
    team = scene.team(scene.dials.colluders, "security", "admin", "data", "engineering")
    first, last = scene.window()
    way = int(scene.draw.integers(3))
    for at, person in enumerate(scene.chosen("press", "critic", "union", "litigant")):
        who, other = team[at % len(team)], team[(at + 1) % len(team)]
        times = sorted(scene.hand.moment(who, first, last) for _ in range(scene.dials.looks))
        for t in times:
            scene.look(who, person, t)
        if way == 0 and scene.where.persons.protected[person]:
            off_the_list(scene, person, other, times[-1] + scene.soon(4, 120))
        elif way == 1:
            role = ROLES[int(scene.draw.integers(len(ROLES)))]
            text = staff_text(scene.where, who)
            scene.hand.edit(other, times[0] - scene.soon(0.1, 4), "role_grant", text, None, role)
            scene.hand.edit(other, times[-1] + scene.soon(0.1, 6), "role_grant", text, role, None)
        else:
            what = ("retention", "detector", "template", "log_source")[int(scene.draw.integers(4))]
            old, new = (str(int(scene.draw.integers(30, 400))) for _ in range(2))
            at_ = times[0] + scene.soon(-48, 60)
            scene.hand.edit(other, at_, what, f"{what}-{int(scene.draw.integers(9)) + 1}", old, new)


def off_the_list(scene: Scene, person: int, who: int, t: int) -> None:
    """The person leaves the list, in the list's own table, too."""
    old = int(scene.where.persons.classes[person])
    new = old & BIT["staff"]
    if t >= scene.where.period.end:
        return
    target = person_text(scene.where, person)
    scene.hand.edit(who, t, "class_list", target, classes_text(old), classes_text(new))
    scene.hand.book.classes.append((person, t, new))
