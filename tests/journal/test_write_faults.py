# SPDX-License-Identifier: Apache-2.0
"""Every write × {lost, happened although it failed} × {the same batch again, another one, each twice}; then a start.

The table is that of the design: what a failed write leaves, and that nothing of it is ever seen by anybody but as a
record that is there, once, or is not.
"""

import pytest
from tests.journal.world import World, at_size, outcome

from whosaw.errors import Busy, Contradiction, Damaged, OutcomeUnknown, Unavailable
from whosaw.tlog.tile import new_tiles

WRITES = {
    "2 the segment is made": "open segments/",
    "2 frames, fdatasync": "append segments/",
    "5 staging": "replace staging/",
    "7 swap": "swap",
    "8 bundle": "create tile/entries",
    "8 level 0": "create tile/0",
    "8 labels": "extend labels",
    "9 checkpoint": "replace checkpoint",
    "10 staging removed": "delete staging",
}
BEFORE_THE_ANSWER = {"2 the segment is made", "2 frames, fdatasync"}
FATES = ["lost", "late"]
THEN = ["same", "other", "same twice", "other twice"]


def batch(world: World, name: str):
    """Two submissions: one with a new stream, one of a known one."""
    return world.submission(f"{name}-1", "anna", f"new-{name}", "anna"), world.submission(f"{name}-2", "grower")


def play(world: World, call: str, fate: str, error, then: str, *, keep: int = 0) -> tuple[bool, bool]:
    """A batch that meets the fault, a start where the journal stopped, and what comes then. Whether: stopped, answered."""
    core = world.open()
    world.record(core, "before", "anna")
    core.integrator.step()
    core.close()
    world.crash()
    core = world.open()
    world.faults.arm(call, fate, error=error, keep=keep)
    prepared = world.step(core, *batch(world, "first"))
    refused = [p.future.exception() for p in prepared if p.future.exception()]
    assert {type(e) for e in refused} <= {OutcomeUnknown, Unavailable}
    outcome(core.integrator.step)
    assert not world.faults._armed, "the fault was never met"
    stopped = core.state.stopped is not None
    if stopped:
        assert isinstance(outcome(lambda: world.record(core, "after", "anna")), Unavailable)
        assert core.integrator.step() is False
        core.close()
        world.crash()
        assert world.fsck().exit == 0, world.fsck().lines()
        core = world.open()
    name = "first" if then.startswith("same") else "second"
    for _ in range(2 if then.endswith("twice") else 1):
        again = world.step(core, *batch(world, name))
        assert [p.future.exception() for p in again] == [None, None]
        core.integrator.step()
    core.close()
    return stopped, not refused


@pytest.mark.parametrize("size", [1, 254, 255, 256])
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("write", WRITES)
def test_a_failed_write_is_there_once_or_not_at_all(write, fate, size):
    """After it the journal has stopped; a start makes it whole, and a retry is one record."""
    for then in THEN if size == 255 else THEN[size % 2 :: 2][:1]:
        world = at_size(size)
        stopped, answered = play(world, WRITES[write], fate, OutcomeUnknown, then)
        assert stopped
        assert answered == (write not in BEFORE_THE_ANSWER)
        world.settle()


@pytest.mark.parametrize("write", ["5 staging", "7 swap", "8 bundle", "8 level 0", "8 labels", "9 checkpoint"])
def test_a_write_that_changed_nothing_is_tried_again(write):
    """The next round does what this one could not: before the swap all of it, after it the rest, and only then more.

    Some of the files without the others are no such write: that is a stop, as on any disk.
    """
    world = at_size(255)
    stopped, answered = play(world, WRITES[write], "lost", Unavailable, "same")
    assert (stopped, answered) == (write == "8 level 0", True)
    world.settle()


@pytest.mark.parametrize("write", ["8 bundle", "8 labels", "9 checkpoint"])
def test_a_head_that_cannot_be_shown_is_shown_before_another_is_made(write):
    """As long as it takes: records are taken and answered meanwhile, and no second head is signed upon the first."""
    world = at_size(255)
    core = world.open()
    world.record(core, "first", "anna")
    shown = core.state.published.size
    for n in range(3):
        world.faults.arm(WRITES[write], "lost", error=Unavailable)
        assert core.integrator.step() is False
        world.record(core, f"meanwhile-{n}", "ben")
        assert (core.state.published.size, world.fsck().exit) == (shown, 0)
    head = world.head.state.size
    assert core.integrator.step()
    assert core.state.published.size == head == world.head.state.size
    assert core.integrator.step()
    assert core.state.published.size == world.head.state.size > head
    core.close()
    world.settle()


def test_what_cannot_be_tidied_up_is_left_lying():
    """Staging that cannot be removed stops nobody; a start removes it."""
    world = at_size(255)
    assert play(world, WRITES["10 staging removed"], "lost", Unavailable, "same") == (False, True)
    world.settle()
    assert list(world.private.names("staging")) == []


@pytest.mark.parametrize("keep", [0, 1, 3, 4, 100, 150, 151, 200, 400, 700])
@pytest.mark.parametrize("then", ["same", "other"])
def test_torn_frames_are_cut_kept_aside_and_put_on_record(keep, then):
    """Of a write that reached the disk in part, whole submissions count and nothing else; what is cut is on record."""
    world = at_size(3)
    play(world, "append segments/", "torn", OutcomeUnknown, then, keep=keep)
    kept = list(world.private.names("kept"))
    core_before = dict(world.receipts)
    world.settle()
    assert len(kept) == (1 if keep and keep not in whole_submissions() else 0)
    assert set(core_before) <= set(world.receipts)
    assert list(world.private.names("kept")) == kept


def whole_submissions() -> set[int]:
    """After how many bytes of the batch's write a submission ends."""
    world = at_size(3)
    core = world.open()
    world.record(core, "before", "anna")
    core.integrator.step()
    core.close()
    world.crash()
    core = world.open()
    one, two = world.step(core, *batch(world, "first"))
    ends, at = set(), 0
    for prepared in (one, two):
        at += sum(151 + len(leaf.body) for leaf in prepared.future.result().leaves)
        ends.add(at)
    return ends


@pytest.mark.parametrize("size", [65_530, 65_534, 65_536])
def test_where_a_third_level_begins(size):
    """Around 65,536 leaves: a tile of each level is lost, or late; then a start, and the root is that of the frames."""
    grown = size + 6
    for level in range(3):
        call = f"create tile/{level}"
        if not any(new.path.startswith(call[7:]) for new in new_tiles(size, grown)):
            continue
        world = at_size(size)
        core = world.open()
        world.faults.arm(call, FATES[level % 2])
        world.step(core, *batch(world, "first"))
        outcome(core.integrator.step)
        assert core.state.stopped
        core.close()
        world.crash()
        core = world.open()
        assert core.state.edge.root() == core.state.root
        assert core.state.published.size == grown == core.state.head.size
        core.close()
    if size == 65_534:
        report = world.fsck(keys=False)
        assert (report.findings, report.size) == ([], grown)


SWEEP = 400


@pytest.mark.parametrize(("fate", "error"), [("lost", OutcomeUnknown), ("late", OutcomeUnknown), ("lost", Unavailable)])
def test_whatever_call_fails_first(fate, error):
    """The k-th call of a whole life, starts included, fails, for every k; what follows is whole and keeps its promises."""
    for nth in range(1, SWEEP):
        world = at_size(254)
        world.faults.calls.clear()
        world.faults.arm("", fate, nth=nth, error=error)
        failed = outcome(lambda w=world: life(w))
        fired = not any(armed.call == "" for armed in world.faults._armed)
        assert not isinstance(failed, Damaged | Contradiction | Busy), (nth, world.faults.calls[nth - 1], failed)
        if not fired:
            assert failed is None
            assert nth > 40  # the sweep saw every call
            return
        world.settle(also_before=nth % 3 == 0)
    raise AssertionError("the sweep came to no end")


def life(world: World) -> None:
    """Two processes, the second of which finds a torn end: records, heads, rolled segments."""
    world.segment_bytes = 300
    core = world.open()
    world.step(core, *batch(world, "one"))
    core.integrator.step()
    world.step(core, *batch(world, "two"))
    torn = "append segments/"
    world.faults.arm(torn, "torn", keep=200)
    world.step(core, *batch(world, "three"))
    core.close()
    world.crash()
    core = world.open()
    core.integrator.step()
    world.step(core, *batch(world, "two"))
    core.close()
    world.crash()
