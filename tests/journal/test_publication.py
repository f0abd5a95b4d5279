# SPDX-License-Identifier: Apache-2.0
"""What is published: the same files whatever the batches, every size that was shown served, and partials that may go."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.world import ORIGIN, World, at_size

from whosaw.errors import Damaged
from whosaw.journal.edge import Edge, load
from whosaw.journal.partials import AGE, Partials
from whosaw.journal.published import entries, nodes, reading
from whosaw.journal.reader import Reader
from whosaw.tlog import leaf, merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.tile import Tile, tiles_at

ENTRIES = [leaf.entry(n.to_bytes(32), bytes(32)) for n in range(700)]
HASHES = [merkle.leaf_hash(entry) for entry in ENTRIES]


def grown(*sizes: int) -> tuple[Edge, dict[str, bytes]]:
    edge, files, at = Edge(), {}, 0
    for size in sizes:
        edge, more = edge.grow(ENTRIES[at:size], HASHES[at:size])
        files |= dict(more)
        at = size
    return edge, files


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6, unique=True).map(sorted))
def test_the_same_leaves_make_the_same_files_whatever_the_batches(sizes):
    """Root, edge and every file that a size needs are those of a build in one piece."""
    edge, files = grown(*sizes)
    whole, built = grown(sizes[-1])
    assert edge == whole
    assert edge.root() == merkle.root(HASHES[: sizes[-1]])
    for size in sizes:
        needed = dict(grown(size)[1])
        assert {tile.path for tile in tiles_at(size)} == needed.keys()
        assert needed.items() <= files.items()
    assert built.items() <= files.items()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 700])
def test_the_edge_comes_back_from_its_files(size):
    """What a start reads is what the process before had in memory; a tile or bundle that was changed is found."""
    edge, files = grown(size)

    def read(what):
        return files[what.path]

    assert load(read, size) == edge
    if size % 256:
        tile, bundle = f"tile/0/{size // 256:03}.p/{size % 256}", f"tile/entries/{size // 256:03}.p/{size % 256}"
        for path in (tile, bundle):
            kept = files[path]
            files[path] = kept[:-1] + bytes([kept[-1] ^ 1])
            with pytest.raises(Damaged):
                load(read, size)
            files[path] = kept


def test_every_size_that_was_shown_is_served():
    """Each checkpoint that was ever fetched: its tiles are there, its root follows, its leaves can be proven."""
    world = at_size(250)
    core = world.open()
    shown = []
    for n in range(12):
        world.record(core, f"k-{n}", "anna")
        core.integrator.step()
        shown.append(Checkpoint(ORIGIN, core.state.head.size, core.state.root))
    for old in shown:
        node = nodes(world.public, old.size)
        assert merkle.root_at(node, old.size) == old.root
        path = merkle.prove_inclusion(node, old.size - 1, old.size)
        *_, (_, label, commitment) = entries(world.public, old.size - 1, old.size)
        hash_ = merkle.leaf_hash(leaf.entry(label, commitment))
        merkle.check_inclusion(hash_, old.size - 1, old.size, path, old.root)
    core.close()


def test_the_checkpoint_comes_last():
    """Whatever is asked for after a checkpoint was fetched is there: files are written before it, never after."""
    world = at_size(255)
    core = world.open()
    world.record(core, "k", "anna")
    world.faults.calls.clear()
    core.integrator.step()
    writes = [call for call in world.faults.calls if not call.startswith("read")]
    order = [next(n for n, call in enumerate(writes) if call.startswith(word)) for word in (
        "replace staging/", "swap", "create tile/entries", "create tile/0", "create tile/1", "extend labels",
        "replace checkpoint", "delete staging",
    )]  # fmt: skip
    assert order == sorted(order)
    assert writes[-2:] == ["replace checkpoint", writes[-1]]
    core.close()


# ── partials ──


def partials_of(world) -> list[str]:
    return [name for name in world.public.names("tile") if ".p/" in name]


def with_old_partials() -> World:
    """A log that stopped at many widths on its way over a full tile."""
    world = at_size(240)
    core = world.open()
    for n in range(20):
        world.record(core, f"k-{n}", "anna")
        core.integrator.step()
    core.close()
    world.crash()
    return world


def test_old_partials_go_an_hour_after_their_full_tile():
    """Not before: somebody may just have fetched the checkpoint that needs them. Every old size is served on."""
    world = with_old_partials()
    before = partials_of(world)
    assert len([name for name in before if name.startswith("tile/0/000.p/")]) > 10
    core = world.open()
    world.record(core, "soon", "anna")
    core.integrator.step()
    assert set(before) <= set(partials_of(world))
    world.clock.at += AGE
    world.record(core, "later", "anna")
    core.integrator.step()
    left = partials_of(world)
    assert not [name for name in left if "/000.p/" in name and not name.startswith("tile/1")]
    size = core.state.head.size
    assert {tile.path for tile in tiles_at(size)} <= set(world.public.names("tile"))
    read = reading(world.public)
    for width in range(1, 257):
        assert len(read(Tile(0, 0, width))) == width * 32
    core.close()
    world.settle()


def test_what_the_head_needs_never_goes():
    """Months later the right edge is still partial, and still there."""
    world = with_old_partials()
    size = world.head.state.size
    world.clock.at += timedelta(days=90)
    partials = Partials(world.public, world.clock)
    assert partials.collect(size) > 20
    assert partials.collect(size) == 0
    assert {tile.path for tile in tiles_at(size)} <= set(world.public.names("tile"))
    assert world.fsck().findings == []


def test_a_full_tile_whose_bundle_is_missing_keeps_its_partials():
    """Both must be durable; while one is not there, nothing beside them is deleted."""
    world = with_old_partials()
    world.clock.at += timedelta(days=90)
    bundle = world.public.files.pop("tile/entries/000")
    assert Partials(world.public, world.clock).collect(world.head.state.size) == 0
    world.public.files["tile/entries/000"] = bundle
    assert Partials(world.public, world.clock).collect(250) == 0  # under no published head


# ── reading ──


def test_a_reader_is_of_one_size():
    """What was published later is not in it: its answers are all about one checkpoint."""
    world = at_size(10)
    core = world.open()
    recorded = world.record(core, "k", "anna")
    core.integrator.step()
    reader = Reader.pinned(world.stores, world.signers.keys())
    later = world.record(core, "later", "anna")
    core.integrator.step()
    assert reader.size == 12
    assert len(list(reader.frames())) == 12
    assert (recorded.leaves[-1].index, later.leaves[-1].index) == (11, 12)
    anna = world.keys.of(world.submission("x", "anna").records[0].stream)
    assert [frame.i for frame in reader.run(anna)] == [0, 1]
    assert [frame.i for frame in Reader.pinned(world.stores, world.signers.keys()).run(anna)] == [0, 1, 2]
    core.close()


def test_a_checkpoint_that_not_every_key_signed_is_not_ours():
    """One signature cut off, or another log's note: Damaged, before anything is read under it."""
    world = at_size(10)
    note = world.public.files["checkpoint"].data
    world.public.set("checkpoint", note.rsplit("— ".encode(), 1)[0])
    with pytest.raises(Damaged, match="every key"):
        Reader.pinned(world.stores, world.signers.keys())
