# SPDX-License-Identifier: Apache-2.0
"""Every write × {lost, happened although it failed} × {the same batch again, another one, each twice}; then a start.

The table is that of the design: what a failed write leaves, and that nothing of it is ever seen by anybody but as a
record that is there, once, or is not. It is played by ``fault_table.py`` and stands in ``docs/fault-table.md``.
"""

import logging
import random
from pathlib import Path

import pytest
from tests.journal.fault_table import batch, every, page, played, some
from tests.journal.world import World, at_size, outcome

from whosaw.errors import Busy, Contradiction, Damaged, OutcomeUnknown, Unavailable
from whosaw.tlog.tile import new_tiles

PAGE = Path(__file__).parents[2] / "docs" / "fault-table.md"
FATES = ["lost", "late"]


def test_the_page_says_what_is_seen():
    """A twelfth of its rows, drawn, with the same batch and with another one, say what the page says."""
    rows = sorted({(row.name, fate) for row, fate, _, _ in some()})
    here = set(random.sample(rows, len(rows) // 12))
    made = page(played(play for play in some() if (play[0].name, play[1]) in here))
    assert not set(made.splitlines()) - set(PAGE.read_text().splitlines())


@pytest.mark.slow
def test_the_whole_page_says_what_is_seen():
    """Each row in each way: the page in the docs is a page of today."""
    assert page(played(some())) == PAGE.read_text()


@pytest.mark.slow
def test_every_play_of_the_table_says_the_same(capsys):
    """Each row in each way, each batch, each size, and those around 65,536 in turn: not one cell says two things."""
    logging.disable(logging.CRITICAL)
    try:
        made = page(played(every()))
    finally:
        logging.disable(logging.NOTSET)
    with capsys.disabled():
        print(f"\n{made}")
    assert made == PAGE.read_text()


def play(world: World, then: str, *, keep: int) -> None:
    """A batch of which `keep` bytes reach the disk, a start, and the same batch or another one."""
    core = world.open()
    world.record(core, "before", "anna")
    core.integrator.step()
    core.close()
    world.crash()
    core = world.open()
    world.faults.arm("append segments/", "torn", keep=keep)
    prepared = world.step(core, *batch(world, "first"))
    assert {type(p.future.exception()) for p in prepared} == {OutcomeUnknown}
    assert not world.faults._armed, "the fault was never met"
    assert isinstance(outcome(lambda: world.record(core, "after", "anna")), Unavailable)
    assert core.integrator.step() is False
    core.close()
    world.crash()
    assert world.fsck().exit == 0, world.fsck().lines()
    core = world.open()
    again = world.step(core, *batch(world, "first" if then == "same" else "second"))
    assert [p.future.exception() for p in again] == [None, None]
    core.integrator.step()
    core.close()


@pytest.mark.parametrize("write", ["create tile/entries", "extend labels", "replace checkpoint"])
def test_a_head_that_cannot_be_shown_is_shown_before_another_is_made(write):
    """As long as it takes: records are taken and answered meanwhile, and no second head is signed upon the first."""
    world = at_size(255)
    core = world.open()
    world.record(core, "first", "anna")
    shown = core.state.published.size
    for n in range(3):
        world.faults.arm(write, "lost", error=Unavailable)
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


@pytest.mark.parametrize("keep", [0, 1, 3, 4, 100, 150, 151, 200, 400, 700])
@pytest.mark.parametrize("then", ["same", "other"])
def test_torn_frames_are_cut_kept_aside_and_put_on_record(keep, then):
    """Of a write that reached the disk in part, whole submissions count and nothing else; what is cut is on record."""
    world = at_size(3)
    play(world, then, keep=keep)
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


WAYS = [("lost", OutcomeUnknown), ("late", OutcomeUnknown), ("lost", Unavailable)]


@pytest.mark.parametrize(("fate", "error"), WAYS)
def test_one_call_in_ten_fails_first(fate, error):
    """The same as below; its calls are drawn."""
    sweep(fate, error, range(random.randint(1, 10), SWEEP, 10))


@pytest.mark.slow
@pytest.mark.parametrize(("fate", "error"), WAYS)
def test_whatever_call_fails_first(fate, error):
    """The k-th call of a whole life, starts included, fails, for every k; what follows is whole and keeps its promises."""
    sweep(fate, error, range(1, SWEEP))


def sweep(fate, error, calls):
    for nth in calls:
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
