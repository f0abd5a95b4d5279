# SPDX-License-Identifier: Apache-2.0
"""Receipts: the journal's word, and whether it was kept. Proof files: one leaf, from what one holds."""

import dataclasses
from datetime import timedelta

import pytest
from tests.verify.desk import NOW, Shelf, audit_of, failures
from tests.verify.log_maker import BEGAN, LittleLog, ed25519, mldsa

from whosaw.errors import BadInput, WhosawError
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note
from whosaw.tlog.proof import TlogProof
from whosaw.verify.proof import OpenedRecord, leaf_of_text, verify_proof
from whosaw.verify.receipt import verify_receipt
from whosaw.verify.steps import Verdict

SIZE = 300


@pytest.fixture(scope="module")
def log():
    log = LittleLog()
    for _ in range(3):
        log.look("p-88")
    return log.pad(SIZE)


@pytest.fixture(scope="module")
def public(log):
    return Shelf(log.files(SIZE))


def check(log, raw, source=None, **changed):
    return verify_receipt(raw, audit_of(log, **changed), source)


@pytest.mark.parametrize(("first", "count"), [(0, 1), (2, 1), (1, 3), (250, 50), (299, 1)])
def test_a_kept_promise_holds(log, public, first, count):
    """Leaves that the receipt names stand in the log where it says."""
    report = check(log, log.receipt(first, count), public)
    assert report.exit == 0, report.text()
    assert report.facts["kind"] == "published"
    assert "gave its word, and kept it" in report.sentence


def test_a_receipt_alone_is_undecided(log):
    """The receipt key is fixed by leaf 0, so without the log nothing can be said about the signature: exit 7."""
    report = check(log, log.receipt(2))
    assert report.exit == 7
    assert "its key is fixed by the log's first leaf" in report.text()


def test_another_leaf_at_that_index_is_proof_of_wrongdoing(log, public):
    """Receipt and checkpoint contradict each other, both signed: exit 3, and everything needed is in the evidence."""
    raw = log.receipt(2, root=bytes(32))
    report = check(log, raw, public)
    assert report.exit == 3
    assert "contradict each other" in report.text()
    assert report.evidence["receipt"] == raw
    assert report.evidence["checkpoint"] == log.checkpoint(SIZE)
    proof = TlogProof.parse(report.evidence["leaf-2.tlog-proof"])
    proof.check(log.leaves[2].hash, Checkpoint.parse(parse_note(proof.note).text))


def test_a_promise_is_broken_only_by_a_later_checkpoint(log, public):
    """Not there yet is not false; not there in a checkpoint signed after the promised time is."""
    late = BEGAN + timedelta(seconds=SIZE)  # when the checkpoint was signed
    broken = log.receipt(SIZE, 1, root=bytes(32), at=late - timedelta(seconds=120))
    assert check(log, broken, public).exit == 3
    assert "promised by" in failures(check(log, broken, public))[0]
    open_still = log.receipt(SIZE, 1, root=bytes(32), at=late)
    report = check(log, open_still, public)
    assert report.exit == 7
    assert "this checkpoint may be older" in report.text()
    report = check(log, log.receipt(SIZE, 1, root=bytes(32), at=NOW), public)
    assert report.exit == 7
    assert "yet; promised by" in report.text()


def test_a_receipt_half_published_is_not_kept(log, public):
    """The last of several leaves counts: a submission is all or nothing."""
    late = BEGAN + timedelta(seconds=SIZE - 120)
    assert check(log, log.receipt(SIZE - 1, 2, at=late), public).exit == 3


@pytest.mark.parametrize("signer", [ed25519(seed=99), ed25519(), ed25519("log.example.org/whosaw/receipts", 99)])
def test_only_the_receipt_key_of_genesis_counts(log, public, signer):
    """Not a stranger's, not the log's own, not another key of the same name."""
    assert check(log, log.receipt(2, signer=signer), public).exit == 3


def test_a_receipt_of_another_log_is_refused(log, public):
    """A receipt names its log."""
    other = LittleLog("other.example.org/log").pad(5)
    assert check(log, other.receipt(2), public).exit == 3


def test_every_changed_byte_of_a_receipt_is_found(log, public):
    """Each byte of the text and of the signature counts."""
    raw = log.receipt(2)
    for at in range(len(raw)):
        broken = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert check(log, broken, public).exit == 3, at


def test_a_folder_that_disagrees_with_itself_is_not_the_receipts_fault(log, public):
    """An altered tile is named as the folder's failure, not as a broken promise."""
    tile = bytearray(public.files["tile/0/000"])
    tile[2 * 32] ^= 1
    report = check(log, log.receipt(2), Shelf(public.files | {"tile/0/000": bytes(tile)}))
    assert report.exit == 3
    assert "contradict each other" not in report.text()
    assert check(log, log.receipt(2), Shelf(public.files, broken=frozenset({"tile/0/000"}))).exit == 7
    assert check(log, log.receipt(2), Shelf({})).exit == 7  # no log lies there: the wrong folder, perhaps
    without = {name: raw for name, raw in public.files.items() if name != "checkpoint"}
    assert check(log, log.receipt(2), Shelf(without)).exit == 3
    assert check(log, log.receipt(2), Shelf({}, listed=False)).exit == 7


# Published receipts: the proof file with the receipt inside


def test_a_published_receipt_holds_alone(log, public):
    """For one leaf the proof file shows publication without the log, and says that the receipt's key was not checked."""
    raw = log.proof(2, SIZE, log.receipt(2))
    report = check(log, raw)
    assert report.exit == 0, report.text()
    assert report.facts["kind"] == "published"
    assert report.steps[2].verdict is Verdict.NOT_CHECKED
    assert check(log, raw, public).exit == 0


def test_a_proof_that_does_not_fit_its_receipt_fails(log):
    """A leaf that the receipt does not name, another leaf's path, a stranger's checkpoint, no receipt at all."""
    assert check(log, log.proof(3, SIZE, log.receipt(2))).exit == 3
    swapped = dataclasses.replace(TlogProof.parse(log.proof(2, SIZE, log.receipt(2))), path=tuple(log.path(3, SIZE)))
    assert check(log, swapped.encode()).exit == 3
    stranger = log.checkpoint(SIZE, (ed25519(seed=99), mldsa(seed=99)))
    forged = dataclasses.replace(TlogProof.parse(log.proof(2, SIZE, log.receipt(2))), note=stranger)
    assert check(log, forged.encode()).exit == 3
    assert check(log, log.proof(2, SIZE)).exit == 3


def test_a_published_receipt_for_many_needs_the_log(log, public):
    """The receipt for three leaves does not say which of them the proof is for."""
    raw = log.proof(2, SIZE, log.receipt(1, 3))
    assert check(log, raw).exit == 7
    assert check(log, raw, public).exit == 0


# Proof files


def record(log, index):
    one = log.leaves[index]
    return OpenedRecord(one.label, one.nonce, one.body)


def prove(log, raw, leaf=None, records=()):
    return verify_proof(raw, audit_of(log), leaf, records)


def test_a_proof_holds_for_what_one_holds(log):
    """The opened record, or its leaf hash, is under the signed root."""
    raw = log.proof(2, SIZE)
    assert prove(log, raw, records=[record(log, 2).encode()]).exit == 0
    assert prove(log, raw, leaf=log.leaves[2].hash).exit == 0
    assert prove(log, raw, leaf=log.leaves[3].hash).exit == 3
    assert prove(log, raw, records=[record(log, 3).encode()]).exit == 3


def test_a_proof_names_no_leaf_itself(log):
    """Without what one holds, and without a receipt for one leaf inside, a proof is about nothing: exit 7."""
    assert prove(log, log.proof(2, SIZE)).exit == 7
    assert prove(log, log.proof(2, SIZE, log.receipt(2))).exit == 0
    assert prove(log, log.proof(2, SIZE, log.receipt(1, 3))).exit == 7


def test_all_records_of_a_submission_fit_its_receipt(log):
    """Several records are exactly those of the receipt inside, in its order."""
    raw = log.proof(2, SIZE, log.receipt(1, 3))
    files = [record(log, index).encode() for index in (1, 2, 3)]
    assert prove(log, raw, records=files).exit == 0
    assert prove(log, raw, records=files[::-1]).exit == 3
    assert prove(log, raw, records=files[:2]).exit == 3
    assert prove(log, log.proof(2, SIZE), records=files).exit == 3


def test_every_changed_byte_of_a_proof_is_found(log):
    """Each byte of the file counts, but for lines of the second key, which look like an unknown key's then."""
    raw = log.proof(2, SIZE)
    second = raw.index(b"\xe2\x80\x94", raw.index(b"\xe2\x80\x94") + 1)
    for at in range(second):
        broken = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        report = prove(log, broken, leaf=log.leaves[2].hash)
        assert report.exit == 3 or "not checked, and worth nothing" in report.text(), at


def test_an_opened_record_has_one_spelling(log):
    """What is read is written back to the same bytes; anything else is refused."""
    raw = record(log, 2).encode()
    assert OpenedRecord.parse(raw).encode() == raw
    for broken in (raw + b"\n", raw[:-1], raw.replace(b'"v":1}', b'"v":2}'), raw.replace(b"opened", b"closed"), b"[]"):
        with pytest.raises(WhosawError):
            OpenedRecord.parse(broken)


def test_a_typed_leaf_hash_is_a_hash():
    """Hexadecimal or base64, 32 bytes, and nothing else."""
    assert leaf_of_text("ab" * 32) == leaf_of_text("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=") == b"\xab" * 32
    for text in ("", "ab" * 31, "zz" * 32, "q6s=", "é" * 64):
        with pytest.raises(BadInput):
            leaf_of_text(text)
