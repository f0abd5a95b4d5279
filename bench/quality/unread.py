# SPDX-License-Identifier: Apache-2.0
"""Families that stand in no list of the simulator, so that no detector was made while looking at one: for validation only.

    new_street    everybody in some houses of one street, by one who is about to move there
    favours       two of different units, each at those whom the other knows
    made_to_sell  one every week or so, of the kind that comes anyway, most for a case that names nobody
    forewarned    those on whom another unit works, for as long as it does: somebody warns them
    on_order      one outsider reports them, always to the same one, who looks at somebody near as well

Whoever reads findings about one of them while changing a detector moves its name to `read` in read.toml.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from whosaw.simulate.company.period import DAY
from whosaw.simulate.company.persons import somebody
from whosaw.simulate.draw import one, some
from whosaw.simulate.folder.cells import NEVER
from whosaw.simulate.plants.dials import ranges
from whosaw.simulate.plants.scene import Scene
from whosaw.simulate.scenarios import Family
from whosaw.simulate.twins import colleague_asks, late_linking, legal_hold, outage_surge, phone_desk
from whosaw.simulate.work.kinds import TYPES

_FIRST = 300  # far behind those of the simulator


def new_street(scene: Scene) -> None:
    """House by house, one at a sitting, in a region that their office serves; nobody of a class."""
    (who,) = scene.team(1, "support", "fraud", "operations", "engineering")
    persons, many = scene.where.persons, scene.dials.persons
    region = one(scene.where.regions(int(scene.where.staff.country[who])), scene.draw)
    street = np.flatnonzero((persons.region == region) & ~persons.protected)
    start = int(scene.draw.integers(len(street) - many))
    scene.persons = [int(person) for person in street[start : start + many]]
    first, last = scene.window()
    for house in dict.fromkeys(int(persons.household[person]) for person in scene.persons):
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, first, last)
            for person in [each for each in scene.persons if persons.household[each] == house]:
                scene.look(who, person, t + scene.soon(0, 0.3))


def favours(scene: Scene) -> None:
    """At nobody of their own: home, family, contacts and workplace are the other's."""
    own, unit_of = scene.where.persons.own, scene.where.staff.unit_of
    able = [who for who in scene.able("support", "fraud", "safety", "operations", "engineering") if who in own]
    who = one(able, scene.draw)
    friend = one([other for other in able if unit_of(other, 0) != unit_of(who, 0)], scene.draw)
    scene.principals = [who, friend]
    first, last = scene.window()
    for looking, asking in ((who, friend), (friend, who)):
        known = scene.where.ties.around(own[asking], "household", "family", "contact", "coworker")
        for person in some(known, scene.dials.persons // 2, scene.draw):
            scene.persons.append(person)
            for _ in range(scene.dials.looks):
                scene.look(looking, person, scene.hand.moment(looking, first, last))


def made_to_sell(scene: Scene) -> None:
    """Customers of their own office. The buyer writes in without an account, so that there is a case of a usual kind."""
    (who,) = scene.team(1, "support", "fraud")
    staff, kind = scene.where.staff, "account_takeover" if scene.function(who) == "fraud" else "account_recovery"
    served = scene.where.regions(int(staff.country[who]))
    scene.persons = somebody(scene.where.persons, served, scene.draw, scene.dials.persons).tolist()
    first, last = scene.window()
    step = (last - first) / scene.dials.persons
    for at, person in enumerate(scene.persons):
        t = scene.hand.moment(who, first + at * step, first + (at + 1) * step)
        covered, ends = scene.draw.random() < scene.dials.cover, (t - scene.soon(0.1, 3), t + scene.soon(4, 40))
        unit = staff.unit_of(who, scene.hand.day(t))
        case = scene.hand.case(kind, *ends, who, staff.machines["portal"], queue=unit) if covered else None
        for _ in range(scene.dials.looks):
            scene.look(who, person, t + scene.soon(0, 1), case=case)


def forewarned(scene: Scene) -> None:
    """From the day after a case of theirs was opened until it is over; some of the looks name it."""
    (who,) = scene.team(1, "support", "safety", "operations", "engineering")
    first, last = scene.window()
    kind = one(("legal_demand", "internal_inquiry", "fraud_report"), scene.draw)
    for case, person in some(_about(scene, kind, first, last - 3), scene.dials.persons, scene.draw):
        scene.persons.append(person)
        opened, closed = int(case["opened"]), int(case["closed"])
        over = last if closed == NEVER else scene.hand.day(closed)
        for _ in range(scene.dials.looks):
            t = scene.hand.moment(who, scene.hand.day(opened) + 1, max(over, scene.hand.day(opened) + 3))
            named = int(case["id"]) if scene.draw.random() < scene.dials.cover else None
            scene.look(who, person, max(t, opened + scene.soon(1, 9)), case=named)


def _about(scene: Scene, kind: str, first: float, last: float) -> list[tuple[Any, int]]:
    """Cases of a kind that were opened on these days, and the person whom each named first."""
    day = (scene.cases["opened"] - scene.where.period.begin) // DAY
    cases = scene.cases[(scene.cases["type"] == TYPES.index(kind)) & (day >= first) & (day <= last)]
    named = np.concatenate(scene.hand.book.named)
    of, at = np.unique(named["case"], return_index=True)
    whom = dict(zip(of.tolist(), named["person"][at].tolist(), strict=True))
    number = {code: person for person, code in enumerate(scene.where.persons.codes.tolist())}
    return [(case, number[whom[int(case["id"])]]) for case in cases if int(case["id"]) in whom]


def on_order(scene: Scene) -> None:
    """The report is on file and names the person; those near are looked at for it, and it names none of them."""
    (who,), hand = scene.team(1, "safety"), scene.hand
    buyer, *meant = scene.strangers(1 + scene.dials.persons // 2)
    by, unit = scene.where.staff.machines["portal"], scene.where.staff.unit_of(who, 0)
    first, last = scene.window()
    for person in meant:
        both = [person, *some(scene.where.ties.around(person, "household", "family", "contact"), 1, scene.draw)]
        scene.persons += both
        day = hand.day(hand.moment(who, first, last))
        looks = sorted((hand.moment(who, day, day + 6), each) for each in both * scene.dials.looks)
        opened, over = looks[0][0] - scene.soon(0.5, 12), looks[-1][0] + scene.soon(1, 40)
        case = hand.case("abuse_report", opened, over, who, by, named=[(person, opened, by)], person=buyer, queue=unit)
        for t, each in looks:
            scene.look(who, each, t, case=case)


FAMILIES = tuple(
    Family(plant.__name__, own, plant, twin.play, twin.FAMILY, _FIRST + at)
    for at, (plant, own, twin) in enumerate((
        (new_street, ranges(colluders=(1, 1), persons=(5, 12), share=(0.0, 0.0), looks=(1, 2), span=(5, 30)), outage_surge),
        (favours, ranges(colluders=(2, 2), persons=(4, 10), share=(0.0, 0.0), looks=(2, 4), span=(14, 70)), colleague_asks),
        (made_to_sell, ranges(colluders=(1, 1), persons=(5, 12), looks=(2, 4), span=(28, 80), cover=(0.6, 1.0)), phone_desk),
        (forewarned, ranges(colluders=(1, 1), persons=(4, 10), looks=(1, 3), span=(30, 80), cover=(0.2, 0.7)), legal_hold),
        (on_order, ranges(colluders=(1, 1), persons=(6, 12), looks=(1, 3), span=(20, 80), cover=(1.0, 1.0)), late_linking),
    ))
)  # fmt: skip
