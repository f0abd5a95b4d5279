# SPDX-License-Identifier: Apache-2.0
"""The log of the index, seen from outside: every lie and every damage in it is found, at its place."""

import dataclasses

import pytest
from tests.verify.desk import failures, verified
from tests.verify.log_maker import BEGAN, LittleLog, ed25519, map_signers, mldsa

from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.note import VerifierKey, sign_note
from whosaw.verify.state import SavedHead
from whosaw.verify.steps import Verdict

SIZES = (1, 5, 7)
MAP, INDEX = 3, 7  # the steps, counted from 0


@pytest.fixture(scope="module")
def log():
    return LittleLog().pad(7)


@pytest.fixture(scope="module")
def files(log):
    return log.files(*SIZES)


def with_leaves(log, change):
    """The files of a map log whose signers signed other leaves: `change` gets the honest ones."""
    lying = dataclasses.replace(log, maps=list(SIZES), entries={}, notes=dict(log.notes))
    honest = lying.mapped(7)
    lying.entries = dict(zip(SIZES, change(list(honest)), strict=True))
    return lying.files(7)


def signed(log, size, root=None, signers=None, at_root=None):
    keys = [VerifierKey.parse(ed25519().vkey())]
    note = log.checkpoint(size, signers, root=at_root)
    made = MapLeaf.of(root or bytes(32), note, keys)
    return (made if signers is None else MapLeaf(root or bytes(32), note)).encode()


def test_a_whole_map_log_holds(log, files):
    """Every index is built again; the counts say how many, and up to where."""
    report = verified(log, files)
    assert report.exit == 0, report.text()
    assert [report.steps[n].verdict for n in (MAP, INDEX)] == [Verdict.HOLDS] * 2
    counts = report.facts["counts"]
    assert (counts["map_leaves"], counts["indexes"], counts["index"], counts["files"]) == (3, 3, 7, len(files))


def test_an_index_may_be_behind(log):
    """Between two leaves of the map log the log grows: that is said, and is nothing wrong."""
    alone = {n: r for n, r in log.files(7).items() if not n.startswith("map/")}
    report = verified(log, alone | LittleLog(leaves=log.leaves).map_files(5))
    assert report.exit == 0, report.text()
    assert "2 leaves since then are in no index yet" in report.text()
    empty = alone | {"map/checkpoint": log.map_checkpoint([])}
    assert verified(log, empty).exit == 0
    assert "The map log is empty" in verified(log, empty).text()


def test_a_false_root_is_found(log):
    """An index of fewer leaves, of others, or none at all: the leaf of the map log is named, and the step."""
    for n, size in enumerate(SIZES):
        report = verified(log, with_leaves(log, lambda e, n=n, size=size: [*e[:n], signed(log, size), *e[n + 1 :]]))
        assert report.exit == 3
        assert failures(report) == [f"map, leaf {n}: it says another index for size {size} than the leaves make"]
        assert report.steps[INDEX].verdict is Verdict.FAILS


def test_another_history_is_found(log):
    """The log signed another root for that size, and the map log has kept the signature."""
    forked = signed(log, 5, at_root=b"f" * 32)
    report = verified(log, with_leaves(log, lambda e: [e[0], forked, e[2]]))
    assert "map, leaf 1: two histories: the log signed another root for size 5" in failures(report)
    assert report.exit == 3


LIES = {
    "sizes that fall": (lambda log, e: [e[1], e[0], e[2]], "sizes must grow"),
    "a size twice": (lambda log, e: [e[0], e[0], e[2]], "sizes must grow"),
    "text": (lambda log, e: [e[0], b"anything", e[2]], "leaf 1 is no leaf of a map log"),
    "nothing": (lambda log, e: [e[0], b"", e[2]], "leaf 1 is no leaf of a map log"),
    "another line, too": (
        lambda log, e: [e[0], signed(log, 5, signers=(ed25519(), mldsa())), e[2]], "exactly the Ed25519 keys",
    ),
    "a stranger's line": (lambda log, e: [e[0], signed(log, 5, signers=(ed25519(seed=99),)), e[2]], "no signature of a known key"),
    "another log": (lambda log, e: [LittleLog("other.example.org/log").mapped(1)[0], *e[1:]], "no signature of a known key"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_leaf_is_found(log, lie):
    """Signed by the keys of the map log, and no leaf of it all the same."""
    change, sentence = LIES[lie]
    report = verified(log, with_leaves(log, lambda e: change(log, e)))
    assert (report.exit, report.steps[MAP].verdict) == (3, Verdict.FAILS)
    assert sentence in report.text()


def test_every_file_is_needed_and_none_is_too_many(log, files):
    """A missing file, a file that no map log has: the name is said, with its folder."""
    for name in (n for n in log.files(7) if n.startswith("map/")):
        report = verified(log, {n: r for n, r in log.files(7).items() if n != name})
        assert report.exit == 3
        assert name in report.text()
    for name in ("map/notes.txt", "map/tile/0/001", "map/genesis", "map/map/checkpoint", "map/tile/entries/000.p/9"):
        report = verified(log, files | {name: b"x"})
        assert (report.exit, report.steps[MAP].verdict) == (3, Verdict.FAILS)
        assert f"{name}: unaccounted for" in report.text()


@pytest.mark.parametrize("name", ["map/tile/entries/000.p/3", "map/tile/0/000.p/3", "map/tile/entries/000.p/1"])
@pytest.mark.parametrize("change", ["cut", "longer", "flip"])
def test_a_damaged_file_is_named(log, files, name, change):
    """Cut, lengthened, altered: also an old partial file that nobody needs any more."""
    raw = files[name]
    damaged = {"cut": raw[:-1], "longer": raw + b"\0", "flip": raw[:30] + bytes([raw[30] ^ 1]) + raw[31:]}[change]
    report = verified(log, files | {name: damaged})
    assert (report.exit, report.steps[MAP].verdict) == (3, Verdict.FAILS)
    assert "map/tile/" in report.text()


def test_who_must_sign_it(log, files):
    """Every key that leaf 0 names for it, and no other; the log's own keys do not count."""
    entries = log.mapped(7)
    for signers in (map_signers()[:1], map_signers()[1:], (ed25519(f"{log.origin}/map", 99),), (ed25519(), mldsa())):
        report = verified(log, files | {"map/checkpoint": log.map_checkpoint(entries, signers)})
        assert (report.exit, report.steps[MAP].verdict) == (3, Verdict.FAILS)
    assert verified(log, files | {"map/checkpoint": log.checkpoint(7)}).exit == 3
    assert verified(log, files | {"map/checkpoint": b"nothing\n"}).exit == 3


def remembered(log, entries):
    origin = f"{log.origin}/map"
    return {origin: SavedHead(origin, len(entries), log.map_checkpoint(entries), BEGAN)}.get


def test_it_is_remembered_like_the_log(log, files):
    """What was seen of it is its beginning; it never shrinks; a second history of it is kept as evidence."""
    for count in (1, 2, 3):
        report = verified(log, files, saved=remembered(log, log.mapped(7)[:count]))
        assert report.exit == 0, report.text()
    shrunk = files | {"map/checkpoint": log.map_checkpoint(log.mapped(5)), **log.map_files(5)}
    report = verified(log, shrunk, saved=remembered(log, log.mapped(7)))
    assert (report.exit, report.steps[MAP].verdict) == (3, Verdict.FAILS)
    assert "a log never shrinks" in report.text()
    other = LittleLog(leaves=log.leaves, maps=[2, 5, 7])
    report = verified(log, files, saved=remembered(other, other.mapped(7)))
    assert "two histories" in report.text()
    assert report.evidence["older-checkpoint"] == other.map_checkpoint(other.mapped(7))


def test_what_cannot_be_told(log, files):
    """Unreadable, or newer than the checkpoint beside it by way of a cache: exit 7, and never an accusation."""
    for name in ("map/checkpoint", "map/tile/entries/000.p/3"):
        assert verified(log, files, broken=frozenset({name})).exit == 7
    newer = log.files(5, 7) | {"checkpoint": log.checkpoint(5)}
    report = verified(log, newer, listed=False)
    assert report.exit == 7
    assert "the log signed size 7, and the checkpoint found here has 5" in report.text()


def test_quick_checks_its_signature_and_memory(log, files):
    """--quick reads no leaf of it, and still finds a stranger's signature and a second history."""
    few = {n: r for n, r in files.items() if "entries" not in n}
    assert verified(log, few, quick=True).exit == 0
    stranger = (ed25519(f"{log.origin}/map", 99),)
    bad = few | {"map/checkpoint": log.map_checkpoint(log.mapped(7), stranger)}
    assert verified(log, bad, quick=True).exit == 3


def test_a_file_name_in_it_cannot_steer_the_terminal(log, files):
    """A name with control characters is printed with escapes."""
    text = verified(log, files | {"map/\x1b[2Jgone": b""}).text()
    assert "\x1b" not in text
    assert "map/\\x1b[2Jgone: unaccounted for" in text


def test_a_moment_ahead_is_waited_for(log):
    """Its tiles are written before its checkpoint: files ahead of it are given that moment."""
    files = log.files(5, 7) | {"map/checkpoint": log.map_checkpoint(log.mapped(5))}
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        files["map/checkpoint"] = log.map_checkpoint(log.mapped(7))

    assert verified(log, files, sleep=sleep).exit == 0
    assert len(waited) == 1


def test_the_note_of_a_leaf_is_the_published_one(log):
    """What a leaf holds is what was published for that size, less the lines that change with the hour."""
    leaf = MapLeaf.parse(log.mapped(7)[-1])
    assert leaf.note == sign_note(leaf.open([VerifierKey.parse(ed25519().vkey())]).encode(), (ed25519(),), 0)
