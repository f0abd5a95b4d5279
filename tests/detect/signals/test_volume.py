# SPDX-License-Identifier: Apache-2.0
"""One day of exports, one with a reason for each, one busy day, and a desk that always exports: only the first is a finding by itself."""

import random
from dataclasses import replace

import pytest
from tests.detect.calm import AS_OF, calm
from tests.detect.signals.misuse import Plant

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import signals, world_of
from whosaw.detect.signals import volume
from whosaw.detect.templates import load_templates

SHIPPED = load_templates()
TEMPLATES = replace(SHIPPED, templates=SHIPPED.templates[:1], digest="0" * 64)
LEAVER, BUSY, CLERK = "e-support-0-3", "e-support-1-3", "e-support-2-3"


@pytest.fixture(scope="module")
def told():
    """Strongest signal of each principal; audit draws a list on most days."""
    made, draw = calm(9, persons=2000, each=2), random.Random(9)
    plant = Plant(made)
    desk = sorted(row["who"] for row in made.staff if row["function"] == "audit")
    for day in range(1, 88):
        for who in desk:
            if draw.random() < 0.6:
                rows = int(200 * draw.lognormvariate(0, 0.5))
                plant.look(who, plant.others(1, day)[0], day + 0.4, mode="export", rows=rows, f_activity=1)
    for n, person in enumerate(plant.others(25, 100)):
        plant.look(LEAVER, person, 80.9 + n / 1000, mode="export", rows=300, f_contacts=1)
        plant.look(BUSY, person, 80.4 + n / 1000, rows=1, f_contacts=1)
    asked = plant.others(25, 200)
    plant.case("question", 79, CLERK, asked)
    for n, person in enumerate(asked):
        plant.look(CLERK, person, 80.9 + n / 1000, mode="export", rows=1, f_contacts=1)
    with made.opened() as facts:
        found = signals(volume, world_of(facts, AS_OF, load_defaults(), TEMPLATES), 0.2)
    yield {s.unit: s for s in found}, set(desk), set(plant.others(25, 100))


def test_who_takes_much_away_in_one_night_is_found(told):
    """Twenty-five exports in a function that makes none."""
    by, _, taken = told
    assert by[LEAVER].p < 0.001
    assert by[LEAVER].opens
    assert set(by[LEAVER].persons) == taken
    assert by[LEAVER].sentence == (
        "One person of support made 25 exports on one day; none would be usual in this work."
    )


def test_who_has_a_reason_for_each_export_answers_those_who_asked(told):
    by, *_ = told
    assert not by[CLERK].opens


def test_a_busy_day_only_supports_a_finding(told):
    by, *_ = told
    assert BUSY in by
    assert not by[BUSY].opens


def test_those_who_always_export_do_their_work(told):
    """And nobody else says anything much: what is called seldom is seldom."""
    by, desk, _ = told
    assert min(by[who].p for who in desk if who in by) > 0.005
    rest = [s.p for who, s in by.items() if who not in (LEAVER, BUSY, CLERK)]
    assert sum(p < 0.01 for p in rest) <= 0.01 * len(rest) + 1
