# SPDX-License-Identifier: Apache-2.0
"""What a signal reads in slices it judges as if it had read it at once."""

import pytest
from tests.detect.calm import AS_OF, calm
from tests.detect.signals.ground import company, tried, world

from whosaw.detect.defaults import load_defaults
from whosaw.detect.registry import SIGNALS
from whosaw.detect.run import rows_of, signals, world_of
from whosaw.detect.signals import first_look_surprise, watcher_exception
from whosaw.detect.templates import load_templates
from whosaw.facts import opened

SLICED = [detector for detector in SIGNALS if getattr(detector, "SLICED", None)]


@pytest.mark.parametrize("detector", SLICED, ids=lambda each: each.NAME)
def test_slices_change_nothing(town, monkeypatch, detector):
    """Every unit with its p, and those that may matter with looks and sentence: in one slice, and key by key."""
    asked = []
    rows = opened.Facts.rows
    monkeypatch.setattr(opened.Facts, "rows", lambda *given: asked.append(given[-1]) or rows(*given))
    at_once = signals(detector, town.world, 0.1)
    few = len(asked)
    monkeypatch.setattr(opened, "SLICE", 1)
    assert signals(detector, town.world, 0.1) == at_once
    assert len(asked) - few > few + 10 and any(signal.looks for signal in at_once)


def test_what_is_too_much_to_be_told_at_once_is_told_in_halves(monkeypatch):
    """And what is too much of one unit alone is an error, which turns the signal off."""
    rows, sizes, asked = opened.Facts.rows, [], []
    with calm(11, persons=2600, each=12).opened() as facts:
        world_ = world_of(facts, AS_OF, load_defaults(), load_templates())
        some = [s for s in watcher_exception.score(rows_of(watcher_exception, world_), world_) if s.k]
        at_once = watcher_exception.tell(world_, some)
        assert sum(bool(signal.looks) for signal in at_once) > 20
        monkeypatch.setattr(opened.Facts, "rows", lambda *given: sizes.append(len(found := rows(*given))) or found)
        for signal in some:
            watcher_exception.tell(world_, [signal])
        monkeypatch.setattr(opened, "MOST_ROWS", max(sizes))
        monkeypatch.setattr(opened.Facts, "rows", lambda *given: asked.append(given[-1]) or rows(*given))
        assert watcher_exception.tell(world_, some) == at_once
        assert len(asked) > 4
        monkeypatch.setattr(opened, "MOST_ROWS", max(sizes) - 1)
        with pytest.raises(opened.TooManyRows):
            watcher_exception.tell(world_, some)


def test_strangers_are_sought_of_so_many_principals_at_a_time(monkeypatch):
    """All at once, and principal by principal."""
    made = company(2)
    for n, who in enumerate(each["who"] for each in made.staff if each["unit"] == "fraud-3"):
        made.look(who, "p-01000", 20 + n, weight=100)
    made.look("e-0007", "p-01000", 60)
    made.looks = [look for look in made.looks if look["who"] != "e-0007" or look["person"] == "p-01000"]
    with world(made) as world_:
        at_once = tried(first_look_surprise, world_)
    monkeypatch.setattr(first_look_surprise, "_AT_ONCE", 2_000)
    with world(made) as world_:
        parts = len(world_.facts.parts(world_.looks, "who", 2_000, ""))
        assert tried(first_look_surprise, world_) == at_once
    assert parts > 2
    assert at_once
