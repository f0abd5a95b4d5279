# SPDX-License-Identifier: Apache-2.0
"""Whatever a witness answers becomes a value: real witnesses, older ones, and servers that behave in every bad way."""

import functools
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ports import nobody
from tests.tlog.given import damaged
from tests.witness.desk import NOW, ORIGIN, W1, W2, Desk, HashLog, served

from whosaw.errors import BadInput
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import prove_consistency
from whosaw.tlog.note import LIMIT, Signature
from whosaw.witness.client import Client, Head, Says, _Answer

LOG, OTHER = HashLog(), HashLog(b"other", fork=5)
KEYS = [s.key for s in W1]


@functools.cache
def head(size, log=LOG):
    return Head(Checkpoint.parse(log.text(size)), log.note(size))


def prove(old, size, log=LOG):
    return prove_consistency(log.node, old, size)


def ask(client, size, old=0, log=LOG, now_s=NOW):
    return client.ask(head(size, log), old, lambda a, b: prove(a, b, log), now_s)


@contextmanager
def answering(answer, timeout=20.0):
    """A server that gives every request what `answer(request body)` says: status, body, or does what it likes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
            given = answer(self, raw) if callable(answer) else answer
            if given is not None:
                status, body = given
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def do_GET(self):
            self.headers["Content-Length"] = None
            self.do_POST()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.block_on_close = False
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        client = Client(f"http://127.0.0.1:{http.server_address[1]}/w/", KEYS, timeout=timeout)
        try:
            yield client
        finally:
            client.close()
            http.shutdown()


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def client(desk):
    with served(desk.witness) as url:
        made = Client(url, KEYS)
        yield made
        made.close()


def line(signer, text=LOG.text(5), time_s=NOW):
    return Signature(signer.name, signer.key_id, signer.sign(text, time_s)).encode()


def test_a_head_is_cosigned(client):
    """Both lines come, verified, with their time; an unchanged head is cosigned again."""
    for size, old in ((5, 0), (9, 5), (9, 9)):
        reply = ask(client, size, old)
        assert (reply.says, reply.size) == (Says.COSIGNED, size)
        assert {each.key for each in reply.lines} == set(KEYS)
        assert {each.time_s for each in reply.lines} == {NOW}


def test_another_old_size_is_learned(client):
    """One question is enough where nobody knew what the witness has, or where another process went on meanwhile."""
    ask(client, 5)
    assert ask(client, 9).says is Says.COSIGNED
    assert ask(client, 20, old=12).says is Says.COSIGNED


def test_claims_that_another_history_exists(desk, client):
    """A larger size, another root at this size, another beginning: each with what was asked and answered."""
    ask(client, 9)
    ahead = ask(client, 5)
    assert (ahead.says, ahead.size, ahead.answer) == (Says.AHEAD, 9, b"9\n")
    for size in (9, 12):
        reply = ask(client, size, 9, OTHER)
        assert reply.says is Says.CONTRADICTS
        assert reply.request.startswith(b"old 9\n")
    assert len(desk.evidence.kept) == 2


def test_a_log_that_is_not_known(desk, client):
    """404 for the log, 403 for its key."""
    desk.logs.clear()
    assert ask(client, 5).says is Says.UNKNOWN
    desk.logs[ORIGIN] = (W1[1].key,)
    assert ask(client, 5).says is Says.REFUSED


def test_what_is_shown(desk, client):
    """Nothing at first; then the head, as the witness has it."""
    assert client.shown(ORIGIN).says is Says.NEVER
    ask(client, 5)
    shown = client.shown(ORIGIN)
    assert (shown.says, shown.note) == (Says.SHOWN, desk.heads.latest(ORIGIN).note)


def test_lines_of_unknown_keys_are_dropped():
    """Of four lines, those of the two known keys come out, and of one key the newest."""
    body = b"".join([line(W2[0]), line(W1[0], time_s=NOW - 5), line(W1[0]), line(W2[1]), line(W1[1])])
    with answering((200, body)) as client:
        reply = ask(client, 5)
    assert [(each.key, each.time_s) for each in reply.lines] == [(s.key, NOW) for s in W1]


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, b"", Says.ODD), (200, b"thanks\n", Says.ODD), (200, line(W2[0]), Says.ODD),
        (200, line(W1[0], LOG.text(6)), Says.ODD), (200, line(W1[0], time_s=0), Says.ODD),
        (200, line(W1[0], time_s=NOW + 301), Says.ODD), (200, line(W1[0], time_s=NOW + 300), Says.COSIGNED),
        (200, line(W1[0]) + line(W1[1], LOG.text(6)), Says.ODD), (200, line(W1[0])[:-1], Says.ODD),
        (409, b"", Says.ODD), (409, b"many\n", Says.ODD), (409, b"3", Says.ODD), (409, b"3\n", Says.CONTRADICTS),
        (409, b"4\n", Says.CONTRADICTS), (409, b"6\n", Says.AHEAD), (409, b"0\n", Says.CONTRADICTS),
        (422, b"no\n", Says.CONTRADICTS), (400, b"", Says.REFUSED), (403, b"", Says.REFUSED), (404, b"", Says.UNKNOWN),
        (500, b"", Says.ODD), (503, b"", Says.ODD), (302, b"", Says.ODD), (204, b"", Says.ODD), (429, b"", Says.ODD),
    ],
)  # fmt: skip
def test_every_other_answer(status, body, says):
    """Whatever comes is a value. A 409 that goes on saying the size that was asked with means what 422 means."""
    with answering((status, body)) as client:
        reply = ask(client, 5)
    assert reply.says is says
    assert reply.sentence.isprintable()
    assert bool(reply.lines) == (says is Says.COSIGNED)


def test_a_witness_that_names_another_size_each_time():
    """It is asked twice and not for ever."""
    sizes = iter(b"1234")
    with answering(lambda *_: (409, b"%c\n" % next(sizes))) as client:
        assert ask(client, 9).says is Says.BEHIND
    assert next(sizes) == ord("3")


def test_a_witness_that_is_not_there():
    """No listener, no such host: unreachable, and the next question is a new try."""
    with nobody() as port:
        client = Client(f"http://127.0.0.1:{port}", KEYS)
        for _ in range(2):
            assert ask(client, 5).says is client.shown(ORIGIN).says is Says.UNREACHABLE
        client.close()


def hang(handler, _):
    time.sleep(20)


def drip(handler, _):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def cut_short(handler, _):
    handler.send_response(409)
    handler.send_header("Content-Length", "3")
    handler.end_headers()
    handler.wfile.write(b"7\n")
    handler.close_connection = True


def nonsense(handler, _):
    handler.wfile.write(b"\0\0\0\0\n\n")
    handler.close_connection = True


@pytest.mark.parametrize("answer", [hang, drip, cut_short, nonsense])
def test_answers_that_do_not_come(answer):
    """Silence, a byte now and then, half an answer, no HTTP: unreachable, within the time for one question."""
    began = time.monotonic()
    with answering(answer, timeout=0.5) as client:
        assert ask(client, 5).says is Says.UNREACHABLE
        assert time.monotonic() - began < 15  # the slow ones would need twenty


def test_an_answer_without_end():
    """More than any answer can have is not read."""
    with answering((200, b"x" * (LIMIT + 1))) as client:
        assert ask(client, 5).says is client.shown(ORIGIN).says is Says.ODD


def test_one_connection_serves_many_questions_and_is_made_again():
    """It is kept; when the other side has closed it meanwhile, the question is asked once more on a new one."""
    peers = []

    def answer(handler, _):
        peers.append(handler.client_address)
        handler.close_connection = len(peers) == 2
        return 200, line(W1[0])

    with answering(answer) as client:
        assert [ask(client, 5).says for _ in range(4)] == [Says.COSIGNED] * 4
    assert len(set(peers[:2])) == 1
    assert len(set(peers)) == 2


def test_hanging_up_ends_a_question():
    """Another thread closes the client: the question ends at once."""
    asked, over = threading.Event(), threading.Event()

    def answer(*_):
        asked.set()
        over.wait(60)

    with answering(answer) as client:
        said = []
        thread = threading.Thread(target=lambda: said.append(ask(client, 5)))
        thread.start()
        assert asked.wait(60)
        client.close()
        thread.join(15)
        assert [reply.says for reply in said] == [Says.UNREACHABLE]  # and the answer is not there yet
        over.set()


@pytest.mark.parametrize(
    "url",
    ["", "witness.example.net", "ftp://witness.example.net", "http://", "http://w.example.net:99999", "http://w.example.net:0",
     "http://w.example.net?x", "http://w.example.net#x", "http://a:b@w.example.net", "http://w.example.net/ x", "http://ẅ.example.net"],
)  # fmt: skip
def test_what_is_no_address(url):
    """Refused before anybody is asked."""
    with pytest.raises(BadInput):
        Client(url, KEYS)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([200, 400, 403, 404, 409, 422, 500]), damaged(line(W1[0]), line(W1[1]), b"12\n"))
def test_any_body(status, body):
    """No body crashes the client, and no line comes out that is not a cosignature of this head."""
    client = Client("http://127.0.0.1:1", KEYS)
    client._fetch = lambda *_: _Answer(status, body)
    reply = ask(client, 5)
    assert reply.sentence.isprintable()
    for each in reply.lines:
        each.key.verify(LOG.text(5), each.signature.blob)
