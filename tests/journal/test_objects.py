# SPDX-License-Identifier: Apache-2.0
"""A journal that publishes to an object store: what is lost, late or refused there, and what is then seen by anybody.

The rest of the world is that of the shipped fakes, with one `Faults` for all: a call of the proxy has the name of a fake's.
"""

from datetime import UTC, datetime, timedelta

import pytest
from tests.journal.test_machine import Life
from tests.journal.world import World, at_size, outcome
from tests.store import s3

from whosaw.errors import Contradiction, Damaged, OutcomeUnknown
from whosaw.journal.partials import AGE
from whosaw.store.objects import ObjectsFolder

WRITES = {
    "8 genesis": "create genesis",
    "8 bundle": "create tile/entries",
    "8 level 0": "create tile/0",
    "9 checkpoint": "replace checkpoint",
}


class Objects(ObjectsFolder):
    """A folder whose process can die: what it remembers goes with it."""

    @property
    def files(self):
        """What a copy of the bucket would hold."""
        return {name.removeprefix("log/"): data for name, data in s3.everything(self._bucket).items()}

    @files.setter
    def files(self, copied):
        s3.put_back(self._bucket, {f"log/{name}": data for name, data in copied.items()})

    def crash(self):
        """Nothing is left to be done: whoever starts has a fresh one."""


def objects(proxy, bucket, pauses=()) -> Objects:
    made = s3.folder(proxy.url, bucket, pauses=pauses)
    return Objects(made._store, bucket=bucket, pauses=pauses)


@pytest.fixture
def proxy():
    made = s3.Proxy(s3.server())
    yield made
    made.close()


def in_objects(proxy, world: World, pauses=()) -> World:
    """The same world, with what it published in a bucket, behind the proxy."""
    proxy.faults = world.faults
    bucket = s3.bucket()
    if isinstance(world.public, Objects):
        raise TypeError("already there")
    for name, file in world.public.files.items():
        s3.put(bucket, f"log/{name}", file.data)
    world.public = objects(proxy, bucket, pauses)
    return world


@pytest.mark.parametrize(("write", "fate"), [
    ("8 bundle", "lost"), ("8 level 0", "late"), ("9 checkpoint", "lost"), ("9 checkpoint", "late"),
])  # fmt: skip
def test_what_is_lost_or_late_is_shown_by_the_next_round(proxy, write, fate):
    """Nobody stops: records go on, the head that was swapped is shown, and then the next."""
    world = in_objects(proxy, at_size(255))
    core = world.open()
    world.record(core, "first", "anna")
    world.faults.arm(WRITES[write], fate)
    assert core.integrator.step() is False
    world.record(core, "second", "ben")
    assert world.fsck().exit == 0, world.fsck().lines()
    assert core.integrator.step()
    assert core.integrator.step()
    assert core.state.published.size == core.state.head.size == core.state.tail.end
    core.close()
    world.settle()


@pytest.mark.parametrize(("write", "fate"), [
    ("8 genesis", "lost"), ("8 genesis", "late"), ("8 bundle", "late"), ("8 level 0", "lost"),
    ("9 checkpoint", "lost"), ("9 checkpoint", "late"),
])  # fmt: skip
def test_a_start_after_it_makes_it_whole(proxy, write, fate):
    """The process dies with the write; the next one finds out what is there, and goes on from it."""
    world = in_objects(proxy, at_size(255))
    core = world.open()
    world.record(core, "first", "anna")
    if "genesis" in write:
        core.close()
        world.crash()
        s3.folder(proxy.url, world.public._bucket).delete("genesis")
        world.faults.arm(WRITES[write], fate)
        assert isinstance(outcome(world.open), OutcomeUnknown)
    else:
        world.faults.arm(WRITES[write], fate)
        core.integrator.step()
    world.crash()
    assert world.fsck().exit == (3 if ("genesis" in write and fate == "lost") else 0)
    core = world.open()
    core.integrator.step()
    assert core.state.published.size == core.state.head.size
    core.close()
    world.settle()


def test_the_map_log_goes_on_too(proxy):
    """A leaf of the index whose files could not be put is carried through by the next answer; the log never waited."""
    world = in_objects(proxy, at_size(3))
    core = world.open()
    for call in ("create map/tile/entries", "create map/tile/0", "replace map/checkpoint"):
        world.record(core, f"before {call}", "anna")
        core.integrator.step()
        world.faults.arm(call, "late")
        outcome(core.map.answer)
        assert not world.faults._armed
        assert core.map.answer().reader.size == core.state.published.size
    core.close()
    world.settle()


def test_a_sequencer_that_was_overtaken_stops_and_nothing_goes_back(proxy):
    """It swapped, slept, and wakes when another has published further: its checkpoint is refused, and it stops."""
    world = in_objects(proxy, at_size(255))
    core = world.open()
    world.record(core, "first", "anna")
    core.integrator.step()
    world.record(core, "second", "anna")
    proxy.hold("replace checkpoint")
    assert core.integrator.step() is False  # and the connection broke: the old process sleeps here
    world.public = objects(proxy, world.public._bucket)
    world.crash()
    other = world.open()
    world.record(other, "third", "ben")
    other.integrator.step()
    newest = world.public.read("checkpoint")
    assert proxy.land() == [412]
    with pytest.raises(Contradiction):
        core.integrator.step()
    assert core.state.stopped is not None
    assert world.public.read("checkpoint") == newest
    other.close()
    world.settle()


def test_a_head_database_that_is_an_old_copy_is_refused(proxy):
    """The bucket knows a newer checkpoint: a restored copy must not sign old sizes anew."""
    world = in_objects(proxy, at_size(3))
    old = at_size(3)
    core = world.open()
    world.record(core, "first", "anna")
    core.integrator.step()
    core.close()
    world.crash()
    old.public = objects(proxy, world.public._bucket)
    assert isinstance(outcome(old.open), Damaged)


def test_two_logs_do_not_share_a_prefix(proxy):
    """The second finds the first one's checkpoint, and is not made."""
    world = in_objects(proxy, at_size(3))
    other = World(made=False)
    other.public = objects(proxy, world.public._bucket)
    assert isinstance(outcome(other.make), Contradiction)
    assert other.head.read() is None


# ── partial tiles ──


def test_partials_are_collected_with_few_requests(proxy):
    """An hour after their full tile they go, a folder in one request; before that, nobody asks every time."""
    world = in_objects(proxy, at_size(250))
    core = world.open()
    for n in range(8):
        world.record(core, f"k-{n}", "grower")
        core.integrator.step()
    assert core.state.head.size == 258
    before = [name for name in world.public.names() if ".p/" in name]
    world.faults.calls.clear()
    world.record(core, "while they must stay", "grower")
    core.integrator.step()
    asked = [call for call in world.faults.calls if call.startswith(("look at", "list", "delete tile"))]
    assert asked == []
    world.clock.at = datetime.now(UTC) + AGE + timedelta(minutes=1)
    world.faults.calls.clear()
    world.record(core, "and may go", "grower")
    core.integrator.step()
    left = [name for name in world.public.names() if ".p/" in name]
    assert {name for name in before if name.startswith(("tile/0/000.p/", "tile/entries/000.p/"))} & set(left) == set()
    assert sum(call.startswith("delete") for call in world.faults.calls) == 3  # two folders, and staging
    core.close()
    world.settle()


def test_what_an_earlier_process_left_is_looked_for_a_page_at_a_time(proxy):
    """Between two heads never more than a page of the list, however much is published."""
    world = in_objects(proxy, at_size(258))
    for n in range(1_050):
        s3.put(world.public._bucket, f"log/tile/0/x001/{n:03d}.p/1", b"")
    core = world.open()
    world.clock.at = datetime.now(UTC) + AGE + timedelta(minutes=1)
    world.faults.calls.clear()
    world.record(core, "first", "grower")
    core.integrator.step()
    asked = [call for call in world.faults.calls if call.startswith(("list", "look at"))]
    assert asked.count("list tile/") == 1
    assert len(asked) < 60
    core.close()


# ── a life in any order ──


class InObjects(Life):
    """The life of ``test_machine``, over a bucket."""

    def public_folder(self, world):
        self.proxy = s3.Proxy(s3.server(), faults=world.faults)
        return objects(self.proxy, s3.bucket())

    def teardown(self):
        try:
            super().teardown()
        finally:
            self.proxy.close()


InObjects.TestCase.settings = s3.few(4, 15)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
class TestInObjects(InObjects.TestCase):
    """A short life; `make objects` plays many."""
