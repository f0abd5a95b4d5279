# SPDX-License-Identifier: Apache-2.0
"""Repair makes again what follows, byte for byte, and touches nothing that does not: every file, damaged in every way."""

import pytest
from tests.journal.test_fsck import flip, rewrite, small
from tests.journal.world import World

from whosaw.errors import BadInput, Busy, Unavailable, WhosawError
from whosaw.journal.fsck.findings import Fault
from whosaw.journal.ports import Placed
from whosaw.journal.repair.aside import FOLDER as REPLACED
from whosaw.journal.repair.repair import repair
from whosaw.journal.segments import Segments

# What must never be written: the head's public copies, and leaves that stand nowhere else.
NEVER = ("checkpoint", "map/checkpoint", "checkpoint.witnessed", "map/tile/entries")


@pytest.fixture(scope="module")
def kept():
    return small()


@pytest.fixture
def world(kept):
    return kept.snapshot()


class Mirror:
    """A ``verify.source.Source`` over files as they were."""

    place, listed = "mirror", True

    def __init__(self, files):
        self.files = dict(files)

    def read(self, name, limit):
        return self.files.get(name)

    def names(self):
        return iter(self.files)


def public(world):
    return {name: file.data for name, file in world.public.files.items()}


def private(world, but=(REPLACED, "lock")):
    return {name: file.data for name, file in world.private.files.items() if name.split("/")[0] not in but}


def mend(world, **more):
    return repair(world.stores, world.signers, world.keys, **more)


# ── every way to damage a file ──


def flipped(world, name):
    data = world.public.files[name].data
    world.public.set(name, flip(data, len(data) // 2))


def flipped_at_its_end(world, name):
    data = world.public.files[name].data
    world.public.set(name, flip(data, len(data) - 1))


def cut(world, name):
    world.public.set(name, world.public.files[name].data[:-5])


def emptied(world, name):
    world.public.set(name, b"")


def missing(world, name):
    world.public.delete(name)


def longer(world, name):
    world.public.set(name, world.public.files[name].data + b"more")


def swapped(world, name):
    """With another file, of another place or width."""
    names = sorted(each for each in world.public.files if each.startswith("tile/"))
    other = next(each for each in [*reversed(names), *names] if public(world)[each] != public(world)[name])
    mine, theirs = world.public.files[name].data, world.public.files[other].data
    world.public.set(name, theirs)
    world.public.set(other, mine)


WAYS = (flipped, flipped_at_its_end, cut, emptied, missing, longer, swapped)


def follows(kept):
    """Published files that follow from something else: all but the heads, older partials (which may be gone), map leaves."""
    return [name for name in sorted(public(kept)) if not name.startswith(NEVER)]


def made_again(kept, way, name):
    """Damage one file of a copy, mend it, and compare every byte."""
    world, before = kept.snapshot(), public(kept)
    inside = private(world)
    way(world, name)
    found = public(world)
    if found == before:
        return
    done = mend(world)
    if done.before.whole:  # an older partial may be gone
        assert (way, ".p/" in name) == (missing, True)
        return
    assert (done.before.exit, done.after.exit, done.left) == (3, 0, []), (name, done.left, done.after.lines())
    assert public(world) == before, name
    assert private(world) == inside, name
    aside = {file.data for path, file in world.private.files.items() if path.startswith(f"{REPLACED}/")}
    assert aside == {data for path, data in found.items() if data != before[path]}
    assert name in done.done


@pytest.mark.parametrize("number", range(len(WAYS)))
def test_a_file_that_follows_is_made_again(kept, number):
    """Each file damaged in one of the ways, each way tried on several files: byte for byte as it was, and nothing else changed."""
    names = follows(kept)[number :: 2 * len(WAYS)]
    assert len(names) > 1
    for name in names:
        made_again(kept, WAYS[number], name)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_file_in_every_way(kept, way):
    """The same, every file in every way."""
    for name in follows(kept):
        made_again(kept, way, name)


def test_what_follows_from_nothing_is_not_touched(kept):
    """A damaged head, cosignature or leaf of the map log stays as it was found, and the exit is 3."""
    kept = kept.snapshot()
    kept.public.set("checkpoint.witnessed", kept.public.files["checkpoint"].data)
    newest = max(
        (name for name in public(kept) if name.startswith("map/tile/entries")),
        key=lambda name: int(name.split("/")[-1]),
    )
    for name in ("checkpoint", "checkpoint.witnessed", "map/checkpoint", newest):
        for way in (flipped, cut, missing):
            world = kept.snapshot()
            way(world, name)
            found, inside = public(world), private(world)
            done = mend(world)
            assert (public(world), private(world)) == (found, inside), (name, way)
            assert done.after.exit == (0 if (name, way) == ("checkpoint.witnessed", missing) else 3), (name, way)


def test_a_tree_that_is_gone_is_made_again(world):
    """Every tile and every bundle of the log is missing: all of them follow from the frames."""
    before = public(world)
    for name in list(before):
        if name.startswith("tile/"):
            world.public.delete(name)
    done = mend(world)
    assert done.after.exit == 0, done.left
    assert {name for name in before if ".p/" not in name} <= public(world).keys()
    assert {name: before[name] for name in public(world)} == public(world)


def test_what_witnesses_have_seen_can_be_asked_for_again(world):
    """The partial files of the witnessed size are gone, and no full one stands there: they are made again."""
    old = world.public.files["checkpoint"].data
    core = world.open()
    world.record(core, "more", *["anna"] * 9)
    core.integrator.step()
    core.map.answer()
    core.close()
    world.crash()
    world.public.set("checkpoint.witnessed", old)
    before = public(world)
    size = int(old.split(b"\n")[1])
    edge = [f"tile/entries/001.p/{size - 256}", f"tile/0/001.p/{size - 256}"]
    for name in edge:
        world.public.delete(name)
    flipped(world, "tile/0/000")
    assert mend(world).after.exit == 0
    assert {name: public(world)[name] for name in edge} == {name: before[name] for name in edge}


def test_a_bundle_and_its_tile_both_wrong(world):
    """Two of three copies are damaged: the frames decide, and the root says that they are right."""
    before = public(world)
    for name in ("tile/entries/000", "tile/0/000"):
        flipped(world, name)
    assert mend(world).after.exit == 0
    assert public(world) == before


def test_strangers_are_set_aside(world):
    """A file that nothing accounts for is taken out of what is served, and kept."""
    before = public(world)
    world.public.set("tile/notes.txt", b"who knows")
    world.public.set("tile/0/007", bytes(8192))
    done = mend(world)
    assert done.after.exit == 0
    assert public(world) == before
    assert sorted(name.rpartition("/")[2] for name in world.private.names(REPLACED)) == ["007", "notes.txt"]


# ── tables ──


def test_labels_are_made_again(world):
    """A row elsewhere, one of nobody, one missing: the table is thrown away, and follows from the bundles."""
    rows = dict(world.labels._known)
    label = next(iter(rows))
    for change in ({label: 99}, {b"n" * 32: 7}):
        world.labels._known.update(change)
        assert mend(world).done == ["labels.db"]
        assert world.labels._known == rows
    del world.labels._known[label]
    assert mend(world).after.exit == 0
    assert world.labels._known == rows


def test_positions_and_idempotency_rows_are_made_again(world):
    """Wrong, missing, invented: after it they are what the frames say. Only the time of a lost receipt is the head's."""
    positions, placed = dict(world.head.positions_), dict(world.head.placed_)
    handle, name = next(iter(positions)), list(placed)[5]
    world.head.positions_[handle] += 1
    world.head.positions_[b"nobody's-handle!"] = 3
    world.head.placed_[b"i" * 32] = Placed(10**6, 1, 1)
    del world.head.placed_[name]
    assert mend(world).after.exit == 0
    assert world.head.positions_ == positions
    lost = placed.pop(name)
    made = world.head.placed_.pop(name)
    assert (made.first, made.count, made.at) == (lost.first, lost.count, world.head.state.signed_at)
    assert world.head.placed_ == placed


def test_tables_do_not_follow_from_frames_that_open_nothing(world):
    """A frame that was exchanged says nothing about positions: the table stays as it was found."""
    frame = Segments(world.private, world.manifest).frame(30)
    rewrite(world, 30, body=frame.body.replace(b"grow", b"grew"))
    handle = next(iter(world.head.positions_))
    world.head.positions_[handle] += 1
    positions, inside = dict(world.head.positions_), private(world)
    done = mend(world)
    assert done.after.exit == 3
    assert any("no table follows" in line for line in done.left)
    assert world.head.positions_ == positions
    assert private(world) == inside


# ── what must not be mended ──


def test_segments_are_never_written(world):
    """A flipped bit in each segment: found, left as it is, exit 3."""
    for name in sorted(world.private.names("segments")):
        data = world.private.files[name].data
        world.private.set(name, flip(data, len(data) // 3))
        inside = private(world)
        done = mend(world)
        assert (done.after.exit, done.done) == (3, []), name
        assert private(world) == inside
        world.private.set(name, data)
    assert world.fsck().whole


def test_a_body_and_its_bundle_gone(world):
    """Where frame and bundle are both damaged nobody has the leaf: the bundle is not touched, others are mended."""
    rewrite(world, 3, nonce=bytes(32))
    flipped(world, "tile/entries/000")
    flipped(world, "tile/1/000.p/1")
    found = public(world)
    done = mend(world)
    assert done.after.exit == 3
    assert public(world)["tile/entries/000"] == found["tile/entries/000"]


def test_two_histories_are_left_as_they_are(world):
    """A checkpoint that is ahead of the head, signed by us: nothing is mended at all, also what could be."""
    ahead = world.public.files["checkpoint"].data
    old = world.snapshot()
    core = world.open()
    world.record(core, "more", "anna")
    core.integrator.step()
    core.close()
    old.public.files |= world.public.files
    assert old.public.files["checkpoint"].data != ahead
    flipped(old, "tile/0/000")
    found, inside = public(old), private(old)
    done = mend(old)
    assert (done.after.exit, done.done) == (3, [])
    assert any("another history" in line for line in done.left)
    assert (public(old), private(old)) == (found, inside)


def test_a_smaller_checkpoint_of_another_history(world):
    """Signed by us, smaller than the head, and not its beginning: nothing is mended, also what could be."""
    other = world.snapshot()
    core = other.open()
    other.record(core, "theirs", "carl")
    core.integrator.step()
    core.close()
    core = world.open()
    world.record(core, "ours", *["anna"] * 9)
    core.integrator.step()
    core.close()
    world.crash()
    world.public.set("checkpoint", other.public.files["checkpoint"].data)
    flipped(world, "tile/0/000")
    found = public(world)
    done = mend(world)
    assert (done.after.exit, done.done) == (3, [])
    assert any("another history" in line for line in done.left)
    assert public(world) == found


def test_a_head_that_is_not_ours_is_the_end_of_it(world):
    """Without a head to believe nothing follows from anything."""
    state = world.head.state
    world.head.state = type(state)(state.note[:-10], state.size, state.signed_at)
    flipped(world, "tile/0/000")
    found = public(world)
    done = mend(world)
    assert (done.after.exit, done.done) == (3, [])
    assert public(world) == found


def test_after_a_crash_and_damage(world):
    """A head that was swapped and never applied, and damaged tiles: mended, and a start goes on as if nothing was."""
    core = world.open()
    world.record(core, "more", *["anna"] * 9)
    world.faults.arm("create tile/", "lost")
    with pytest.raises(WhosawError):
        core.integrator.step()
    core.close()
    world.crash()
    edge = max((n for n in public(world) if n.startswith("tile/0/001.p")), key=lambda n: int(n.rpartition("/")[2]))
    flipped(world, edge)
    flipped(world, "tile/0/000")
    done = mend(world)
    assert done.after.exit == 0, done.after.lines()
    assert {edge, "tile/0/000"} <= set(done.done)
    world.settle()


# ── beside others ──


def test_it_holds_the_folder(world):
    """A running journal has it: Busy, and nothing was looked at. Afterwards the folder is free."""
    core = world.open()
    flipped(world, "tile/0/000")
    found = public(world)
    with pytest.raises(Busy):
        mend(world)
    assert public(world) == found
    core.close()
    assert mend(world).after.exit == 0
    world.open().close()


def test_a_whole_log_is_only_read(world):
    """Nothing is written where nothing is damaged."""
    world.faults.calls.clear()
    done = mend(world)
    assert (done.done, done.left, done.before is done.after) == ([], [], True)
    assert {call.split()[0] for call in world.faults.calls} <= {"read"}


def test_no_journal_is_no_damage():
    """A wrong path is left as it was: not even a lock is made."""
    world = World(made=False)
    with pytest.raises(BadInput, match="no journal here"):
        mend(world)
    assert not world.private.files


@pytest.mark.parametrize("call", ["create replaced/", "delete tile/", "create tile/", "clear labels", "mend"])
@pytest.mark.parametrize("fate", ["lost", "late"])
def test_a_repair_that_dies_is_done_by_the_next_one(world, call, fate):
    """Whatever it was about to write: the next repair ends with the same bytes."""
    before, labels, positions = public(world), dict(world.labels._known), dict(world.head.positions_)
    flipped(world, "tile/0/000")
    flipped(world, "tile/entries/000")
    world.labels._known[next(iter(labels))] = 9_999
    world.head.positions_[next(iter(positions))] += 1
    world.faults.arm(call, fate, error=Unavailable)
    with pytest.raises(Unavailable):
        mend(world)
    world.crash()
    assert mend(world).after.exit == 0
    assert (public(world), world.labels._known, world.head.positions_) == (before, labels, positions)


# ── from a mirror ──


def test_a_mirror_heals_what_nobody_here_has(world):
    """A bundle and its frames are gone here; the mirror's bundle hashes to our own root, and is taken."""
    mirror, before = Mirror(public(world)), public(world)
    name = min(world.private.names("segments"))
    world.private.set(name, flip(world.private.files[name].data, 900))
    missing(world, "tile/entries/000")
    for each in [each for each in before if each.startswith("map/tile/entries")]:
        flipped(world, each)
    assert mend(world).after.checks[2].found
    left = mend(world, mirror=mirror).left
    assert public(world) == before
    assert left and all("segments/" in line for line in left)
    assert {finding.kind for finding in world.fsck().damage} <= {Fault.FRAME, Fault.SEGMENT, Fault.TAIL, Fault.POSITION, Fault.PLACED, Fault.LABELS, Fault.GENESIS}  # fmt: skip


def test_a_mirror_that_lies_heals_nothing(world):
    """Bytes that do not hash to our root are not taken, wherever they come from."""
    lies = Mirror({name: flip(data, 40) for name, data in public(world).items() if len(data) > 40})
    name = min(world.private.names("segments"))
    world.private.set(name, flip(world.private.files[name].data, 900))
    missing(world, "tile/entries/000")
    found = public(world)
    done = mend(world, mirror=lies)
    assert done.after.exit == 3
    assert public(world) == found
