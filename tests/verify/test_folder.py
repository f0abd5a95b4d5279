# SPDX-License-Identifier: Apache-2.0
"""A published log: whole, or the place where it is not."""

import random
import time

import pytest
from tests.verify.desk import Shelf, audit_of, failures, verified
from tests.verify.log_maker import BEGAN, LittleLog, ed25519, mldsa

from whosaw.errors import Unavailable
from whosaw.tlog.merkle import leaf_hash
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.folder import close, verify_folder
from whosaw.verify.state import SavedHead
from whosaw.verify.steps import Verdict

SIZES = (0, 1, 2, 3, 4, 255, 256, 257, 300, 511, 512, 513, 600)


def log_of(size: int, salt: bytes = b"") -> LittleLog:
    log = LittleLog(salt=salt)
    for n in range(3):
        if size > 2 * n + 1:
            log.look(f"person-{n}")
    del log.leaves[max(size, 1) :]
    return log.pad(size)


@pytest.fixture(scope="module")
def small():
    """Seven leaves, published at sizes 1, 2, 5 and 7, old partial files and all."""
    log = log_of(7)
    return log, log.files(1, 2, 5, 7)


@pytest.fixture(scope="module")
def large():
    """600 leaves with the partials of eight sizes on the way."""
    log = log_of(600)
    return log, log.files(1, 100, 255, 256, 257, 500, 513, 600)


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_log_holds(size):
    """A log that was published as it should be holds, at every size around a tile's edge."""
    log = log_of(size)
    report = verified(log, log.files(size))
    assert report.exit == 0, report.text()
    assert f"size {size:,}" in report.text()
    assert all(step.verdict in (Verdict.HOLDS, Verdict.NOT_CHECKED) for step in report.steps)


@pytest.mark.slow
def test_a_log_of_three_levels_holds():
    """66,000 leaves have tiles at level 2, and a partial one at each level."""
    log = log_of(66_000)
    files = log.files(66_000)
    assert "tile/2/000.p/1" in files
    assert verified(log, files).exit == 0
    files["tile/2/000.p/1"] = bytes(32)
    assert failures(verified(log, files)) == [
        "tile/2/000.p/1, bytes 0 to 31: the hash of leaves 0 to 65535 was altered; what it is made from is as it was signed"
    ]


def test_an_audit_is_quick():
    """30,000 leaves a second of processor time at the least, their index included; unloaded machines do six times that."""
    log = log_of(66_000)
    files = log.files(66_000)
    began = time.process_time()
    assert verified(log, files).exit == 0
    assert 66_000 / (time.process_time() - began) > 30_000


def test_every_published_size_holds_with_all_its_old_files(large):
    """Files of older sizes are beginnings of today's, and are counted."""
    report = verified(*large)
    assert report.exit == 0, report.text()
    assert "27 older partial files" in report.text()


@pytest.mark.parametrize("most", [10, pytest.param(20_000, marks=pytest.mark.slow)])
def test_every_byte_of_a_small_folder_counts(small, most):
    """Whatever single byte is changed, in whatever file, the folder no longer holds. `most`: of one file, any of them."""
    log, files = small
    for name, raw in files.items():
        for at in random.sample(range(len(raw)), min(most, len(raw))):
            broken = raw[:at] + bytes([raw[at] ^ (1 << at % 8)]) + raw[at + 1 :]
            assert verified(log, files | {name: broken}).exit == 3, (name, at)


@pytest.mark.slow
def test_every_file_of_a_large_folder_counts(large):
    """A changed byte, a missing end, one byte more: in each file it is noticed, and the file is named."""
    log, files = large
    dice = random.Random(5)
    for name, raw in files.items():
        at = dice.randrange(len(raw))
        for broken in (
            raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :],
            raw[:-1],
            raw[: len(raw) // 2],
            raw + b"\n",
            b"",
        ):
            report = verified(log, files | {name: broken})
            assert report.exit == 3, name
            assert name.split(".p/")[0] in report.text()


def test_every_promised_file_must_be_there(large):
    """Of what the checkpoint promises nothing may be missing; only older partial files may go."""
    log, files = large
    promised = set(log.files(600))
    for name in files:
        without = {other: raw for other, raw in files.items() if other != name}
        assert verified(log, without).exit == (3 if name in promised else 0), name


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "tile/0/007", "tile/0/002.p/89", "tile/entries/003", "tile/3/000.p/1", "tile/0/2", "checkpoint.old",
     "tile/00/000", "tile/1/000.p/02", ".hidden", "private/labels.db", "tile/1/000.p/0"],
)  # fmt: skip
def test_a_file_that_nothing_accounts_for_is_named(large, name):
    """A file too many is as wrong as one too few: it was never checked by anybody."""
    log, files = large
    report = verified(log, files | {name: b"x"})
    assert report.exit == 3
    assert f"{name}: unaccounted for" in report.text()


def test_a_file_name_cannot_steer_the_terminal(small):
    """A name with control characters is printed with escapes."""
    log, files = small
    text = verified(log, files | {"\x1b[2Jgone\nfine": b""}).text()
    assert "\x1b" not in text
    assert "\\x1b[2Jgone\\nfine" in text


def test_an_altered_leaf_is_named_with_its_bytes(large):
    """The tiles still lead to the signed root, so the leaf is what changed: its number, file and bytes are said."""
    log, files = large
    raw = bytearray(files["tile/entries/001"])
    raw[67 * 44 + 50] ^= 4
    report = verified(log, files | {"tile/entries/001": bytes(raw)})
    assert failures(report)[0] == (
        "tile/entries/001, bytes 2,948 to 3,014: leaf 300 was altered; its hash in tile/0/001 is as it was signed"
    )
    assert len(report.steps[5].said.failures) == 2, failures(report)
    assert report.evidence["tile/entries/001"] == bytes(raw)
    assert report.evidence["tile/0/001"] == files["tile/0/001"]


def test_older_files_that_are_as_signed_are_one_line():
    """One altered byte in a bundle: what older files hold still leads to the signed root, and is counted, not listed."""
    log = log_of(256)
    files = log.files(210, 220, 230, 240, 255, 256)
    raw = bytearray(files["tile/entries/000"])
    raw[67 * 44 + 50] ^= 4
    files["tile/entries/000"] = bytes(raw)
    innocent = [
        f"tile/{kind}/000: 5 older partial files still hold what was signed: "
        "what the wider one of the same place says was altered"
        for kind in ("entries", "0")
    ]
    assert [str(f) for f in verified(log, files).steps[6].said.failures] == innocent
    for width in (230, 210):  # themselves altered, in another place: named, in order
        files[f"tile/entries/000.p/{width}"] = b"\x00\x41\x02" + files[f"tile/entries/000.p/{width}"][3:]
    found = [str(f) for f in verified(log, files).steps[6].said.failures]
    assert [line.split(",")[0] for line in found[:2]] == ["tile/entries/000.p/210", "tile/entries/000.p/230"]
    assert found[2:] == [innocent[0].replace("5 ", "3 "), innocent[1]]


def test_older_files_without_a_wider_one_are_one_line():
    """The bundle is missing: its older files cannot be compared, and are counted."""
    log = log_of(256)
    files = log.files(210, 220, 230, 240, 255, 256)
    del files["tile/entries/000"]
    assert [str(f) for f in verified(log, files).steps[6].said.failures] == [
        "tile/entries/000: 5 older partial files cannot be compared: the wider file is missing or cut"
    ]


def test_an_altered_hash_is_named_with_its_bytes(large):
    """The leaves still lead to the signed root, so the tile is what changed."""
    log, files = large
    raw = bytearray(files["tile/0/001"])
    raw[32 * 44 + 3] ^= 4
    report = verified(log, files | {"tile/0/001": bytes(raw)})
    wanted = "the hash of leaf 300 was altered; what it is made from is as it was signed"
    assert f"tile/0/001, bytes 1,408 to 1,439: {wanted}" in failures(report)


def test_a_leaf_altered_with_its_hash_is_narrowed_to_its_tile(large):
    """Bundle and tile agree with each other, but the level above is as it was signed: the leaves below it are named."""
    log, files = large
    bundle = bytearray(files["tile/entries/001"])
    bundle[67 * 44 + 50] ^= 4
    tile = bytearray(files["tile/0/001"])
    tile[32 * 44 : 32 * 45] = leaf_hash(bundle[67 * 44 + 2 : 67 * 45])
    clean = log.files(600)
    report = verified(log, clean | {"tile/entries/001": bytes(bundle), "tile/0/001": bytes(tile)})
    found = failures(report)
    assert "checkpoint, line 3: the leaves make another root than the one that was signed" in found
    assert any("among leaves 256 to 511 something was altered" in sentence for sentence in found)


def test_two_altered_places_accuse_nobody_wrongly(large):
    """Where neither bundles nor tiles lead to the signed root, both files are named."""
    log, files = large
    bundle, tile = bytearray(files["tile/entries/000"]), bytearray(files["tile/0/001"])
    bundle[70] ^= 1
    tile[70] ^= 1
    clean = log.files(600)
    report = verified(log, clean | {"tile/entries/000": bytes(bundle), "tile/0/001": bytes(tile)})
    assert report.exit == 3
    assert "which was altered cannot be told" in report.text()
    assert "leaf 1 " in report.text()
    assert "leaf 258 " in report.text()


def test_a_label_twice_is_found_with_both_leaves():
    """A second leaf with a known label is fraud, even where every hash is right."""
    log = log_of(300)
    log.append(log.leaves[17].label, b"{}")
    report = verified(log, log.files(301))
    assert failures(report) == ["tile/entries: leaves 17, 300 have the same label, which no log may do"]


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_leaf_of_another_version_is_found(version):
    """A signed log of leaves that this version does not know is not called whole."""

    class Odd:
        label = bytes(32)
        entry = bytes([version]) + bytes(64)
        hash = leaf_hash(bytes([version]) + bytes(64))

    log = log_of(5)
    log.leaves.append(Odd)
    report = verified(log, log.files(6))
    assert report.exit == 3
    assert f"leaf 5 has version {version}, not 1" in report.text()


# The checkpoint and who signed it


def test_a_checkpoint_by_a_stranger_proves_nothing(small):
    """Signed by keys that the trust file does not name: exit 3, and no step goes on from it."""
    log, files = small
    strangers = (ed25519(seed=99), mldsa(seed=99))
    report = verified(log, files | {"checkpoint": log.checkpoint(7, strangers)})
    assert report.exit == 3
    assert [step.verdict for step in report.steps[1:]] == [Verdict.NOT_CHECKED] * 7


def test_a_log_keeps_both_of_its_keys(small):
    """A checkpoint that lost the line of one of the keys in the genesis leaf is not whole."""
    log, files = small
    for signer in (ed25519(), mldsa()):
        report = verified(log, files | {"checkpoint": log.checkpoint(7, (signer,))})
        assert report.exit == 3
        assert "1 of the 2 keys that the genesis leaf fixes did not sign it" in report.text()


def test_lines_of_unknown_keys_are_said_and_not_counted(small):
    """A stranger's line beside the log's own changes nothing, and is not passed over in silence."""
    log, files = small
    signers = (ed25519(), mldsa(), ed25519("witness.example.net/w9", 77))
    report = verified(log, files | {"checkpoint": log.checkpoint(7, signers)})
    assert report.exit == 0
    assert "1 more signature line of keys that the trust file does not list: not checked" in report.text()


def with_witnesses(log: LittleLog, quorum: str = "both"):
    witnesses = [Ed25519Signer.from_seed(f"w{n}.example.net", bytes([40 + n]) * 32, COSIGNATURE) for n in (1, 2)]
    lines = [f"witness W{n} {w.vkey()}" for n, w in enumerate(witnesses, 1)]
    text = log.trust().decode().replace("quorum none\n", "") + "\n".join(
        [*lines, f"group {quorum} {'all' if quorum == 'both' else 'any'} W1 W2", f"quorum {quorum}", ""]
    )
    return witnesses, TrustPolicy.parse(text.encode())


def test_missing_cosignatures_fail_the_quorum(small):
    """A trust file that asks for witnesses is not satisfied by the log alone."""
    log, files = small
    witnesses, trust = with_witnesses(log)
    assert verified(log, files, trust=trust).exit == 3
    files = files | log.map_witnessed(log.maps[-1], witnesses)
    one = log.checkpoint(7, (ed25519(), mldsa(), witnesses[0]))
    assert (
        "no quorum: 1 of 2 trusted witnesses cosigned" in verified(log, files | {"checkpoint": one}, trust=trust).text()
    )
    both = log.checkpoint(7, (ed25519(), mldsa(), *witnesses))
    report = verified(log, files | {"checkpoint": both}, trust=trust)
    assert report.exit == 0, report.text()
    assert "2 of 2 trusted witnesses cosigned" in report.text()
    _, either = with_witnesses(log, "either")
    assert verified(log, files | {"checkpoint": one}, trust=either).exit == 0


def test_genesis_of_another_log_is_refused(small):
    """Genesis opens leaf 0 of this log or is worth nothing."""
    log, files = small
    other = LittleLog(salt=b"other")
    report = verified(log, files | {"genesis": other.genesis})
    assert report.exit == 3
    assert "does not open leaf 0" in report.text()


# Memory


def saved(log: LittleLog, size: int):
    """The log at this size is remembered, and nothing of its map log."""
    return {log.origin: SavedHead(log.origin, size, log.checkpoint(size), BEGAN)}.get


@pytest.mark.parametrize("old", [1, 2, 4, 255, 256, 257, 599, 600])
def test_a_grown_log_holds_what_was_seen(large, old):
    """What was seen last time is the beginning of what is there now."""
    log, files = large
    report = verified(log, files, saved=saved(log, old))
    assert report.exit == 0, report.text()
    assert report.steps[2].said.counts == {"grown": 600 - old}


def test_a_log_never_shrinks(small):
    """A checkpoint smaller than the saved one is refused, and both signed notes are kept."""
    log, _ = small
    report = verified(log, log.files(5), saved=saved(log, 7))
    assert report.exit == 3
    assert "a log never shrinks" in report.text()
    assert report.evidence["older-checkpoint"] == log.checkpoint(7)
    assert report.evidence["checkpoint"] == log.checkpoint(5)


def test_a_fork_of_the_same_size_is_two_histories(small):
    """One size, two roots, both signed: both notes are the evidence."""
    log, _ = small
    fork = log_of(7, b"other")
    report = verified(log, fork.files(7), saved=saved(log, 7))
    assert report.exit == 3
    assert "two histories" in report.text()
    assert {report.evidence["older-checkpoint"], report.evidence["checkpoint"]} == {
        log.checkpoint(7),
        fork.checkpoint(7),
    }


def test_a_longer_fork_is_found(large):
    """A log that rewrote its beginning and went on is inconsistent with what was seen, though it holds by itself."""
    log, _ = large
    fork = log_of(600, b"other")
    assert verified(fork, fork.files(600)).exit == 0
    report = verified(fork, fork.files(600), saved=saved(log, 300))
    assert report.exit == 3
    assert "cannot be shown to be the beginning" in report.text()


def test_a_memory_of_another_key_is_no_memory(small):
    """A saved head that its log did not sign is not compared with, but refused."""
    log, files = small
    forged = SavedHead(log.origin, 3, log.checkpoint(3, (ed25519(seed=99), mldsa(seed=99))), BEGAN)
    assert verified(log, files, saved={log.origin: forged}.get).exit == 3


# What cannot be told


def test_what_cannot_be_read_is_undecided(large):
    """A file that nobody can read makes nothing false: exit 7; and something false beside it wins: exit 3."""
    log, files = large
    assert verified(log, files, broken=frozenset({"tile/entries/001"})).exit == 7
    assert verified(log, files, broken=frozenset({"checkpoint"})).exit == 7
    assert verified(log, files | {"genesis": b"{}"}, broken=frozenset({"tile/entries/001"})).exit == 3


def test_a_source_without_a_list_says_so(large):
    """Over HTTP old partial files cannot be seen, and the report does not pretend."""
    log, files = large
    report = verified(log, files, listed=False)
    assert report.exit == 0
    assert report.steps[6].verdict is Verdict.NOT_CHECKED
    assert "which other files lie there" in report.text()


def test_a_list_that_breaks_off_hides_nothing_else(small):
    """A folder that cannot be listed is undecided at its own step; every other step runs, and what is false is found."""
    log, files = small

    class Torn(Shelf):
        def names(self):
            yield from (name for name in self.files if name != "checkpoint")
            raise Unavailable("deep cannot be read", part=self.place)

    def report_of(held):
        audit, source = audit_of(log), Torn(held)
        steps, found = verify_folder(source, audit)
        return close(steps, audit, source, found.head)

    report = report_of(files)
    assert report.exit == 7
    assert [step.number for step in report.steps if step.verdict is Verdict.CANNOT_TELL] == [7]
    assert Verdict.NOT_CHECKED not in {report.steps[n].verdict for n in (0, 1, 3, 4, 5, 7)}
    raw = files["tile/entries/000.p/7"]
    assert report_of(files | {"tile/entries/000.p/7": raw[:-1] + bytes([raw[-1] ^ 1])}).exit == 3
    assert "notes.txt: unaccounted for" in report_of(files | {"notes.txt": b""}).text()


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("size", [10**6, 2**62])
def test_a_size_that_nothing_stands_behind_ends_soon(size, listed):
    """A log can sign any size: after a thousand missing files in a row it is false, and no further one is asked for."""
    log = log_of(300)
    files = log.files(300) | {"checkpoint": log.checkpoint(size, root=bytes(32), at=BEGAN)}
    asked = []

    class Counting(Shelf):
        def read(self, name, limit):
            asked.append(name)
            return super().read(name, limit)

    audit, source = audit_of(log), Counting(files, listed)
    steps, found = verify_folder(source, audit)
    report = close(steps, audit, source, found.head)
    assert report.exit == 3
    assert len(asked) < 3_000
    assert "files in a row are missing: no further one was looked for" in report.text()
    assert report.steps[6].verdict is not Verdict.HOLDS


def test_a_partial_file_may_have_grown_meanwhile(large):
    """Who holds an older checkpoint finds the beginning of the full tile where its partial one stood."""
    log, _ = large
    files = log.files(600) | {"checkpoint": log.checkpoint(200)} | log.map_files(200)
    report = verified(log, files, listed=False)
    assert report.exit == 0, report.text()


def test_tiles_a_moment_ahead_are_waited_for(small):
    """A log that grows while we look is given a moment to publish the checkpoint of the tiles that are there."""
    log, _ = small
    files = log.files(5, 7) | {"checkpoint": log.checkpoint(5)}
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        files["checkpoint"] = log.checkpoint(7)

    assert verified(log, files, sleep=sleep).exit == 0
    assert len(waited) == 1


def test_quick_reads_no_leaf(large):
    """--quick checks signatures and proofs, and says what it left out."""
    log, files = large
    report = verified(log, {n: r for n, r in files.items() if "entries" not in n}, quick=True)
    assert report.exit == 0
    assert report.sentence.startswith("verified in part")


def test_the_result_names_its_limits(small):
    """Every report says what no verifier can know."""
    text = verified(*small).text()
    for limit in ("whether every look was handed to the log", "names no witness", "without --state"):
        assert limit in text
