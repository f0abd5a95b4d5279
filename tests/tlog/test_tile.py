# SPDX-License-Identifier: Apache-2.0
"""Tiles: paths, widths and bytes, against the specification's examples and complete logs of other people."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, leaves, naive_root, patient, shared_json

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog import merkle
from whosaw.tlog import tile as t

MANY = leaves(70_000)


def test_paths_of_the_specification():
    """Groups of three digits, `x` before all but the last, the width behind a partial one."""
    assert t.Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert t.Tile(63, 0, 255).path == "tile/63/000.p/255"
    assert t.Bundle(273, 112).path == "tile/entries/273.p/112"
    assert t.Bundle(1_000).path == "tile/entries/x001/000"
    assert t.Tile(0, 2**63 - 1).path == "tile/0/x009/x223/x372/x036/x854/x775/807"
    assert t.Tile(1, 2, 3).full == t.Tile(1, 2)
    assert t.Bundle(2, 3).full == t.Bundle(2)
    assert t.Bundle(2, 3).first == 512


def test_go_paths():
    """Go's table without its height, which c2sp dropped: the same tiles, the same refusals."""
    for path, wanted in shared_json("extracted/go_tlog.json")["tile_paths"]:
        _, height, rest = path.split("/", 2)
        ours = "tile/" + rest.replace("data/", "entries/")
        if wanted is None:
            with pytest.raises(NotCanonical):
                t.parse_path(ours)
            continue
        _, level, index, width = wanted
        wide = t.FULL if width == 2 ** int(height) else width
        assert t.parse_path(ours) == (t.Bundle(index, wide) if level == -1 else t.Tile(level, index, wide))


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000",
        "tile/0/x000/001", "tile/0/x001", "tile/0/001/002", "tile/0/x01/002", "tile/0/X001/002", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000.P/1", "/tile/0/000",
        "tile/0/000/", "tile/0/000\n", "tile//000", "tile/entry/000", "tile/entries/0/000", "tile/0/٠٠٠", "tile/0/x００1/000",
        "tile/0/x009/x223/x372/x036/x854/x775/808", "tile/0/x001/x000/x000/x000/x000/x000/x000/000", "tile/0/../000",
    ],
)  # fmt: skip
def test_no_other_path(path):
    """One path for a file and one file for a path; nothing climbs out of the folder."""
    with pytest.raises(NotCanonical):
        t.parse_path(path)


@patient
@given(
    st.one_of(
        st.text(max_size=40), damaged(b"tile/0/x001/x234/067.p/12", b"tile/entries/007", b"tile/63/x999/999.p/255")
    )
)
def test_accepted_paths_are_canonical(path):
    """Whatever is taken for a path renders back to it."""
    path = path if isinstance(path, str) else path.decode("latin-1")
    accepted_is_canonical(t.parse_path, lambda made: made.path, path)


@patient
@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_every_tile_has_a_path(level, index, width):
    """Any place, any width, there and back."""
    for made in (t.Tile(level, index, width), t.Bundle(index, width)):
        assert t.parse_path(made.path) == made
    assert t.parse_path(t.Bundle(2**63 - 1).path) == t.Bundle(2**63 - 1)


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (True, 0, 1), (0, True, 1), (0, 0, True)],
)
def test_no_other_tile(level, index, width):
    """Levels 0 to 63, widths 1 to 256, integers."""
    with pytest.raises(BadInput):
        t.Tile(level, index, width)


def test_the_specifications_geometry():
    """Sizes 70,000 and 256, counted out in the text of tlog-tiles."""
    tiles = [x for x in t.tiles_at(70_000) if isinstance(x, t.Tile)]
    full = [sum(x.level == level and x.width == 256 for x in tiles) for level in range(4)]
    partial = [[x.width for x in tiles if x.level == level and x.width < 256] for level in range(4)]
    given = shared_json("extracted/c2sp_examples.json")["geometry"]
    assert full == [given["70000"]["L0_full"], given["70000"]["L1_full"], 0, 0]
    assert partial == [
        [given["70000"]["L0_partial"]],
        [given["70000"]["L1_partial"]],
        [given["70000"]["L2_partial"]],
        [],
    ]
    assert list(t.tiles_at(256)) == [t.Bundle(0), t.Tile(0, 0), t.Tile(1, 0, 1)]
    assert list(t.tiles_at(0)) == []


def test_go_counts_of_new_tiles():
    """Go's table for height 10 holds for the same arithmetic."""
    for old, new, count in shared_json("extracted/go_tlog.json")["new_tiles_count_height10"]:
        assert sum(1 for _ in t.grown(old, new, height=10)) == count


def test_widths_by_the_formula():
    """The partial tile of level l at size s is ⌊s / 256^l⌋ mod 256 wide, and absent where that is 0."""
    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000, 2**40 + 3):
        for level in range(8):
            count = size // 256**level
            assert t.width_at(level, count // 256, size) == count % 256
            if count >= 256:
                assert t.width_at(level, count // 256 - 1, size) == 256
            assert t.width_at(level, count // 256 + 1, size) == 0


@patient
@given(st.lists(st.integers(1, 70_000), min_size=1, max_size=6))
def test_growing_in_any_steps_leaves_no_file_out(sizes):
    """What is written step by step is at each step all that the size needs."""
    written, old = set(), 0
    for new in sorted(sizes):
        step = list(t.new_tiles(old, new))
        assert len(step) == len(set(step))
        written |= set(step)
        assert set(t.tiles_at(new)) <= written
        old = new
    with pytest.raises(BadInput):
        list(t.new_tiles(old, old - 1))


def test_files_are_written_from_the_bottom_up():
    """Bundles, then level 0, then upwards: nothing derived stands before what it comes from."""
    kinds = [-1 if isinstance(x, t.Bundle) else x.level for x in t.new_tiles(200, 70_000)]
    assert kinds == sorted(kinds)


def files(hashes):
    """All tiles of a log, as bytes by tile: made the naive way, level from level."""
    made, row, level = {}, hashes, 0
    while row:
        for index in range(0, len(row), 256):
            part = row[index : index + 256]
            for width in {len(part), *range(1, min(len(part), 3))}:
                made[t.Tile(level, index // 256, width)] = b"".join(part[:width])
        row = [naive_root(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
        level += 1
    return made


FILES = files(MANY)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 69_999, 70_000])
def test_the_tree_is_read_from_tiles(size):
    """Every node that a proof needs comes out of the tiles of that size, and only of those."""
    asked = []

    def read(tile):
        asked.append(tile)
        return (
            b"".join(MANY[tile.index * 256 :][: tile.width])
            if tile.level == 0
            else FILES[t.Tile(tile.level, tile.index, wide(tile))][: tile.width * 32]
        )

    def wide(tile):
        return t.width_at(tile.level, tile.index, 70_000)

    node, truth = t.nodes_in(read, size), merkle.nodes_of(MANY[:size])
    dice = random.Random(size)
    root = merkle.root_at(truth, size)
    assert merkle.root_at(node, size) == root
    for _ in range(30):
        index, old = dice.randrange(size), dice.randrange(size) + 1
        merkle.check_inclusion(MANY[index], index, size, merkle.prove_inclusion(node, index, size), root)
        merkle.check_consistency(old, size, merkle.prove_consistency(node, old, size), merkle.root_at(truth, old), root)
    assert set(asked) <= set(t.tiles_at(size))


def test_an_inclusion_proof_reads_few_tiles():
    """One tile for each level at the leaf, and those of the right edge: three files of a log of 70,000."""
    asked = set()

    def read(tile):
        asked.add(tile)
        return FILES[tile]

    merkle.prove_inclusion(t.nodes_in(read, 70_000), 12_345, 70_000)
    assert len(asked) <= 5


def test_nodes_that_are_not_complete_are_refused():
    """No node outside the tree, and no tile of another width than the size says."""
    node = t.nodes_in(lambda tile: bytes(tile.width * 32), 300)
    for level, index in ((0, 300), (8, 1), (9, 0), (0, -1), (-1, 0)):
        with pytest.raises(BadInput):
            node(level, index)
    with pytest.raises(NotCanonical):
        t.nodes_in(lambda tile: bytes(tile.width * 32 - 1), 300)(0, 0)


def test_full_tiles_enter_the_level_above():
    """One hash for each full tile."""
    assert [merkle.root_of_row(FILES[t.Tile(0, i)]) for i in range(3)] == [
        naive_root(MANY[i * 256 : i * 256 + 256]) for i in range(3)
    ]


def test_a_tile_has_its_width():
    """A byte more, a hash fewer: refused, with the name of the file."""
    raw = b"".join(MANY[:12])
    assert t.parse_tile(raw, 12, "tile/0/000.p/12") == MANY[:12]
    assert t.encode_tile(MANY[:12]) == raw
    for bad, width in ((raw, 11), (raw, 13), (raw[:-1], 12), (raw + b"x", 12), (b"", 12)):
        with pytest.raises(NotCanonical, match=r"^tile/0/000\.p/12"):
            t.parse_tile(bad, width, "tile/0/000.p/12")


def test_our_bundle_has_17152_bytes():
    """256 leaves of 65 bytes, each with its length before it."""
    assert len(t.encode_bundle([bytes(65)] * 256)) == 17_152
    assert t.parse_bundle(t.encode_bundle([bytes(65_535)]), 1, "x") == [bytes(65_535)]
    with pytest.raises(BadInput):
        t.encode_bundle([bytes(65_536)])


@patient
@given(st.lists(st.binary(max_size=80), min_size=1, max_size=40))
def test_a_bundle_there_and_back(entries):
    """Entries of any length, also empty ones."""
    raw = t.encode_bundle(entries)
    assert t.parse_bundle(raw, len(entries), "x") == entries
    for width in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(NotCanonical):
            t.parse_bundle(raw, width, "x")
    for cut in (raw[:-1], raw + b"\0"):
        with pytest.raises(NotCanonical):
            t.parse_bundle(cut, len(entries), "x")


@patient
@given(st.binary(max_size=60), st.integers(1, 6))
def test_accepted_bundles_are_canonical(raw, width):
    """Whatever is taken for a bundle renders back to the same bytes."""
    accepted_is_canonical(lambda r: t.parse_bundle(r, width, "x"), t.encode_bundle, raw)


def test_hashing_a_row_is_hashing_a_tree():
    """The fast way over a whole tile is the recursion of the RFC, for every width."""
    for width in range(1, 257):
        row = b"".join(sha256(b"%d" % i).digest() for i in range(width))
        assert merkle.root_of_row(row) == naive_root([row[i : i + 32] for i in range(0, len(row), 32)])
    with pytest.raises(BadInput):
        merkle.root_of_row(bytes(33))
