# SPDX-License-Identifier: Apache-2.0
"""What a witness shows of us, and what a start makes of it."""

from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from tests.tlog.given import damaged
from tests.witness.desk import NOW, ORIGIN, W1, W2, Book, Desk, HashLog, files, log_keys, post, served
from tests.witness.test_client import answering

from whosaw.errors import ProofFailed, Unavailable
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import Ed25519Signer, sign_note
from whosaw.witness.client import Client
from whosaw.witness.fork import Found, compare
from whosaw.witness.startup import ask_all

LOG, OTHER = HashLog(), HashLog(b"other", fork=5)


@pytest.mark.parametrize("size", range(11))
def test_every_head_of_ours_is_known(size):
    """Whatever size was signed before: it is in our tree."""
    found = compare(LOG.note(size), Book(LOG, 10).ours())
    assert (found.found, found.size) == (Found.KNOWN, size)


@pytest.mark.parametrize("size", range(6, 15))
def test_every_head_of_another_history_is_a_fork(size):
    """Smaller, equal or larger; below the point where the two part they are the same log."""
    assert compare(OTHER.note(size), Book(LOG, 10).ours()).found is Found.FORK
    assert compare(OTHER.note(5), Book(LOG, 10).ours()).found is Found.KNOWN


def test_a_larger_head_of_our_own_is_a_fork():
    """Also if it may be our own future: whoever signs size 10 cannot have signed 11 before."""
    assert compare(LOG.note(11), Book(LOG, 10).ours()).found is Found.FORK


def test_one_of_our_keys_is_enough():
    """Ed25519 alone or ML-DSA alone: what either of them signed, we signed."""
    for signer in log_keys():
        assert compare(sign_note(OTHER.text(9), [signer], NOW), Book(LOG, 10).ours()).found is Found.FORK


def test_a_form_that_we_never_sign_is_a_fork():
    """Another origin, or extension lines, under our key."""
    ed25519 = log_keys()[0]
    for text in (LOG.text(9) + b"more\n", HashLog(origin="other.example.org").text(9)):
        assert compare(sign_note(text, [ed25519], NOW), Book(LOG, 10).ours()).found is Found.FORK


@pytest.mark.parametrize(
    "shown",
    [b"", b"no note\n", sign_note(OTHER.text(9), [Ed25519Signer.from_seed(ORIGIN, b"\x09" * 32)], NOW),
     sign_note(OTHER.text(9), W1, NOW), LOG.note(9).replace(b"\n9\n", b"\n12\n"), sign_note(b"x\n", log_keys()[:1], NOW)],
)  # fmt: skip
def test_what_we_did_not_sign_is_no_fork(shown):
    """Anybody can write a checkpoint; without our signature it is a claim."""
    assert compare(shown, Book(LOG, 10).ours()).found is Found.UNSIGNED


@settings(deadline=None, max_examples=80)
@given(damaged(LOG.note(9), OTHER.note(9)))
def test_no_damage_makes_a_fork(shown):
    """A damaged note of ours is never one of another history, and a fork is one only with its text whole."""
    found = compare(shown, Book(LOG, 10).ours())
    assert found.found is not Found.FORK or OTHER.text(9) in shown
    assert found.sentence.isprintable()


# ── starting ──


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def witness(stack, desk):
    """A served witness, and a client of it."""
    url = stack.enter_context(served(desk.witness))
    client = Client(url, [s.key for s in desk.signers], timeout=20.0)
    stack.callback(client.close)
    return url, client


def gone():
    return Client("http://127.0.0.1:1", [s.key for s in W2], timeout=0.5)


def start(book, **clients):
    return ask_all(clients, book.ours(), book, NOW)


def test_a_start_learns_what_each_witness_has(stack):
    """One has seen size 4, another nothing: it is shown our head, and has it then."""
    url, one = witness(stack, Desk())
    two = witness(stack, Desk(signers=W2))[1]
    post(url, LOG.request(0, 4))
    book = Book(LOG, 10)
    assert start(book, one=one, two=two, three=gone()) == {"one": 4, "two": 10}
    assert book.kept == []


def test_a_start_finds_a_fork(stack):
    """A head that we signed and do not have: exit 3, whoever else is silent, with both checkpoints kept."""
    for theirs, size in ((LOG, 12), (OTHER, 12)):
        desk = Desk()
        url, one = witness(stack, desk)
        post(url, theirs.request(0, size))
        book = Book(LOG, 10)
        with pytest.raises(ProofFailed, match="another history"):
            start(book, one=one, two=gone())
        [(kind, evidence)] = book.kept
        kept = files(evidence)
        assert kind == "fork"
        assert kept["checkpoint"] == desk.heads.latest(ORIGIN).note
        assert Checkpoint.parse(kept["older-checkpoint"].partition(b"\n\n")[0] + b"\n").size == 10


def test_a_start_without_any_answer(stack):
    """No witness reachable, or none that knows us: exit 7."""
    desk = Desk(logs={})
    stranger = witness(stack, desk)[1]
    for clients in ({"one": gone()}, {"one": gone(), "two": stranger}, {"two": stranger}):
        book = Book(LOG, 10)
        with pytest.raises(Unavailable, match="no witness could say"):
            start(book, **clients)
        assert book.kept == []


def test_a_start_with_an_unsigned_claim(stack):
    """A witness that shows nothing and claims a larger size: exit 7, and its words are kept."""
    two = witness(stack, Desk(signers=W2))[1]
    for status, body in ((409, b"11\n"), (422, b"no\n")):
        with answering(
            lambda handler, _, answer=(status, body): answer if handler.command == "POST" else (404, b"")
        ) as one:
            book = Book(LOG, 10)
            with pytest.raises(Unavailable, match="unsigned"):
                start(book, one=one, two=two)
            assert [kind for kind, _ in book.kept] == ["claim"]
            assert files(book.kept[0][1])["answer"] == body


def test_a_start_beside_a_witness_that_shows_something_else(stack):
    """What it shows is not ours, and it cosigns all the same: that is an answer."""
    desk = Desk()

    class Odd:
        def __getattr__(self, name):
            return getattr(desk.heads, name)

        def shown(self, _):
            return None

    url, one = witness(stack, Desk(heads=Odd()))
    post(url, LOG.request(0, 4))
    assert start(Book(LOG, 10), one=one) == {"one": 10}
