# SPDX-License-Identifier: Apache-2.0
"""A witness over real HTTP: every answer of the standard, crashes in between, and requests that come at once."""

import http.client
import socket
import threading
import urllib.parse
from contextlib import suppress

import pytest
from tests.contracts.failing import failing_sqlite
from tests.witness.desk import NOW, ORIGIN, W1, Desk, HashLog, ask, log_keys, post, served

from whosaw.errors import OutcomeUnknown, Unavailable
from whosaw.store.sql_witness import SqliteHeads
from whosaw.tlog.merkle import root_at
from whosaw.tlog.note import Ed25519Signer, open_note, sign_note
from whosaw.tlog.witness import LIMIT, AddCheckpoint, Cosigned, monitoring_path
from whosaw.witness.server import App

LOG, OTHER = HashLog(), HashLog(b"other", fork=5)
SHOWN = f"/{monitoring_path(ORIGIN)}"
EVERYBODY = [s.key for s in (*log_keys(), *W1)]


@pytest.fixture(params=["memory", "sqlite"])
def desk(request, tmp_path):
    if request.param == "memory":
        yield Desk()
        return
    heads = SqliteHeads(tmp_path / "witness.db")
    heads.make()
    yield Desk(heads=heads)
    heads.close()


@pytest.fixture
def url(desk):
    with served(desk.witness) as url:
        yield url


def test_every_answer_of_the_standard(desk, url):
    """200, 400, 403, 404, 409 and 422, each with the body and the type that it must have."""
    assert ask(url, "GET", SHOWN)[0] == 404
    assert post(url, LOG.request(3, 5))[:3] == (409, "text/x.tlog.size", b"0\n")
    status, media, body = post(url, LOG.request(0, 5))
    assert (status, media) == (200, "text/plain; charset=utf-8")
    assert set(open_note(LOG.note(5) + body, [s.key for s in W1]).times.values()) == {NOW}
    assert post(url, LOG.request(5, 9))[0] == 200
    assert post(url, LOG.request(9, 9))[0] == 200
    assert post(url, LOG.request(5, 12)) == (409, "text/x.tlog.size", b"9\n")
    assert post(url, LOG.request(9, 3, proof=()))[0] == 400
    assert post(url, b"old 9\n")[0] == 400
    assert post(url, HashLog(origin="other.example.org", size=3).request(0, 3))[0] == 404
    stranger = HashLog(signers=(Ed25519Signer.from_seed(ORIGIN, b"\x09" * 32),), size=12)
    assert post(url, stranger.request(9, 12))[0] == 403
    assert post(url, LOG.request(9, 12, proof=()))[0] == 422
    assert post(url, OTHER.request(9, 9))[0] == 422
    root = f"{ORIGIN}\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".encode()
    assert desk.heads.latest(ORIGIN).size == 9
    with served(Desk().witness) as fresh:
        assert post(fresh, AddCheckpoint(0, (), sign_note(root, log_keys()[:1], NOW)).encode())[0] == 422


def test_what_is_shown_to_everybody(url):
    """The newest head with the log's lines and the witness's; below the hash of the origin, in lower case only."""
    post(url, LOG.request(0, 5))
    body = post(url, LOG.request(5, 9))[2]
    status, media, note = ask(url, "GET", SHOWN)
    assert (status, media) == (200, "text/plain; charset=utf-8")
    opened = open_note(note, EVERYBODY)
    assert (opened.text, opened.keys, opened.unknown) == (LOG.text(9), frozenset(EVERYBODY), 0)
    assert note.endswith(body)
    assert ask(url, "GET", SHOWN.upper().replace("CHECKPOINT", "checkpoint"))[0] == 404


def test_other_requests(url):
    """Its keys stand at the root; other methods are 405, other places 404."""
    assert ask(url, "GET", "/")[2] == "".join(f"{s.vkey()}\n" for s in W1).encode()
    assert ask(url, "GET", "/add-checkpoint")[0] == 405
    assert ask(url, "POST", SHOWN, b"")[0] == 405
    for path in ("/x", "/checkpoint", f"{SHOWN}/", "/add-checkpoint/", "//add-checkpoint"):
        assert ask(url, "GET", path)[0] == 404


def test_requests_that_are_too_long(url):
    """One byte more than any request can have is 400; one without end is hung up on; the next request is answered."""
    assert post(url, bytes(LIMIT + 1))[0] == 400
    with suppress(ConnectionError):  # it may be told 400 while it is still sending
        assert ask(url, "POST", "/add-checkpoint", iter([bytes(1 << 16)] * 50))[0] == 400
    assert post(url, LOG.request(0, 5))[0] == 200


def test_requests_that_do_not_come_to_their_end(desk):
    """A body that stops in the middle is 408 after its time, and one whose sender leaves gets no answer."""
    with served(App(desk.witness, body_s=0.05)) as url:
        place = urllib.parse.urlsplit(url)
        with socket.create_connection((place.hostname, place.port)) as line:
            line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold ")
            assert line.recv(100).startswith(b"HTTP/1.1 408")
        with socket.create_connection((place.hostname, place.port)) as line:
            line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold ")
        assert post(url, LOG.request(0, 5))[0] == 200


def test_one_connection_for_many_requests(url):
    """Keep-alive, as the standard asks of witnesses."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    last = 0
    for size in (3, 4, 9):
        connection.request("POST", "/add-checkpoint", LOG.request(last, size))
        line = connection.sock
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
        assert connection.sock is line
        last = size
    connection.close()


def test_a_log_is_added_while_it_serves(desk):
    """The logs are asked for each request."""
    desk.logs = {}
    with served(desk.witness) as url:
        assert post(url, LOG.request(0, 5))[0] == 404
        desk.logs.update(LOG.keys())
        assert post(url, LOG.request(0, 5))[0] == 200


def test_two_heads_at_once(desk, url):
    """Of two that contradict each other exactly one is cosigned, however often they are tried at the same moment."""
    post(url, LOG.request(0, 5))
    for size in range(6, 26):
        start, got = threading.Barrier(4), []

        def submit(mine, size=size, start=start, got=got):
            request = mine.request(size - 1, size)
            start.wait()
            got.append((mine, *post(url, request)))

        # Both continue what was cosigned, and each is submitted twice.
        threads = [threading.Thread(target=submit, args=(m,)) for m in [LOG, HashLog(b"%d" % size, fork=size - 1)] * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [answer for answer in got if answer[1] == 200]
        assert len(won) == 1
        assert {answer[1:] for answer in got if answer[1] != 200} == {(409, "text/x.tlog.size", b"%d\n" % size)}
        assert open_note(ask(url, "GET", SHOWN)[2], EVERYBODY).text == won[0][0].text(size)
        if won[0][0] is not LOG:
            ours = Cosigned(size, root_at(LOG.node, size), LOG.note(size), NOW)  # as if the fork had never been tried
            desk.heads.advance(ORIGIN, lambda _, ours=ours: (None, ours))


@pytest.mark.parametrize(("fate", "size"), [("lost", 5), ("late", 9)])
def test_a_crash_between_keeping_and_answering(fate, size):
    """No cosignature comes out; asked again, the witness says what it has, and cosigns from there."""
    desk = Desk()
    with served(desk.witness) as url:
        post(url, LOG.request(0, 5))
        desk.heads.faults.arm("advance", fate)
        status, _, body = post(url, LOG.request(5, 9))
        assert status == 500
        assert b"w1" not in body
        again = post(url, LOG.request(5, 9))
        assert again[0] == (200 if fate == "lost" else 409)
        if fate == "late":
            assert again[2] == b"9\n"
            assert post(url, LOG.request(9, 9))[0] == 200
        assert post(url, OTHER.request(9, 9))[0] == 422
    assert desk.heads.latest(ORIGIN).size == 9


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_a_commit_that_fails(tmp_path, fate):
    """The same with SQLite: COMMIT fails, stored or not, and after a restart no second history is cosigned."""
    heads = SqliteHeads(tmp_path / "witness.db")
    fails = failing_sqlite(heads._file)
    heads.make()
    with served(Desk(heads=heads).witness) as url:
        post(url, LOG.request(0, 5))
        fails.arm("COMMIT", fate)
        assert post(url, LOG.request(5, 9))[0] == 500
    heads.close()
    heads = SqliteHeads(tmp_path / "witness.db")
    kept = 9 if fate == "late" else 5
    with served(Desk(heads=heads).witness) as url:
        assert post(url, LOG.request(7, 12))[2] == b"%d\n" % kept
        assert post(url, LOG.request(kept, 12))[0] == 200
        assert post(url, OTHER.request(12, 13))[0] == 422
    heads.close()


def test_it_answers_nothing_without_its_memory(tmp_path):
    """No database, no cosignature: 500, and never the answer of a witness that has seen nothing."""
    heads = SqliteHeads(tmp_path / "nowhere.db")
    with served(Desk(heads=heads).witness) as url:
        assert post(url, LOG.request(0, 5))[0] == 500
        assert ask(url, "GET", SHOWN)[0] == 500
    heads.close()


def test_what_contradicts_is_kept(desk, url):
    """The request is kept as it came; where it cannot be kept, the answer is the same."""
    post(url, LOG.request(0, 9))
    fork = OTHER.request(9, 12)
    assert post(url, fork)[0] == 422
    assert desk.evidence.kept == [fork]
    assert post(url, LOG.request(3, 12))[0] == 409
    assert desk.evidence.kept == [fork]
    for error in (Unavailable, OutcomeUnknown):
        desk.evidence.faults.arm("keep evidence", "lost", error=error)
        assert post(url, OTHER.request(9, 13))[0] == 422
