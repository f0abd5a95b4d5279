# SPDX-License-Identifier: Apache-2.0
"""A few persons inside long lists, and a machine that somebody sits behind; beside each, honest work of the same shape."""

import random
from dataclasses import replace

import pytest
from tests.detect.calm import AS_OF, calm
from tests.detect.signals.ground import Ground, world
from tests.detect.signals.misuse import Plant

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import signals, world_of
from whosaw.detect.signals import bulk_hiding
from whosaw.detect.templates import load_templates

SHIPPED = load_templates()
TEMPLATES = replace(SHIPPED, templates=SHIPPED.templates[:1], digest="0" * 64)
CORE, LISTS, COHORT = "e-engineering-0-3", "e-engineering-1-3", "e-engineering-2-3"
CURTAIN, STEADY = "svc-1", "svc-2"
BEHIND, SHARED = "e-fraud-0-4", ("e-fraud-1-4", "e-fraud-1-5")


def exports(plant, who, persons, day, name, **more):
    for person in persons:
        plant.look(who, person, day, request=name, mode="export", app="etl", f_activity=1, **more)


@pytest.fixture(scope="module")
def told():
    """Strongest signal of each principal."""
    made, draw = calm(5, each=3), random.Random(5)
    plant = Plant(made)
    everybody = [row["person"] for row in made.persons]
    made.staff += [{"who": who, "unit": "platform", "function": "service"} for who in (CURTAIN, STEADY, "svc-3")]
    targets, cohort = plant.others(1, 300), plant.others(60, 400)
    for n in range(7):
        exports(plant, CORE, {*draw.sample(everybody, 150), *targets}, 15 + 9 * n, f"core-{n}")
        plant.look(CORE, targets[0], 16 + 9 * n, f_location=1)
        exports(plant, LISTS, draw.sample(everybody, 151), 16 + 9 * n, f"lists-{n}")
        exports(plant, COHORT, {*cohort, *draw.sample(everybody, 92)}, 17 + 9 * n, f"cohort-{n}")
    shared = plant.others(1, 500)
    for n in range(6):
        exports(plant, f"e-fraud-0-{n % 3 + 1}", {*draw.sample(everybody, 60), *shared}, 18 + 9 * n, f"shared-{n}")
    for day in range(3, 80, 4):
        for who in (CURTAIN, STEADY, "svc-3"):
            exports(plant, who, draw.sample(everybody, 40), day, f"{who}-{day}")
    for n, person in enumerate(plant.others(4, 350)):
        for again in range(2):
            plant.look(CURTAIN, person, 30 + 7 * n + 0.1 * again, f_ip=1)
    with made.opened() as facts:
        world = world_of(facts, AS_OF, load_defaults(), TEMPLATES)
        found = signals(bulk_hiding, world, 0.5)
    yield {s.unit: s for s in found}, targets


def test_persons_who_come_again_in_long_lists_are_found(told):
    """One target in seven exports; seven lists of the same length without anybody in common say nothing."""
    by, targets = told
    assert set(by[CORE].persons) == set(targets)
    assert by[CORE].p < 0.05
    assert by[CORE].p * 5 < min(by[LISTS].p, by[COHORT].p)
    assert by[CORE].sentence == (
        "One person of engineering asked for 7 long lists of persons, and 1 person stands in three of them or more, where "
        "by chance there would be none."
    )


def test_lists_that_a_unit_shares_out_are_one(told):
    """One target in six lists of three people, two lists each."""
    by, _ = told
    team = next(s for s in by.values() if s.kind == "unit" and s.k)
    assert len(team.persons) == 1
    assert len(team.principals) == 3
    assert all(by[who].p > 5 * team.p for who in team.principals)
    assert team.sentence == (
        "Three people of fraud asked for 6 long lists of persons, and 1 person stands in three of them or more, where by "
        "chance there would be none."
    )


def test_who_sits_behind_a_machine_is_found(told):
    """Four persons looked at one by one through an account that only exports."""
    by, _ = told
    assert by[CURTAIN].p < 0.05
    assert by[CURTAIN].p * 5 < by[STEADY].p
    assert len(by[CURTAIN].persons) == 4
    assert by[CURTAIN].sentence == (
        "A machine's account looked at 4 persons in a way that is not its habit, without a reason on file, in 22 days; none "
        "would be usual."
    )


def test_what_a_machine_did_in_a_name_that_is_known_is_that_ones():
    """In a folder; in a watch the name is only claimed, and the account's look stays odd."""
    made = Ground(1)
    made.staff.append({"who": "svc", "unit": "platform", "function": "service"})
    for n in range(120):
        made.look("svc", f"p-{n}", 100, mode="export", app="etl")
    made.look("svc", "p-5", 101, app="etl")
    with world(made) as world_:
        looks = world_.looks.mutate(named=(world_.looks["mode"] == "read").cast("int64"))
        of_watch = replace(world_, looks=looks)
        of_folder = replace(of_watch, facts=replace(world_.facts, dataset=object()))
        odd = [
            sum(row["odd"] for row in each.facts.rows(bulk_hiding._marked(each), ("row",), "odd"))
            for each in (of_watch, of_folder)
        ]
    assert odd == [1, 0]


@pytest.fixture(scope="module")
def bridge():
    """A machine that thirty people use from their desks; a name gets lost now and then, and one of them leaves none."""
    made, draw = calm(7, each=3), random.Random(7)
    plant = Plant(made)
    made.staff += [{"who": "svc-bridge", "unit": "platform", "function": "service"}]
    desks = [row["who"] for row in made.staff if row["function"] in ("engineering", "fraud", "safety")][:30]
    everybody = [row["person"] for row in made.persons]
    for n, who in enumerate(desks):
        for day in range(20, 80, 4):
            plant.look(who, draw.choice(everybody), day, src_ip="10.9.9.9" if who in SHARED else f"10.0.0.{n}")
        for m in range(8):
            look = {"src_ip": "10.9.9.9" if who in SHARED else f"10.0.0.{n}", "app": "desk"}
            plant.look("svc-bridge", draw.choice(everybody), 25 + 6 * m + 0.01 * n, **look)
            if n % 10 or m:
                leaf = len(made.looks) - 1
                made.looks[-1]["leaf"] = 10**6 + leaf
                made.looks.append({**made.looks[-1], "row": 2 * 10**7 + leaf, "who": who, "claimed": 1})
    for who in (BEHIND, *SHARED):
        ip = "10.9.9.9" if who in SHARED else f"10.0.0.{desks.index(who)}"
        for n, person in enumerate(plant.protected(3)):
            plant.look("svc-bridge", person, 40.3 + 5 * n, src_ip=ip, f_ip=1, app="desk")
    with made.opened() as facts:
        world = world_of(facts, AS_OF, load_defaults(), TEMPLATES)
        yield {s.unit: s for s in signals(bulk_hiding, world, 0.5) if s.way == "desk"}


def test_whose_desk_a_machine_was_used_from_without_a_name_is_told(bridge):
    """Three protected persons from one desk; of the desks where a name got lost once nothing much is said."""
    found = bridge[BEHIND]
    assert found.p < 0.05
    assert all(found.p * 5 < other.p for who, other in bridge.items() if who != BEHIND)
    assert found.principals == tuple(sorted((BEHIND, "svc-bridge")))
    assert {look.who for look in found.looks} == {"svc-bridge"}
    assert len(found.persons) >= 3
    assert "from an address where one person alone works" in found.sentence


def test_an_address_that_people_share_accuses_none_of_them(bridge):
    assert not set(SHARED) & set(bridge)


def test_lists_drawn_evenly_hide_nobody():
    """Nothing planted, many lists: what is called seldom is seldom."""
    made, draw = calm(6, each=3), random.Random(6)
    plant = Plant(made)
    everybody = [row["person"] for row in made.persons]
    whos = [row["who"] for row in made.staff if row["function"] in ("engineering", "fraud", "safety")]
    for who in whos:
        for n in range(4):
            exports(plant, who, draw.sample(everybody, 60), 10 + 11 * n, f"{who}-{n}")
    with made.opened() as facts:
        world = world_of(facts, AS_OF, load_defaults(), TEMPLATES)
        rows = {name: facts.rows(expr, tuple(expr.columns), name) for name, expr in bulk_hiding.query(world).items()}
        raw = bulk_hiding.score(rows, world)
    assert sum(s.kind == "principal" for s in raw) == len(whos)
    assert sum(s.p < 0.01 for s in raw) <= 2 * 0.01 * len(raw) + 1
