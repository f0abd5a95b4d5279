# SPDX-License-Identifier: Apache-2.0
"""The map log: every write lost or late, a choice carried through, sizes that grow, and never in the log's way.

The table is that of the design, "the map log's 5, 7, 8, 9": the map is behind, the input log goes on, a start catches up.
"""

import random
import threading
from datetime import timedelta

import pytest
from tests.journal.world import ORIGIN, World, at_size, outcome

from whosaw.config import JournalSettings
from whosaw.errors import Contradiction, Damaged, OutcomeUnknown, Unavailable
from whosaw.journal import map_log
from whosaw.journal.heads import opened
from whosaw.journal.journal import Journal
from whosaw.journal.published import entries as leaves_of
from whosaw.journal.published import reading
from whosaw.journal.under import Under
from whosaw.tlog import prefix
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import check_inclusion, leaf_hash
from whosaw.tlog.merkle import root as tree_root
from whosaw.tlog.note import parse_note
from whosaw.tlog.tile import FULL, Bundle, parse_bundle

WRITES = {
    "5 staging": "replace map/staging/",
    "7 swap": "map swap",
    "8 bundle": "create map/tile/entries",
    "8 level 0": "create map/tile/0",
    "9 checkpoint": "replace map/checkpoint",
    "10 staging removed": "delete map/staging",
}
FATES = ["lost", "late"]


def shown(world: World) -> Checkpoint:
    """What the published checkpoint of the map log says."""
    return opened(world.public.files["map/checkpoint"].data, world.signers.map_keys(), "map/checkpoint")


def said(world: World) -> list[tuple[MapLeaf, Checkpoint]]:
    """Every published leaf of the map log, with the head that it is of."""
    size, read, found = shown(world).size, reading(Under(world.public, "map")), []
    for index in range(-(-size // FULL)):
        bundle = Bundle(index, min(FULL, size - index * FULL))
        for entry in parse_bundle(read(bundle), bundle.width, bundle.path):
            leaf = MapLeaf.parse(entry)
            found.append((leaf, leaf.open(world.signers.keys())))
    return found


def check_said(world: World) -> list[int]:
    """Every root is that of the oracle, every head one of the log, the tree is that of the leaves. The sizes, in order."""
    found = said(world)
    labels = [(label, index) for index, label, _ in leaves_of(world.public, 0, world.head.state.size)]
    for leaf, of in found:
        assert leaf.root == prefix.root(prefix.rows_of(labels[: of.size]))
        assert of.root == tree_root(f.leaf_hash for f in world.core.sequencer._segments.frames(0, of.size))
    sizes = [of.size for _, of in found]
    assert sizes == sorted(set(sizes))
    assert shown(world).root == tree_root(leaf_hash(leaf.encode()) for leaf, _ in found)
    return sizes


def grow(world: World, core, *keys: str) -> None:
    for key in keys:
        world.record(core, key, "anna")
    core.integrator.step()


def test_a_log_begins_with_an_empty_map_log():
    """`create` makes both heads, and shows both checkpoints: a start makes none."""
    world = World()
    assert shown(world) == Checkpoint.of(f"{ORIGIN}/map", 0, tree_root([]))
    core = world.open()
    assert core.map.step() is False  # a minute has not passed
    core.close()
    world.crash()
    world.map_head.state = None
    with pytest.raises(Damaged):
        world.open()


def test_an_answer_is_signed_before_it_is_given():
    """Whatever is asked for, the newest published head is under the last leaf of the published map log."""
    world = World()
    core = world.open()
    for n, keys in enumerate((["a"], ["b", "c"], ["d"])):
        grow(world, core, *keys)
        answer = core.map.answer()
        assert answer.checkpoint == world.public.files["map/checkpoint"].data
        signed = Checkpoint.parse(parse_note(answer.checkpoint).text)
        check_inclusion(leaf_hash(answer.leaf), n, signed.size, answer.path, signed.root)
        assert signed.size == n + 1
        leaf = MapLeaf.parse(answer.leaf)
        assert leaf.open(world.signers.keys()) == answer.reader.checkpoint
        assert (answer.index.root, answer.index.size) == (leaf.root, answer.reader.size)
        for frame in answer.reader.frames():
            assert answer.index.prove(frame.label).check(leaf.root) == frame.index
        assert answer.index.prove(b"x" * 32).check(leaf.root) is None
    again = core.map.answer()
    assert (again.checkpoint, again.leaf) == (answer.checkpoint, answer.leaf)
    assert check_said(world) == [3, 5, 6]


def test_what_is_not_published_is_in_no_index():
    """A record that is durable and under no head yet waits for the next leaf."""
    world = World()
    core = world.open()
    grow(world, core, "a")
    label = world.record(core, "b", "anna").leaves[-1].label
    answer = core.map.answer()
    assert answer.index.prove(label).index is None
    core.integrator.step()
    assert core.map.answer().index.prove(label).index == 3
    assert answer.index.prove(label).index is None


def test_once_a_minute_and_only_for_something_new():
    """By the clock of the last signature: not before a minute, then once, and not at all for a head that it has."""
    world = World()
    core = world.open()
    grow(world, core, "a")
    assert core.map.step() is False
    world.clock.at += timedelta(seconds=61)
    assert [core.map.step(), core.map.step()] == [True, False]
    world.clock.at += timedelta(seconds=61)
    assert core.map.step() is False
    grow(world, core, "b")
    assert [core.map.step(), core.map.step()] == [True, False]
    assert check_said(world) == [3, 4]


@pytest.mark.parametrize("size", [2, pytest.param(256, marks=pytest.mark.slow), 257])
def test_the_map_log_has_tiles_like_the_log(size):
    """Around the edge of a tile: every leaf is there, and a start finds the map log as it was."""
    world = World()
    core = world.open()
    for n in range(size):
        grow(world, core, f"k-{n}")
        core.map.answer()
        if n % 50 == 49:
            core.close()
            world.crash()
            core = world.open()
    assert len(check_said(world)) == size
    core.close()
    world.crash()
    world.settle()
    assert shown(world).size == size


# Faults


def play(world: World, call: str, fate: str, error, *, then: str) -> tuple[bool, list[int]]:
    """A leaf whose write meets the fault, while the log goes on; then a start, and another leaf. Whether it stopped."""
    core = world.open()
    grow(world, core, "before")
    core.map.answer()
    sizes = check_said(world)
    grow(world, core, "asked")
    world.faults.arm(call, fate, error=error)
    failed = outcome(core.map.answer)
    assert not world.faults._armed, "the fault was never met"
    stopped = isinstance(outcome(core.map.answer), Unavailable)
    # The log goes on, and nobody who records hears of it.
    assert core.state.stopped is None
    grow(world, core, "after")
    assert core.state.published.size == core.state.head.size == world.head.state.size
    if then == "at once" and not stopped:
        core.map.answer()
    core.close()
    world.crash()
    report = world.fsck()
    assert report.exit == 0, report.lines()
    core = world.open()
    if then == "more":
        grow(world, core, "more")
    core.map.answer()
    sizes_now = check_said(world)
    assert sizes_now[: len(sizes)] == sizes
    assert sizes_now[-1] == core.state.published.size
    core.close()
    assert isinstance(failed, type(None) | OutcomeUnknown | Unavailable)
    return stopped, sizes_now


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("fate", "then"),
    [
        ("lost", "as it was"),
        ("late", "more"),
        pytest.param("lost", "more", marks=pytest.mark.slow),
        pytest.param("late", "as it was", marks=pytest.mark.slow),
    ],
)
def test_a_failed_write_leaves_the_map_behind_and_the_log_alone(write, fate, then):
    """It stops alone; a start catches up; input sizes still strictly grow, and no size has two roots."""
    world = at_size(255)
    stopped, _ = play(world, WRITES[write], fate, OutcomeUnknown, then=then)
    assert stopped
    world.settle()
    assert list(world.private.names("map/staging")) == []


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_changed_nothing_is_tried_again(write):
    """The next asking does what this one could not, before the swap and after it; but some files without others are a stop."""
    world = at_size(255)
    stopped, sizes = play(world, WRITES[write], "lost", Unavailable, then="at once")
    assert stopped == (write == "8 level 0")
    assert len(sizes) == 3
    world.settle()


@pytest.mark.parametrize("call", ["map swap", "replace map/staging/"])
@pytest.mark.parametrize("fate", FATES)
def test_a_choice_is_carried_through(call, fate):
    """A leaf that was staged, and may have been signed, is the next one, whatever the log has grown to since."""
    world = at_size(3)
    core = world.open()
    grow(world, core, "chosen")
    chosen = core.state.published.size
    world.faults.arm(call, fate)
    with pytest.raises(OutcomeUnknown):
        core.map.answer()
    staged = bool(list(world.private.names("map/staging")))
    grow(world, core, "later")
    core.close()
    world.crash()
    core = world.open()
    core.map.answer()
    sizes = check_said(world)
    assert sizes == ([chosen, core.state.published.size] if staged else [core.state.published.size])
    core.close()
    world.settle()


CALLS = ("read map/", "replace map/", "create map/", "delete map/", "map swap")


@pytest.mark.parametrize("of", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("fate", "error"), [("lost", OutcomeUnknown), ("late", OutcomeUnknown), ("lost", Unavailable)])
def test_whatever_call_of_the_map_log_fails_first(fate, error, of):
    """The k-th call of each kind in a life with answers fails, for every k, starts included, or for one of four, drawn;
    what follows is whole.
    """
    swept = 0
    for call in CALLS:
        for nth in range(random.randint(1, of), 100, of):
            world = at_size(3)
            world.faults.arm(call, fate, nth=nth, error=error)
            failed = outcome(lambda w=world: life(w))
            assert not isinstance(failed, Damaged | Contradiction), (call, nth, failed)
            if world.faults._armed:
                assert failed is None
                break
            swept += 1
            world.settle(also_before=nth % 3 == 0)
    assert swept > 30 // of


def life(world: World) -> None:
    """Two processes, each of which answers twice."""
    for name in ("one", "two"):
        core = world.open()
        for n in range(2):
            grow(world, core, f"{name}-{n}")
            core.map.answer()
        core.close()
        world.crash()


# What a start refuses


def mapped_world() -> World:
    """A world with three leaves in its map log; nobody has it open."""
    world = at_size(255)
    core = world.open()
    for key in "abc":
        grow(world, core, key)
        core.map.answer()
    core.close()
    world.crash()
    return world


@pytest.mark.parametrize("name", ["map/checkpoint", "map/tile/0/000.p/3", "map/tile/entries/000.p/3"])
def test_an_altered_file_stops_the_start(name):
    """A bit in the checkpoint, in the last tile, in the last bundle: somebody must look."""
    world = mapped_world()
    raw = world.public.files[name].data
    world.public.set(name, raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])
    with pytest.raises(Damaged):
        world.open()
    assert world.fsck().exit == 3


def test_an_old_copy_of_either_head_is_refused():
    """The log's head from before, under a map log that has seen more, and the other way round."""
    old, new = at_size(255), mapped_world()
    mixed = new.snapshot()
    mixed.map_head.state = old.map_head.state
    with pytest.raises(Damaged):
        mixed.open()
    mixed = new.snapshot()
    mixed.head = old.head
    mixed.public.files = {k: v for k, v in new.public.files.items() if k.startswith("map/")} | {
        k: v for k, v in old.public.files.items() if not k.startswith("map/")
    }
    mixed.private.files = old.private.files
    mixed.labels = old.labels
    with pytest.raises(Damaged):
        mixed.open()


def test_no_index_is_signed_over_a_wrong_label_table():
    """A row too many in `labels.db` stops the map log, with what to do; the log goes on; the table is made anew."""
    world = mapped_world()
    world.labels._known[b"x" * 32] = 7
    world.private.delete("map/crown")
    core = world.open()
    grow(world, core, "d")
    with pytest.raises(Damaged) as caught:
        core.map.answer()
    assert "labels.db" in caught.value.hint
    grow(world, core, "e")
    core.close()
    world.crash()
    world.labels.clear()
    core = world.open()
    core.map.answer()
    assert check_said(world)[-1] == core.state.published.size


def test_a_wrong_row_that_a_start_did_not_read_is_in_no_root_and_in_no_proof():
    """With the crown of the last run the table is not read whole: what is signed is right, and the row shows when asked for."""
    world = mapped_world()
    assert world.private.read("map/crown")
    world.labels._known[b"x" * 32] = 7
    core = world.open()
    grow(world, core, "d")
    mapped = core.map.answer()
    assert check_said(world)[-1] == core.state.published.size
    with pytest.raises(Damaged, match="label table"):
        mapped.index.prove(b"x" * 32)
    core.close()


@pytest.mark.parametrize("crown", [None, b"", b"whosaw/crown/v1\n", "older"])
def test_a_start_needs_no_saved_crown(crown):
    """Missing, torn, or older by a few leaves: the same index is signed next."""
    world = mapped_world()
    if crown == "older":
        core = world.open()
        grow(world, core, "d")
        core.map.answer()
        world.crash()  # without a close: the crown of the run before is what there is
    elif crown is None:
        world.private.delete("map/crown")
    else:
        world.private.replace("map/crown", crown)
    core = world.open()
    grow(world, core, "e")
    core.map.answer()
    assert check_said(world)[-1] == core.state.published.size
    core.close()


def test_a_clock_that_went_back_signs_no_index():
    """Nothing is signed before the last signature's time, and nothing is left of the attempt."""
    world = mapped_world()
    core = world.open()
    grow(world, core, "d")
    world.clock.at -= timedelta(hours=1)
    with pytest.raises(Unavailable):
        core.map.answer()
    assert list(world.private.names("map/staging")) == []
    world.clock.at += timedelta(hours=2)
    core.map.answer()
    assert check_said(world)[-1] == core.state.published.size


# In a running journal


def test_a_running_journal_answers_from_many_threads():
    """Records and answers side by side: every answer holds, and the sizes grow."""
    world = World()
    with Journal.open(
        stores=world.stores, keys=world.keys, signers=world.signers, clock=world.clock, random=world.random,
        settings=JournalSettings(publish_every_ms=10, map_every_s=1),
    ) as journal:  # fmt: skip
        world.core = journal._core
        answers, failed = [], []

        def work(thread: int) -> None:
            try:
                for n in range(5):
                    made = journal.submit(world.submission(f"k-{thread}-{n}", f"person-{thread}"))
                    journal.wait_published(made.leaves[-1].index)
                    answers.append((journal.mapped(), made.leaves[-1]))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        for answer, leaf in answers:
            assert answer.index.prove(leaf.label).check(MapLeaf.parse(answer.leaf).root) == leaf.index
        check_said(world)
    world.crash()
    world.settle()


# ── short runs ──


def short_run(world, key, settings=None):
    """A journal that is open for one record."""
    with Journal.open(
        stores=world.stores, keys=world.keys, signers=world.signers, settings=settings or JournalSettings(),
        clock=world.clock, random=world.random,
    ) as journal:  # fmt: skip
        journal.submit(world.submission(key))
    world.crash()


def test_short_runs_leave_an_index():
    """Its minute is over: one leaf at the end, of the newest head. Within the minute: none, however many runs."""
    world = World()
    short_run(world, "a")
    assert world.map_head.state.size == 0
    for n in range(3):
        world.clock.at += timedelta(seconds=61)
        for again in range(2):
            short_run(world, f"{n}-{again}")
        assert world.map_head.state.size == n + 1
    world.settle()


def test_a_large_log_is_not_read_at_the_end_of_a_short_run(monkeypatch):
    """Unless its index was asked for: then it is in memory, and the leaf costs nothing."""
    world = World()
    monkeypatch.setattr(map_log, "SMALL", 5)
    for n in range(4):
        world.clock.at += timedelta(seconds=61)
        short_run(world, f"{n}")
        world.private.delete("map/crown")
    assert 0 < world.map_head.state.size < 4
    size = world.map_head.state.size
    world.clock.at += timedelta(seconds=61)
    core = world.open()
    assert core.map.last_step() is False
    core.map.answer()
    world.record(core, "more")
    core.integrator.step()
    world.clock.at += timedelta(seconds=61)
    assert core.map.last_step() is True
    core.close()
    assert world.map_head.state.size == size + 2


def test_an_end_that_cannot_sign_an_index_is_an_end_all_the_same():
    """The record is there, the lock is free, and the next start makes it whole."""
    world = World()
    world.clock.at += timedelta(seconds=61)
    world.faults.arm("map swap", "late", error=OutcomeUnknown)
    short_run(world, "a")
    world.settle()
