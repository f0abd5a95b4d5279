# SPDX-License-Identifier: Apache-2.0
"""`checkpoint.witnessed`: a file that is accounted for, checked, and needed where the trust file asks for witnesses."""

from datetime import timedelta

import pytest
from tests.verify.desk import NOW, Shelf, audit_of, failures, verified
from tests.verify.log_maker import BEGAN, LittleLog, ed25519, map_signers, mldsa
from tests.verify.test_folder import with_witnesses

from whosaw.tlog.proof import TlogProof
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.receipt import verify_receipt
from whosaw.verify.state import SavedHead
from whosaw.verify.steps import Verdict
from whosaw.verify.witnessed import MAP_TITLE, TITLE, WITNESSED

SIZE = 300
OURS = (ed25519(), mldsa())


@pytest.fixture(scope="module")
def log():
    return LittleLog().pad(SIZE)


@pytest.fixture(scope="module")
def witnesses(log):
    return with_witnesses(log)


@pytest.fixture(scope="module")
def files(log, witnesses):
    """Of a log of whose index the witnesses have seen everything."""
    return log.files(7, SIZE) | log.map_witnessed(SIZE, witnesses[0])


def step(report, title=TITLE):
    return next((each for each in report.steps if each.title == title), None)


@pytest.mark.parametrize("size", [1, 7, 256, 257, SIZE])
def test_a_witnessed_beginning_suffices(log, files, witnesses, size):
    """The quorum is met by an older head than the newest one, and every leaf is checked up to the newest."""
    signers, trust = witnesses
    shown = log.checkpoint(size, (*OURS, *signers))
    report = verified(log, files | {WITNESSED: shown}, trust=trust)
    assert report.exit == 0, report.text()
    assert report.facts["counts"]["witnessed"] == size
    assert f"witnesses have seen size {size}" in report.sentence
    assert ("signed by the log alone so far" in report.text()) == (size < SIZE)


def test_no_witnessed_head_fails_the_quorum(log, files, witnesses):
    """Without the file, and with one that too few cosigned, exit 3; the rest is checked all the same."""
    signers, trust = witnesses
    for more in ({}, {WITNESSED: log.checkpoint(7, (*OURS, signers[0]))}, {WITNESSED: log.checkpoint(7)}):
        report = verified(log, files | more, trust=trust)
        assert report.exit == 3
        assert step(report).verdict is Verdict.FAILS
        assert "no quorum" in report.sentence
        assert report.steps[-1].verdict is Verdict.HOLDS


def test_a_trust_file_without_witnesses_still_checks_it(log, files, witnesses):
    """It is the log's own word about another head: it must be of this history, whoever cosigned it."""
    signers, _ = witnesses
    assert step(verified(log, files)) is None
    report = verified(log, files | {WITNESSED: log.checkpoint(7, (*OURS, *signers))})
    assert report.exit == 0, report.text()
    assert "is its beginning" in report.text()
    other = LittleLog(salt=b"other").pad(SIZE)
    assert verified(log, files | {WITNESSED: other.checkpoint(7)}).exit == 3


def test_nobody_has_seen_it_whom_the_trust_file_does_not_name(log, files, witnesses):
    """Keys that the outsider never listed are worth nothing: "not checked", and no word of witnesses in the result."""
    signers, trust = witnesses
    nobody = TrustPolicy(trust.logs, trust.witnesses, (), None)
    for policy, lines in ((TrustPolicy.parse(log.trust()), signers), (nobody, ())):
        report = verified(log, files | {WITNESSED: log.checkpoint(7, (*OURS, *lines))}, trust=policy)
        assert report.exit == 0, report.text()
        assert step(report).verdict is Verdict.NOT_CHECKED
        assert "witness" not in report.sentence
        assert "witnessed" not in report.facts["counts"]
    one = verified(log, files | {WITNESSED: log.checkpoint(7, (*OURS, signers[0]))}, trust=nobody)
    assert step(one).verdict is Verdict.HOLDS
    assert "witnesses have seen size 7" in one.sentence


@pytest.mark.parametrize("size", [7, SIZE])
def test_another_history_is_evidence(log, files, witnesses, size):
    """Witnesses saw another log under these keys: both signed notes are in the evidence."""
    signers, trust = witnesses
    other = LittleLog(salt=b"other").pad(SIZE).checkpoint(size, (*OURS, *signers))
    report = verified(log, files | {WITNESSED: other}, trust=trust)
    assert (report.exit, step(report).verdict) == (3, Verdict.FAILS)
    assert report.evidence["older-checkpoint"] == other
    assert report.evidence["checkpoint"] == log.checkpoint(SIZE)


def test_a_witnessed_head_ahead_of_the_checkpoint_is_false(log, witnesses):
    """The published log shrank below what witnesses have seen."""
    signers, trust = witnesses
    report = verified(log, log.files(7) | {WITNESSED: log.checkpoint(SIZE, (*OURS, *signers))}, trust=trust)
    assert report.exit == 3
    assert "a log never shrinks" in failures(report)[0]


@pytest.mark.parametrize(
    "wrong",
    [b"", b"nothing\n", b"x" * 200_000, LittleLog(origin="other.example.org/log").pad(9).checkpoint(7)],
    ids=["empty", "text", "long", "other log"],
)
def test_what_is_no_head_of_this_log_is_false(log, files, wrong):
    """A file of that name must be what it says it is, also where nobody asked for witnesses."""
    report = verified(log, files | {WITNESSED: wrong})
    assert (report.exit, step(report).verdict) == (3, Verdict.FAILS)


def test_every_line_of_a_trusted_witness_counts(log, files, witnesses):
    """One bit in a cosignature and the whole file is worth nothing."""
    signers, trust = witnesses
    good = log.checkpoint(7, (*OURS, *signers))
    bad = good[:-20] + bytes([good[-20] ^ 1]) + good[-19:]
    assert verified(log, files | {WITNESSED: bad}, trust=trust).exit == 3


def test_an_unreachable_file_decides_nothing(log, files, witnesses):
    """Exit 7, not 3."""
    _, trust = witnesses
    assert verified(log, files, trust=trust, broken=frozenset({WITNESSED})).exit == 7


def test_an_old_cosignature_is_said(log, files, witnesses):
    """After a day without a newer one, the report says what it does not show."""
    signers, trust = witnesses
    shown = {WITNESSED: log.checkpoint(7, (*OURS, *signers))}
    assert "more than 24 hours ago" not in verified(log, files | shown, trust=trust).text()
    report = verified(log, files | shown, trust=trust, now=BEGAN + timedelta(days=2))
    assert report.exit == 0
    assert "more than 24 hours ago" in report.text()


def test_the_saved_head_needs_no_quorum_of_its_own(log, files, witnesses):
    """What is remembered is the newest checkpoint; the next run compares with it, and asks for a quorum anew."""
    signers, trust = witnesses
    shown = {WITNESSED: log.checkpoint(7, (*OURS, *signers))}
    saved = SavedHead(log.origin, 256, log.checkpoint(256), NOW)
    report = verified(log, files | shown, trust=trust, saved={log.origin: saved}.get)
    assert report.exit == 0, report.text()


def test_a_quick_run_checks_it_too(log, files, witnesses):
    """--quick leaves out leaves and tiles, not witnesses."""
    signers, trust = witnesses
    shown = {WITNESSED: log.checkpoint(7, (*OURS, *signers))}
    assert verified(log, files | shown, trust=trust, quick=True).exit == 0
    assert verified(log, files, trust=trust, quick=True).exit == 3


def test_receipts(log, files, witnesses):
    """Of a proof file under a cosigned head: witnessed. With the folder alone: kept, once witnesses have seen the log."""
    signers, trust = witnesses
    audit = audit_of(log, trust=trust)
    receipt = log.receipt(2)
    proof = TlogProof(2, tuple(log.path(2, 256)), log.checkpoint(256, (*OURS, *signers)), receipt).encode()
    shown = Shelf(files | {WITNESSED: log.checkpoint(7, (*OURS, *signers))})
    for source in (None, shown):
        report = verify_receipt(proof, audit, source)
        assert report.exit == 0, report.text()
        assert report.facts["kind"] == "witnessed"
    assert verify_receipt(receipt, audit, shown).facts["kind"] == "published"
    assert verify_receipt(receipt, audit, shown).exit == 0
    assert verify_receipt(receipt, audit, Shelf(files)).exit == 3
    alone = TlogProof(2, tuple(log.path(2, 256)), log.checkpoint(256), receipt).encode()
    assert verify_receipt(alone, audit, shown).exit == 3
    assert verify_receipt(alone, audit_of(log), None).facts["kind"] == "published"


def test_a_promise_is_about_what_is_published(log, witnesses):
    """A leaf that is published and not witnessed yet breaks no promise, however late the witnesses are."""
    signers, trust = witnesses
    late = log.checkpoint(7, (*OURS, *signers), at=BEGAN + timedelta(hours=3))
    report = verify_receipt(log.receipt(200), audit_of(log, trust=trust), Shelf(log.files(7, SIZE) | {WITNESSED: late}))
    assert report.exit == 0, report.text()


# ── the log of the index ──

MAP_WITNESSED = f"map/{WITNESSED}"


def test_the_log_of_the_index_needs_its_quorum_too(log, files, witnesses):
    """Its older head may have it, or its checkpoint itself; without either, and with one line too few, exit 3."""
    signers, trust = witnesses
    seen = log.files(7, SIZE) | {WITNESSED: log.checkpoint(7, (*OURS, *signers))}
    for shown in (log.map_witnessed(7, signers), log.map_witnessed(SIZE, signers)):
        report = verified(log, seen | shown, trust=trust)
        assert report.exit == 0, report.text()
        assert step(report, MAP_TITLE).verdict is Verdict.HOLDS
    for none in ({}, log.map_witnessed(SIZE, signers[:1]), log.map_witnessed(7, ())):
        for quick in (False, True):
            report = verified(log, seen | none, trust=trust, quick=quick)
            assert (report.exit, step(report, MAP_TITLE).verdict) == (3, Verdict.FAILS)
            assert "map/checkpoint" in report.sentence
            assert "no quorum" in report.sentence
    itself = {"map/checkpoint": log.map_witnessed(SIZE, signers)[MAP_WITNESSED]}
    assert verified(log, seen | itself, trust=trust).exit == 0


def test_another_history_of_the_index_is_evidence(log, files, witnesses):
    """Witnesses saw another log of the index under its keys: both of its signed notes are in the evidence."""
    signers, trust = witnesses
    seen = files | {WITNESSED: log.checkpoint(7, (*OURS, *signers))}
    other = LittleLog(salt=b"other").pad(SIZE)
    other.mapped(7)
    other.mapped(SIZE)
    shown = other.map_witnessed(SIZE, signers)
    report = verified(log, seen | shown, trust=trust)
    assert (report.exit, step(report, MAP_TITLE).verdict) == (3, Verdict.FAILS)
    assert report.evidence["older-checkpoint"] == shown[MAP_WITNESSED]
    assert report.evidence["checkpoint"] == log.map_files(7, SIZE)["map/checkpoint"]


@pytest.mark.parametrize(
    "wrong", [b"", b"nothing\n", LittleLog().pad(9).checkpoint(7)], ids=["empty", "text", "the log's"]
)
def test_what_is_no_head_of_the_index_is_false(log, files, wrong):
    """The log's own checkpoint is none of the log of its index, either."""
    report = verified(log, files | {MAP_WITNESSED: wrong})
    assert (report.exit, step(report, MAP_TITLE).verdict) == (3, Verdict.FAILS)


def test_all_keys_of_the_index_must_have_signed_what_witnesses_saw(log, files, witnesses):
    """One of the two lines is missing: false, whoever cosigned."""
    signers, trust = witnesses
    half = log.map_checkpoint(log.mapped(SIZE), (map_signers()[0], *signers))
    seen = files | {WITNESSED: log.checkpoint(7, (*OURS, *signers)), MAP_WITNESSED: half}
    assert verified(log, seen, trust=trust).exit == 3


def test_what_cannot_be_read_of_the_index_decides_nothing(log, files, witnesses):
    """Exit 7, not 3."""
    signers, trust = witnesses
    seen = files | {WITNESSED: log.checkpoint(7, (*OURS, *signers))}
    assert verified(log, seen, trust=trust, broken=frozenset({MAP_WITNESSED})).exit == 7
