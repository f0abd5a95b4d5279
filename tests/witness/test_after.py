# SPDX-License-Identifier: Apache-2.0
"""The last head of a closed log: the largest that enough witnesses saw, from whatever notes are at hand, and no other."""

import itertools

import pytest
from tests.verify.desk import audit_of, verified
from tests.verify.log_maker import LittleLog
from tests.witness.desk import NOW, ORIGIN, W1, W2, Clock, HashLog, log_keys, trust

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.model.genesis import Genesis
from whosaw.store.memory import Faults, MemoryFolder
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import sign_note
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.steps import Verdict
from whosaw.witness.after import check_origin, known_heads, last_seen
from whosaw.witness.client import Head
from whosaw.witness.fork import Compared, Found, evidence_of_fork

LOG, OTHER = HashLog(), HashLog(b"other", fork=5)


def seen(size, *witnesses, log=LOG):
    """A head that the log and these witnesses signed."""
    return sign_note(log.text(size), (*log.signers, *(w[0] for w in witnesses)), NOW)


def of(*notes, quorum=2):
    note, head = last_seen(notes, trust(quorum, W1, W2), ORIGIN, NOW)
    return head.checkpoint.size, len(head.witnesses), note


def test_the_largest_that_enough_saw():
    """Not the largest that was signed, nor the one that most saw; in whatever order they come."""
    notes = [seen(9, W1, W2), seen(12, W1), seen(20), seen(7, W1, W2), b"nonsense\n"]
    for order in itertools.permutations(notes, 5):
        assert of(*order)[:2] == (9, 2)
    assert of(*notes, quorum=1)[:2] == (12, 1)


def test_a_quorum_in_two_notes_is_one():
    """Each witness shows its own line; together they are enough, and the note that is quoted has both."""
    size, witnesses, note = of(seen(9, W1), seen(9, W2), seen(3, W1, W2))
    assert (size, witnesses) == (9, 2)
    assert TrustPolicy.open(trust(2, W1, W2), note, NOW).quorum
    assert of(note)[2] == note


def test_what_is_no_head_of_it_counts_nothing():
    """Another log's, one without its signature, one with an altered line: as if they were not there."""
    strange = HashLog(origin="other.example.org/log")
    altered = seen(30, W1, W2)[:-9] + b"AAAAAAA=\n"
    assert of(seen(4, W1, W2), seen(40, W1, W2, log=strange), altered)[0] == 4
    with pytest.raises(ProofFailed, match="no head of the log before it was seen by enough"):
        of(seen(4, W1), seen(5))
    with pytest.raises(ProofFailed):
        of()


def test_two_histories_with_a_quorum_each_are_nobodys_choice():
    """One witness suffices, and each has seen another one: a person must say which log it is."""
    with pytest.raises(ProofFailed, match="two heads of size 9"):
        of(seen(9, W1), seen(9, W2, log=OTHER), quorum=1)
    with pytest.raises(ProofFailed, match="two heads of size 9"):  # a larger head of one of them decides nothing
        of(seen(9, W1), seen(9, W2, log=OTHER), seen(10, W1), quorum=1)


def test_without_witnesses_the_log_itself_says(tmp_path):
    """No quorum in the trust file: the largest that was signed."""
    alone = TrustPolicy(trust(1, W1).logs, (), (), None)
    assert last_seen([seen(4), seen(6)], alone, ORIGIN, NOW)[1].checkpoint.size == 6


def test_notes_are_found_in_the_folder_and_in_its_evidence():
    """What a refused start kept counts: there stands the head that the folder itself has forgotten."""
    public, private = (MemoryFolder(Faults(), Clock()) for _ in range(2))
    public.replace("checkpoint", seen(5))
    ours = Head(Checkpoint.parse(LOG.text(5)), seen(5))
    evidence = evidence_of_fork("w1", Compared(Found.FORK, "our key signed size 9", 9), seen(9, W1, W2), ours)
    private.replace("witness/fork-0.json", evidence)
    private.replace("witness/fork-1.json", b"nonsense")
    private.replace("witness/fork-2.json", b'{"files":[1],"v":1}')
    private.replace("witness/state.json", b"{}")
    assert of(*known_heads(public, private))[0] == 9


def test_a_successor_has_a_name_of_its_own():
    """One name is one log."""
    check_origin(f"{ORIGIN}/2", ORIGIN)
    with pytest.raises(BadInput, match="a name of its own"):
        check_origin(ORIGIN, ORIGIN)


# ── what outsiders are told ──


def step(report):
    return next((each for each in report.steps if each.title == "The log before it"), None)


def test_verify_tells_the_link():
    """Signed by keys of the trust file: closed there. Keys that it does not list: said, and not checked. A lie: exit 3."""
    quoted = seen(9, W1, W2)
    log = LittleLog(origin=f"{ORIGIN}/2", after=quoted).pad(5)
    assert Genesis.parse(log.leaves[0].body).after == quoted
    ours = TrustPolicy.parse(log.trust())
    for policy, verdict in (
        (ours, Verdict.NOT_CHECKED),
        (TrustPolicy((*ours.logs, *trust(2, W1, W2).logs), (), (), None), Verdict.HOLDS),
    ):
        report = verified(log, log.files(5), trust=policy)
        assert (report.exit, step(report).verdict) == (0, verdict), report.text()
        assert f"It goes on from {ORIGIN}, which is closed at size 9." in report.text()
    strange = HashLog(signers=log_keys(ORIGIN, 77))
    wrong = LittleLog(origin=f"{ORIGIN}/2", after=seen(9, log=strange)).pad(5)
    both = TrustPolicy((*ours.logs, *trust(2, W1, W2).logs), (), (), None)
    assert (verified(wrong, wrong.files(5), trust=both).exit, audit_of(wrong).saved) == (3, None)
    itself = LittleLog(origin=ORIGIN, after=quoted).pad(5)
    assert verified(itself, itself.files(5)).exit == 3
    assert step(verified(LittleLog().pad(3), LittleLog().pad(3).files(3))) is None


@pytest.mark.parametrize("wrong", [b"7", b"null", b'""', b"[]"])
def test_what_is_quoted_has_one_spelling(wrong):
    """A text, or left out."""
    body = Genesis.parse(LittleLog().leaves[0].body).encode()
    raw = body.replace(b'{"kind"', b'{"after":' + wrong + b',"kind"', 1)
    with pytest.raises(NotCanonical):
        Genesis.parse(raw)
