# SPDX-License-Identifier: Apache-2.0
"""Complete logs of other people, rebuilt and verified from their files."""

from base64 import b64decode

import pytest
from tests.tlog.given import naive_root, shared, shared_json

from whosaw.errors import NotCanonical
from whosaw.tlog import merkle
from whosaw.tlog import tile as t
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import Ed25519Signer, VerifierKey, open_note, parse_note, sign_note

SIZES = range(16)


@pytest.fixture(scope="module")
def tessera():
    """Folder, key and entries of Tessera's test log."""
    given = shared_json("extracted/tessera_log_key.json")
    return shared("tessera/testdata/log"), given, [entry.encode() for entry in given["entries_utf8"]]


@pytest.mark.parametrize("size", SIZES)
def test_tessera_checkpoints(tessera, size):
    """Each of sixteen heads: signed by the key, root of the entries, and signed anew to the same bytes."""
    folder, given, entries = tessera
    key = VerifierKey.parse(given["vkey"])
    raw = (folder / f"checkpoint.{size}").read_bytes()
    checkpoint = Checkpoint.parse(open_note(raw, [key]).text)
    assert (checkpoint.origin, checkpoint.size) == (key.name, size)
    assert checkpoint.root == merkle.root(map(merkle.leaf_hash, entries[:size]))
    seed = b64decode(given["skey"].split("+", 4)[4])[1:]
    signer = Ed25519Signer.from_seed(key.name, seed)
    assert signer.key == key
    assert sign_note(Checkpoint.of(key.name, size, checkpoint.root).encode(), [signer], 0) == raw


def test_tessera_files(tessera):
    """Every tile and every bundle of every size: the same names, the same bytes, no file left over."""
    folder, _, entries = tessera
    ours = {}
    for size in SIZES:
        for piece in t.tiles_at(size):
            part = entries[piece.index * 256 :][: piece.width]
            if isinstance(piece, t.Bundle):
                ours[piece.path] = t.encode_bundle(part)
            else:
                ours[piece.path] = t.encode_tile(map(merkle.leaf_hash, part))
    theirs = {str(p.relative_to(folder)): p.read_bytes() for p in (folder / "tile").rglob("*") if p.is_file()}
    assert ours == theirs
    for path, raw in theirs.items():
        piece = t.parse_path(path)
        parse = t.parse_bundle if isinstance(piece, t.Bundle) else t.parse_tile
        assert len(parse(raw, piece.width, path)) == piece.width


def test_tessera_is_append_only(tessera):
    """Any older head is the start of any newer one, proven from the newer one's tiles."""
    folder, _, _ = tessera
    heads = [Checkpoint.parse(parse_note((folder / f"checkpoint.{size}").read_bytes()).text) for size in SIZES]
    for new in heads[1:]:
        node = t.nodes_in(lambda tile: (folder / tile.path).read_bytes(), new.size)
        for old in heads[1 : new.size + 1]:
            proof = merkle.prove_consistency(node, old.size, new.size)
            merkle.check_consistency(old.size, new.size, proof, old.root, new.root)


def test_sunlight_tiles():
    """A real CT log: full tiles hash to their subtree, a partial tile is the start of the full one."""
    folder = shared("sunlight/testdata/navigli2025h2")
    tiles = [(folder / t.Tile(0, i).path).read_bytes() for i in range(4)]
    partial = t.Tile(0, 3, 10)
    assert tiles[3].startswith(t.check_tile((folder / partial.path).read_bytes(), 10, partial.path))
    hashes = [h for raw in tiles for h in t.parse_tile(raw, 256, "tile")]
    assert list(map(merkle.root_of_row, tiles)) == [naive_root(hashes[i : i + 256]) for i in range(0, 1024, 256)]
    level_1 = t.encode_tile(list(map(merkle.root_of_row, tiles)))

    def read(tile):
        whole = level_1 if tile.level == 1 else tiles[tile.index]
        return whole[: tile.width * 32]

    old, new = 3 * 256 + 10, 1024
    roots = {size: merkle.root(hashes[:size]) for size in (old, new)}
    for size, root in roots.items():
        assert merkle.root_at(t.nodes_in(read, size), size) == root
    proof = merkle.prove_consistency(t.nodes_in(read, new), old, new)
    merkle.check_consistency(old, new, proof, roots[old], roots[new])
    with pytest.raises(NotCanonical):
        t.check_tile(tiles[0][:-1], 256, "tile")
