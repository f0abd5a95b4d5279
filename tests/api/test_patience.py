# SPDX-License-Identifier: Apache-2.0
"""The protocol below `whosaw serve`, without a socket: a reply is one write, and nothing waits that the other side waits for."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from whosaw.api.patience import Patient

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n"
ASKS = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n"


class Wire(asyncio.Transport):
    """What was written, write by write."""

    def __init__(self):
        super().__init__()
        self.written, self.closed = [], False

    def write(self, data):
        assert data, "nothing was written"
        self.written.append(bytes(data))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


def app(parts):
    """Reads its body and answers in so many parts."""

    async def answer(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        length = [] if scope["path"] == "/chunks" else [(b"content-length", b"%d" % sum(map(len, parts)))]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        for n, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": n < len(parts)})

    return answer


def talk(given, parts=(b"body",)):
    """What is written after each of what is received on one connection."""

    async def go():
        config = uvicorn.Config(
            app(parts), lifespan="off", log_level="critical", ws="none", server_header=False, date_header=False
        )
        config.load()
        wire, protocol = Wire(), Patient(config, ServerState(), {})
        protocol.connection_made(wire)
        said = []
        for data in given:
            before = len(wire.written)
            protocol.data_received(data)
            for _ in range(20):
                await asyncio.sleep(0)
            said.append(wire.written[before:])
        closed = wire.closed
        protocol.connection_lost(None)
        return said, closed

    return asyncio.run(go())


def test_a_reply_is_one_write():
    """Head and body; of every reply on a connection, with a body and without one."""
    said, closed = talk([GET, GET, HEAD, GET])
    assert [len(each) for each in said] == [1, 1, 1, 1]
    assert said[0] == said[1] == said[3]
    assert said[0][0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert said[0][0].endswith(b"\r\n\r\nbody")
    assert said[2][0].endswith(b"\r\n\r\n")
    assert not closed


def test_who_is_to_be_bidden_to_go_on_is_bidden_at_once():
    """Its body comes only then; also on a connection that had a reply before."""
    said, _ = talk([GET, ASKS, b"abc", ASKS, b"abc"])
    assert [each[0].split(b"\r\n")[0] for each in said] == [
        b"HTTP/1.1 200 OK",
        *[b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK"] * 2,
    ]
    assert [len(each) for each in said] == [1] * 5


def test_of_a_reply_in_parts_the_head_goes_with_the_first():
    ((*parts,),), _ = talk([GET.replace(b" / ", b" /chunks ")], (b"one", b"two"))
    assert len(parts) == 3
    assert parts[0].startswith(b"HTTP/1.1 200 OK")
    assert b"one" in parts[0]
    assert b"two" in parts[1]
    assert parts[2] == b"0\r\n\r\n"


@pytest.mark.parametrize("before", [[], [GET]])
def test_what_is_no_request_is_told_so_before_the_connection_ends(before):
    said, closed = talk([*before, b"\x00\r\n\r\n"])
    assert b"".join(said[-1]).startswith(b"HTTP/1.1 400 ")
    assert closed
