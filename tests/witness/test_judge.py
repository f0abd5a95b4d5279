# SPDX-License-Identifier: Apache-2.0
"""What a witness answers: every pair of sizes, every check of the standard, and never two histories."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog.given import damaged, one_bit_flips, shared
from tests.witness.desk import NOW, ORIGIN, W1, HashLog, log_keys

from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import nodes_of, prove_consistency
from whosaw.tlog.note import Ed25519Signer, VerifierKey, open_note, parse_note, sign_note
from whosaw.tlog.witness import SIZE_TYPE, AddCheckpoint, parse_cosignatures
from whosaw.witness import judge

LOG, OTHER = HashLog(), HashLog(b"other", fork=5)
KEYS = LOG.keys()


def said(raw, last=None, now_s=NOW, logs=KEYS, signers=W1):
    """The answer, and what is kept from it."""
    asked = judge.read(raw, logs)
    return (asked, None) if isinstance(asked, judge.Answer) else judge.decide(asked, last, signers, now_s)


def seen(log, size, now_s=NOW):
    """A witness that has cosigned this head of `log`, and nothing before it."""
    return said(log.request(0, size), None, now_s)[1]


@pytest.mark.parametrize(("old", "size"), [p for p in itertools.product(range(10), repeat=2) if p[0] <= p[1]])
def test_a_consistent_head_is_cosigned(old, size):
    """Whatever the two sizes: with both kinds of cosignature over these very bytes, at this time."""
    answer, kept = said(LOG.request(old, size), seen(LOG, old) if old else None)
    assert answer.status == 200
    lines = parse_cosignatures(answer.body)
    opened = open_note(LOG.note(size) + answer.body, [s.key for s in W1])
    assert len(lines) == len(opened.verified) == 2
    assert set(opened.times.values()) == {NOW}
    assert (kept.size, kept.root, kept.time_s) == (size, Checkpoint.parse(opened.text).root, NOW)
    assert open_note(kept.note, [s.key for s in (*W1, *log_keys())]).unknown == 0
    assert kept.note.endswith(answer.body)


def test_a_head_of_nothing():
    """An empty log has a head too, and is cosigned once more with leaves."""
    answer, kept = said(LOG.request(0, 0))
    assert (answer.status, kept.size) == (200, 0)
    assert said(LOG.request(0, 5), kept)[0].status == 200


@pytest.mark.parametrize("last", [0, 3, 7])
def test_another_old_size_is_told_the_right_one(last):
    """409 with the size cosigned last, whatever else is wrong with the proof."""
    known = seen(LOG, last) if last else None
    for old in set(range(8)) - {last}:
        answer, kept = said(LOG.request(old, 9), known)
        assert (answer.status, answer.media, answer.body, kept) == (409, SIZE_TYPE, b"%d\n" % last, None)


def test_a_smaller_head_is_never_cosigned():
    """A log does not shrink: the old size above the size is no request at all, an old one meets 409."""
    assert said(LOG.request(7, 3, proof=()), seen(LOG, 7))[0].status == 400
    assert said(LOG.request(3, 3), seen(LOG, 7))[0].status == 409
    assert said(LOG.request(0, 3), seen(LOG, 7))[0].status == 409


def test_another_history_is_evidence():
    """422 for one size with two roots, and for a larger head that the older one does not begin."""
    for old, size in ((7, 7), (7, 9), (6, 12), (8, 16)):
        answer, kept = said(OTHER.request(old, size), seen(LOG, old))
        assert (answer.status, answer.evidence, kept) == (422, True, None), (old, size)
    assert said(OTHER.request(5, 9), seen(LOG, 5))[0].status == 200  # they share the first five


def test_every_bit_of_a_proof_counts():
    """A proof with one bit turned, a hash more or fewer, or in another order proves nothing."""
    last = seen(LOG, 6)
    proof = LOG.proof(6, 13)
    wrong = [proof[:-1], (*proof, bytes(32)), proof[::-1], ()]
    wrong += [(*proof[:i], flip, *proof[i + 1 :]) for i in range(len(proof)) for flip in one_bit_flips(proof[i])]
    for each in wrong:
        assert said(LOG.request(6, 13, proof=each), last)[0].status == 422


def test_a_proof_where_nothing_can_be_proven():
    """422 for hashes with old size 0 and with equal sizes."""
    assert said(LOG.request(0, 5, proof=[bytes(32)]))[0].status == 422
    assert said(LOG.request(5, 5, proof=[bytes(32)]), seen(LOG, 5))[0].status == 422


def test_nothing_with_a_root():
    """422 where a log signs that no leaves have a root; the signature comes first, so it is the log that says so."""
    text = f"{ORIGIN}\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".encode()
    ed25519 = log_keys()[0]
    lines = sign_note(text, [ed25519], NOW)
    answer, kept = said(AddCheckpoint(0, (), lines).encode())
    assert (answer.status, kept) == (422, None)
    stranger = sign_note(text, [Ed25519Signer.from_seed(ORIGIN, b"\x09" * 32)], NOW)
    assert said(AddCheckpoint(0, (), stranger).encode())[0].status == 403


def test_an_origin_that_nobody_knows():
    """404, before any signature is looked at."""
    assert said(HashLog(origin="other.example.org/log", size=3).request(0, 3))[0].status == 404
    assert said(LOG.request(0, 3), logs={})[0].status == 404
    assert said(LOG.request(0, 3), logs={ORIGIN: ()})[0].status == 404


def test_a_head_that_the_log_did_not_sign():
    """403 with no line of a trusted key, and with one that fails, whatever stands beside it."""
    stranger = HashLog(signers=(Ed25519Signer.from_seed(ORIGIN, b"\x09" * 32),), size=3)
    assert said(stranger.request(0, 3))[0].status == 403
    good, bad = parse_note(LOG.note(3)), parse_note(LOG.note(4))
    mixed = good.text + b"\n" + good.signatures[0].encode() + bad.signatures[1].encode()
    assert said(LOG.request(0, 3, note=mixed))[0].status == 403


def test_any_trusted_key_of_the_log_suffices():
    """One of two keys signs: cosigned. Lines of keys that are not trusted are not kept."""
    ed25519, mldsa = log_keys()
    answer, kept = said(LOG.request(0, 3), logs={ORIGIN: (mldsa.key,)})
    assert answer.status == 200
    assert [s.key_id for s in parse_note(kept.note).signatures] == [mldsa.key_id, *(s.key_id for s in W1)]
    assert said(LOG.request(0, 3, note=sign_note(LOG.text(3), [ed25519], NOW)))[0].status == 200


@pytest.mark.parametrize(
    "raw",
    [b"", b"old 0\n\n", b"old 00\n\n" + LOG.note(3), b"old 0\n\n\n" + LOG.note(3), LOG.request(0, 3)[:-1],
     b"old 0\n\n" + LOG.note(3).replace(b"\n3\n", b"\n03\n"), b"old 0\n\n" + sign_note(b"no checkpoint\n", log_keys()[:1], 0),
     b"old 0\n\n" + sign_note(f"{ORIGIN}\n0\n!\n".encode(), log_keys()[:1], 0)],
)  # fmt: skip
def test_what_is_no_request(raw):
    """400, whoever signed it."""
    assert said(raw) == (judge.Answer(400, said(raw)[0].body), None)


def test_extension_lines_of_other_logs():
    """They are legal in the standard and covered by the Ed25519 line; where they leave no room for ours, 400."""
    ed25519 = log_keys()[0]
    logs = {ORIGIN: (ed25519.key,)}
    for extension, status in ((b"anything\n", 200), (b"x" * 130_000 + b"\n", 400)):
        note = sign_note(LOG.text(3) + extension, [ed25519], NOW)
        assert said(LOG.request(0, 3, note=note), logs=logs)[0].status == status


def test_time_never_goes_back():
    """A clock behind the last cosignature, or before 1970, cosigns nothing; the same second does."""
    last = seen(LOG, 5)
    for now_s, status in ((NOW - 1, 503), (0, 503), (-1, 503), (NOW, 200), (NOW + 1, 200)):
        answer, kept = said(LOG.request(5, 6), last, now_s)
        assert (answer.status, kept is None) == (status, status == 503)
    assert said(LOG.request(0, 6), None, 0)[0].status == 503


def test_the_log_of_another_project():
    """A Tessera log is cosigned from its empty head to its last, and an older head of it meets 409."""
    folder = shared("tessera/testdata/log")
    vkey = VerifierKey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    logs = {vkey.name: (vkey,)}
    notes = [(folder / f"checkpoint.{n}").read_bytes() for n in range(16)]
    hashes = (folder / "tile/0/000.p/15").read_bytes()
    node = nodes_of([hashes[i : i + 32] for i in range(0, len(hashes), 32)])
    last = None
    for size, note in enumerate(notes):
        old = last.size if last else 0
        proof = prove_consistency(node, old, size) if old else []
        answer, last = said(AddCheckpoint(old, tuple(proof), note).encode(), last, logs=logs)
        assert answer.status == 200, answer.body
    assert last.size == 15
    assert said(AddCheckpoint(0, (), notes[4]).encode(), last, logs=logs)[0].status == 409


@settings(deadline=None, max_examples=60)
@given(damaged(LOG.request(6, 13), LOG.request(0, 2)))
def test_a_damaged_request_is_cosigned_only_if_it_says_the_same(raw):
    """Any bytes get an answer, and a 200 only where old size, proof and checkpoint are those of the log."""
    for last in (None, seen(LOG, 6)):
        answer, kept = said(raw, last)
        assert answer.status in {200, 400, 403, 404, 409, 422}
        if answer.status == 200:
            assert parse_note(kept.note).text in {LOG.text(13), LOG.text(2)}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([LOG, OTHER]), st.integers(0, 12), st.integers(0, 12)), max_size=25))
def test_no_order_of_requests_cosigns_two_histories(requests):
    """Whoever asks what, in any order: the heads that were cosigned are beginnings of each other."""
    last, cosigned = None, []
    for log, old, size in requests:
        answer, kept = said(log.request(old, size, proof=log.proof(min(old, size), size)), last)
        if answer.status == 200:
            last = kept
            cosigned.append((kept.size, kept.root))
    assert cosigned == sorted(cosigned, key=lambda head: head[0])
    histories = [{(n, Checkpoint.parse(log.text(n)).root) for n in range(13)} for log in (LOG, OTHER)]
    assert any(set(cosigned) <= history for history in histories)
