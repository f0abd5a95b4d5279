# SPDX-License-Identifier: Apache-2.0
"""Pairs of heads for statements that end earlier: which are kept, which one is taken, and that its index comes back."""

import random
from datetime import timedelta

import pytest
from tests.journal.test_witnessed import cosigned, grown, map_note
from tests.journal.world import BEGAN, World

from whosaw.errors import Damaged, OutcomeUnknown, Unavailable
from whosaw.journal.core import Core
from whosaw.journal.index_under import IndexUnder
from whosaw.journal.older import Pair, Pairs
from whosaw.journal.state import Published
from whosaw.store.memory import Faults, MemoryFolder

HOUR = timedelta(hours=1)


def head(size, mark=""):
    return Published(size, f"log.example.org/w\n{size}\n{'A' * 43}=\n\n\u2014 w {mark}AAAAAAAA\n".encode())


@pytest.mark.parametrize("hours", [1, 24, 100])
def test_the_newest_that_is_old_enough(hours):
    """Looked for at any time: never younger than the rule, older than it by little, and few are kept."""
    folder, behind, rng = MemoryFolder(Faults(), lambda: BEGAN), timedelta(hours=hours), random.Random(hours)
    pairs, at, size, had = Pairs(folder, behind), BEGAN, 1, {}
    while at < BEGAN + 3 * behind:
        at += behind / 24 / rng.choice([5, 3, 1, 0.8])
        size += rng.choice([0, 1, 3])
        had[at] = size
        pairs.keep(at, head(size), head(size))
        assert len(list(folder.names("older"))) <= 28
        if at - BEGAN < 1.2 * behind:
            continue
        taken = pairs.newest(at).size
        assert taken <= max(s for t, s in had.items() if t <= at - behind)
        assert taken >= max(s for t, s in had.items() if t <= at - behind * 1.15)


def test_none_is_old_enough():
    """Said so, with what to do; and a file that is no pair is damage, and no answer."""
    folder = MemoryFolder(Faults(), lambda: BEGAN)
    pairs = Pairs(folder, 24 * HOUR)
    pairs.keep(BEGAN, head(3), head(1))
    with pytest.raises(Unavailable, match="statements end 24 hours before"):
        pairs.newest(BEGAN + 24 * HOUR - timedelta(seconds=1))
    assert pairs.newest(BEGAN + 24 * HOUR) == Pair(head(3).note, head(1).note)
    [name] = folder.names("older")
    for raw in (b"", b"{}", folder.read(name) + b" "):
        folder.set(name, raw)
        with pytest.raises(Damaged):
            pairs.newest(BEGAN + 24 * HOUR)


def test_a_quiet_log_gets_newer_cosignatures():
    """Nothing was recorded, so the pair of then says the same: with the lines of now."""
    folder = MemoryFolder(Faults(), lambda: BEGAN)
    pairs = Pairs(folder, 24 * HOUR)
    pairs.keep(BEGAN, head(3), head(1))
    pairs.keep(BEGAN + 9 * HOUR, head(3, "BBBB"), head(1))
    assert pairs.newest(BEGAN + 24 * HOUR).note == head(3, "BBBB").note
    assert len(list(folder.names("older"))) == 1


def opened(world, *, witnesses):
    world.core = Core.open(
        world.stores, world.keys, world.signers, clock=world.clock, random=world.random, witnesses=witnesses,
        behind=2 * HOUR,
    )  # fmt: skip
    return world.core


@pytest.mark.parametrize("witnesses", [False, True])
@pytest.mark.parametrize("restart", [False, True])
def test_its_index_comes_back(witnesses, restart):
    """An hour of leaves later: the same head, the same index; of a log with witnesses both with their lines."""
    world = World()
    core, said = opened(world, witnesses=witnesses), {}
    for hour in range(6):
        world.clock.at += HOUR
        [note] = grown(world, core, f"k-{hour}")
        if witnesses:
            core.witnessed.keep(note := cosigned(note))
        core.map.step()
        if witnesses:
            core.map.witnessed.keep(cosigned(map_note(core)))
            core.map.step()
        said[note] = core.map._mapped(core.map.witnessed.shown) if witnesses else core.map.answer()
        if restart:
            core.close()
            world.crash()
            core = opened(world, witnesses=witnesses)
    pair = Pairs(world.private, 2 * HOUR).newest(world.clock())
    under = IndexUnder(core.stores, world.signers)
    made, then = under.of(pair.note, pair.map_note), said[pair.note]
    assert list(said).index(pair.note) == 3
    assert (made.leaf, made.path, made.index.root, made.reader.size) == (
        then.leaf, then.path, then.index.root, then.reader.size,
    )  # fmt: skip
    label = world.keys.of(world.submission("x").records[0].stream).label_0
    assert made.index.prove(label).index == then.index.prove(label).index == 1
    core.close()
    world.settle()


@pytest.mark.parametrize("error", [Unavailable, OutcomeUnknown])
def test_a_pair_that_cannot_be_kept_holds_up_nothing(error):
    """The log and its index go on; the next minute keeps one."""
    world = World()
    core = opened(world, witnesses=False)
    grown(world, core, "a")
    world.clock.at += HOUR
    world.faults.arm("replace older/", "lost", error=error)
    assert core.map.step() is True
    assert list(world.private.names("older")) == []
    world.faults.disarm()
    core.map.step()
    assert len(list(world.private.names("older"))) == 1
    core.close()
    world.settle()
