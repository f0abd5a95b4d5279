# SPDX-License-Identifier: Apache-2.0
"""The specifications' own small examples, typed in with their source; and no vector of others lies about unread.

What is typed here is checked everywhere. The larger sets of other projects (``../shared/vectors/tlog``) are skipped,
aloud, where that folder is not beside the checkout; where it is, each file in it is read by a test or has its reason here.
"""

import ast
import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from tests.tlog.given import SHARED, shared, shared_json

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog import merkle as m
from whosaw.tlog import note as n
from whosaw.tlog import tile as t
from whosaw.tlog.checkpoint import Checkpoint

# RFC 6962's hashes for the eight leaves that every implementation of Certificate Transparency is tried with
# (certificate-transparency, merkle_tree_test.cc).
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

# c2sp.org/signed-note, the example under "Format": its key and its note.
FOO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

# c2sp.org/tlog-checkpoint and tlog-cosignature: one checkpoint, signed by its log and cosigned by a witness. Nobody has
# published the keys, so it can be read and not verified; the text that the witness signed stands in tlog-cosignature.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA_NOTE = (
    f"{SOFA}\n— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()

# c2sp.org/tlog-tiles, "Merkle Tree": an index in its path, and which tiles two sizes have: level, full ones, partial width.
PATH = (1_234_067, "x001/x234/067")
GEOMETRY = {256: [(0, 1, 0), (1, 0, 1)], 70_000: [(0, 273, 112), (1, 1, 17), (2, 0, 1)]}


def test_rfc_6962():
    """The root of each beginning of the eight leaves; of nothing, the hash of nothing."""
    hashes = [m.leaf_hash(bytes.fromhex(entry)) for entry in CT_LEAVES]
    assert [m.root(hashes[:size]).hex() for size in range(1, 9)] == CT_ROOTS
    assert m.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_signed_note():
    """The example verifies under its key, and both are written back as they were."""
    key = n.VerifierKey.parse(FOO_KEY)
    opened = n.open_note(FOO_NOTE, [key])
    assert opened.text == b"This is an example message.\n"
    assert n.parse_note(FOO_NOTE).encode() == FOO_NOTE
    assert key.encode() == FOO_KEY


def test_tlog_checkpoint_and_cosignature():
    """The example is a checkpoint; its second line is a cosignature of the time that the specification signs."""
    note = n.parse_note(SOFA_NOTE)
    assert note.encode() == SOFA_NOTE
    assert (note.text.decode(), Checkpoint.parse(note.text).size) == (SOFA, 20_852_163)
    log, witness = note.signatures
    assert (log.name, witness.name) == ("example.com/behind-the-sofa", "witness.example.com/w1")
    assert (len(log.blob), int.from_bytes(witness.blob[:8]), len(witness.blob)) == (64, 1_679_315_147, 72)


def test_tlog_tiles():
    """The path of the example, and the tiles of both sizes."""
    index, path = PATH
    assert t.Tile(0, index).path == f"tile/0/{path}"
    assert t.Bundle(index).path == f"tile/entries/{path}"
    for size, levels in GEOMETRY.items():
        tiles = [tile for tile in t.tiles_at(size) if isinstance(tile, t.Tile)]
        found = []
        for level, _, _ in levels:
            widths = [tile.width for tile in tiles if tile.level == level]
            found.append((level, widths.count(256), sum(width for width in widths if width < 256)))
        assert found == levels
        assert {tile.level for tile in tiles} == {level for level, _, _ in levels}


def test_what_is_typed_is_what_others_extracted():
    """No slip of the hand: where the shared vectors are at hand they say the same."""
    given = shared_json("extracted/c2sp_examples.json")
    assert (given["note_foo"]["vkey"], given["note_foo"]["note"].encode()) == (FOO_KEY, FOO_NOTE)
    assert given["checkpoint_example_unverifiable"].encode() == SOFA_NOTE
    assert given["tile_path"] == {str(PATH[0]): PATH[1]}
    assert shared_json("extracted/rfc6962_merkle.json")["root_hashes_size1to8"] == CT_ROOTS


def test_what_go_does_not_sign_is_not_signed():
    """A text without its last newline."""
    text = shared_json("extracted/go_note.json")["sign_malformed_text"].encode()
    signer = n.Ed25519Signer.from_seed("PeterNeumann", bytes(32))
    with pytest.raises((BadInput, NotCanonical)):
        n.sign_note(text, [signer], 0)


# ── every file of the shared vectors ──

READ_BY = {
    "transparency-dev-merkle/testdata/inclusion/*": "tlog/test_merkle.py test_other_peoples_vectors",
    "transparency-dev-merkle/testdata/subtreeinclusion/*": "tlog/test_merkle.py test_other_peoples_vectors",
    "transparency-dev-merkle/testdata/consistency/*": "tlog/test_merkle.py test_other_peoples_consistency_vectors",
    "transparency-dev-merkle/testdata/subtreeconsistency/*": "tlog/test_merkle.py test_other_peoples_consistency_vectors",
    "tessera/testdata/log/checkpoint.*": "tlog/test_others.py test_tessera_checkpoints",
    "tessera/testdata/log/checkpoint": "tlog/test_vectors.py test_the_newest_head_of_tessera",
    "tessera/testdata/log/tile/*": "tlog/test_others.py test_tessera_files",
    "sunlight/testdata/navigli2025h2/*": "tlog/test_others.py test_sunlight_tiles",
    "cctv/ed25519/ed25519vectors.json": "tlog/test_note.py test_edge_cases_of_ed25519",
    "extracted/rfc6962_merkle.json": "tlog/test_merkle.py test_rfc_6962_constants",
    "extracted/tessera_log_key.json": "tlog/test_others.py tessera",
    "extracted/go_note.json": "tlog/test_note.py test_go_notes",
    "extracted/go_tlog.json": "tlog/test_tile.py test_go_paths",
    "extracted/c2sp_examples.json": "tlog/test_note.py test_the_note_of_the_specification",
    "extracted/formats_checkpoint.json": "tlog/test_checkpoint.py test_the_parser_vectors_of_others",
    "extracted/formats_cosig.json": "tlog/test_note.py test_cosigner_keys_of_others",
    "extracted/formats_tlog_proof.json": "tlog/test_proof.py test_other_peoples_proof_files",
}
NOT_READ = {
    "*LICENSE*": "the licence of what lies beside it",
    "*.md": "about the vectors, for people",
    "cctv/ed25519/*.txt": "the same cases in another notation",
    "akd/*": "a key directory of another construction: ECVRF, another tree, protobuf. Nothing of ours reads any of it, and "
    "its proofs are over a compressed trie, so that not even a hash of it can be compared",
}
# Of the subtree sets, those with `start` > 0 are counted below and not checked: no format of ours has such a proof.


def test_the_newest_head_of_tessera():
    """`checkpoint` is the largest of the sixteen, byte for byte."""
    folder = shared("tessera/testdata/log")
    assert (folder / "checkpoint").read_bytes() == (folder / "checkpoint.15").read_bytes()


def test_every_file_is_read_or_has_its_reason():
    """By exactly one line above; and every line has a file and, where it names a test, that test."""
    shared("SOURCES.md")
    used = set()
    for path in SHARED.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(SHARED))
            lines = [pattern for pattern in READ_BY if fnmatchcase(name, pattern)]
            lines = lines or [pattern for pattern in NOT_READ if fnmatchcase(name, pattern)]
            assert lines, f"{name} is read by no test"
            used.update(lines)
    assert used >= READ_BY.keys()
    for place in set(READ_BY.values()):
        file, name = place.split()
        module = ast.parse((Path(__file__).parents[1] / file).read_text())
        assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}, place


def test_what_of_the_subtrees_is_not_ours():
    """Proofs of a subtree that starts elsewhere than at 0: known, counted, and in no format of ours."""
    counts = []
    for folder in ("subtreeinclusion", "subtreeconsistency"):
        files = list(shared(f"transparency-dev-merkle/testdata/{folder}").rglob("*.json"))
        counts.append((len(files), sum(json.loads(file.read_text()).get("start", 0) != 0 for file in files)))
    assert counts == [(102, 52), (69, 16)]
