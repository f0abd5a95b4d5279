# SPDX-License-Identifier: Apache-2.0
"""Two and two people of a control function in two countries look for who talked to the press.

critical article ──▶ its author, those around, and employees' own accounts: addresses and places, some approved in line
"""

from __future__ import annotations

from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import CONTROL, Scene

RANGES = ranges(
    colluders=(3, 6), persons=(5, 12), share=(0.15, 0.6), span=(14, 60), cover=(0.0, 0.5), fields=(2, 2), after=(1, 12)
)


def plant(scene: Scene) -> None:
    team = scene.across(scene.dials.colluders, *CONTROL)
    event = scene.event("press", "critic")
    named = () if event is None else tuple(p for p in event.persons if scene.where.persons.protected[p])
    outsiders = scene.chosen("press", "critic", first=named[:2])
    inside = scene.own_accounts(max(2, len(outsiders) // 2))
    first, last = scene.window(event)
    case = _case(scene, team, inside, first)
    for at, person in enumerate([*outsiders, *inside]):
        for who in dict.fromkeys((team[at % len(team)], team[(at + len(team) // 2) % len(team)])):
            for _ in range(scene.dials.looks):
                t = scene.hand.moment(who, first + 1, last)
                covered = scene.draw.random() < scene.dials.cover
                number = scene.look(who, person, t, case=case if covered else None)
                above = scene.manager(who, t)
                if above is not None and scene.draw.random() < 0.4:
                    scene.hand.approve(who, above, t - scene.soon(0.1, 6), look=number)


def _case(scene: Scene, team: list[int], inside: list[int], first: float) -> int:
    """Opened by one of them for another: it names employees and nobody else."""
    opened = scene.hand.moment(team[0], first, first + 1) - scene.soon(0, 1)
    named = [(person, opened + scene.soon(0, 1), team[0]) for person in inside]
    above = scene.manager(team[0], opened)
    return scene.hand.case(
        "internal_inquiry", opened, None, team[-1], team[0], named=named, staff=team[0], approver=above
    )
