# SPDX-License-Identifier: Apache-2.0
"""How a log stands, held against worlds whose every number is known."""

import pytest
from tests.journal.world import World, at_size

from whosaw.errors import BadInput, Damaged
from whosaw.journal.vitals import vitals


def stands(world):
    return vitals(world.stores, world.signers.keys(), world.clock())


def test_a_log_at_rest():
    """Everything durable is published, nothing waits, and files are counted as they lie there."""
    world = at_size(300)
    found = stands(world)
    assert (found.published.size, found.size, found.waiting) == (300, 300, 0)
    assert (found.mapped, found.map_size, found.witnessed) == (0, 0, 0)
    assert found.public.count == len(world.public.files)
    assert found.public.bytes == sum(len(file.data) for file in world.public.files.values())
    assert found.public.partial == sum(".p/" in name for name in world.public.files) > 0
    assert found.segments.count == len(list(world.private.names("segments"))) > 0
    assert 0 <= found.age_s < 60


def test_what_waits_and_what_is_behind():
    """Frames under no head are waiting; an index of an older head lags."""
    world = at_size(300)
    core = world.open()
    core.map.answer()
    world.record(core, "one", "anna")
    core.integrator.step()
    world.record(core, "two", "anna")
    found = stands(world)
    assert (found.size - found.mapped, found.map_size) == (2, 1)  # with an enrolment
    assert found.waiting == 1
    core.close()


def test_a_head_that_is_not_published_yet():
    """Between the swap and the checkpoint the head leads."""
    world = at_size(300)
    core = world.open()
    world.record(core, "one", "anna")
    world.faults.arm("replace checkpoint", "lost")
    with pytest.raises(Exception, match="the fake fails"):
        core.integrator.step()
    core.close()
    found = stands(world)
    assert (found.size - found.published.size, found.waiting) == (2, 0)


def test_no_log_and_a_strange_one():
    """An empty folder is a wrong path; a checkpoint of others is damage."""
    with pytest.raises(BadInput, match="no journal here"):
        stands(World(made=False))
    world = at_size(300)
    world.public.set("checkpoint", world.public.read("checkpoint").replace(b"300", b"301"))
    with pytest.raises(Damaged):
        stands(world)
