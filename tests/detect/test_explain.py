# SPDX-License-Identifier: Apache-2.0
"""What explains a look, and what is counted of it: the engine against plain Python."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.detect.company import opened
from tests.detect.oracle import World as Oracle
from tests.detect.worlds import BEGIN, small_worlds, together

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import world_of
from whosaw.detect.signals import unexplained
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY, LOOK
from whosaw.facts.rows import look_rows

DEFAULTS, TEMPLATES = load_defaults(), load_templates()
AS_OF = BEGIN + 240 * DAY  # after the last look of any world
SAID = ("weight_then", "weight_now", "template", "near", "first")


def oracles(worlds):
    """An oracle for each world, over the rows that the projection makes of all of them, one after the other."""
    leaf = 0
    for world in worlds:
        rows = []
        for body in world.looks:
            leaf += 1
            rows += [dict(zip(LOOK, row, strict=True)) for row in look_rows(leaf, body.encode())]
        yield Oracle(rows, world.tables, TEMPLATES, DEFAULTS)


@pytest.mark.parametrize("many", [100, pytest.param(500, marks=pytest.mark.slow)])
@settings(
    deadline=None, max_examples=1, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**32))
def test_the_engine_says_what_plain_python_says(tmp_path_factory, many, seed):
    """In a hundred small worlds every look has the weights, the reason and the nearest miss of the oracle, and every
    unit its counts."""
    worlds = small_worlds(random.Random(seed), many)
    with opened(tmp_path_factory.mktemp("facts"), *together(worlds)) as facts:
        world = world_of(facts, AS_OF, DEFAULTS, TEMPLATES)
        found = facts.rows(world.looks, ("row",), "test")
        counts = facts.rows(unexplained.query(world)["counts"], ("kind", "id", "days", "block"), "test")
    expected, counted = [], {}
    for oracle in oracles(worlds):
        expected += [{"row": look["row"], **oracle.explained(look)} for look in oracle.looks]
        for key, sets in oracle.counts(AS_OF).items():
            # Functions are the same in all worlds; persons are not, so their numbers add up.
            counted[key] = tuple(map(sum, zip(counted.get(key, (0, 0, 0, 0)), sets, strict=True)))
    assert [{name: row[name] for name in ("row", *SAID)} for row in found] == expected
    made = {(r["kind"], r["id"], r["days"], r["block"]): (r["n"], r["k"], r["n1"], r["k1"]) for r in counts}
    assert made == counted


def test_so_many_looks_at_a_time_say_the_same_as_all_at_once(tmp_path, monkeypatch):
    """However many there are: in one portion, in several of which the last is smaller, and in a few dozen."""
    worlds = small_worlds(random.Random(7), 12)
    said = []
    with opened(tmp_path, *together(worlds)) as facts:
        for nth, rows in enumerate((4_000_000, 50, 9)):
            monkeypatch.setattr("whosaw.detect.portions.ROWS", rows)
            world = world_of(facts, AS_OF + nth, DEFAULTS, TEMPLATES)
            found = facts.rows(world.looks, ("row",), "test")
            said.append([{name: row[name] for name in ("row", *SAID)} for row in found])
    assert len(said[0]) > 90
    assert said[0] == said[1] == said[2]


def test_small_worlds_have_everything():
    """The worlds above meet every reason, every kind of near miss, and looks that came back."""
    usable = {place for place, _ in next(iter(oracles(small_worlds(random.Random(1), 1)))).usable}
    # Links and regions of many countries come from dataset folders: test_templates_of_folders.py; and test_conventions.py
    assert {t.id for place, t in enumerate(TEMPLATES.templates) if place not in usable} == {
        "case_linked",
        "case_of_own",
        "country_assigned",
    }
    reasons, misses = set(), set()
    all_reasons, all_misses = {-1, *usable, len(TEMPLATES.templates)}, {0, 1, 2, 4, 5, 6}
    for draw in range(20):
        for oracle in oracles(small_worlds(random.Random(draw), 100)):
            for look in oracle.looks:
                said = oracle.explained(look)
                reasons.add(said["template"])
                misses.add(said["near"])
        if reasons >= all_reasons and misses >= all_misses:
            break
    assert reasons == all_reasons
    assert misses >= all_misses
