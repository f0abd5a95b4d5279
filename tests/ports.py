# SPDX-License-Identifier: Apache-2.0
"""Ports at which nobody answers, and servers that are gone at once and for everybody.

    nobody()        a port that is bound and not listened at: whoever connects is refused, and nobody else is given it
    Leaving         an HTTP server that can leave: nobody listens, all connections are broken, and their clients know

A port that was merely closed belongs to whoever asks next: another worker's server, or the client itself, which then speaks
to itself. And a client keeps connections for later. One that broke a moment ago, and whose end it has not read, is used once
more and breaks *then*: what was written may have arrived, which is another answer than that of a port that refuses.
"""

import socket
import time
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer

LATEST = 20  # seconds for a client to read that a connection has ended
_ENDED = frozenset({6, 7, 9, 11})  # TIME_WAIT, CLOSE, LAST_ACK, CLOSING: the other side has ended it, too


@contextmanager
def nobody():
    """A port of this machine that is kept from everybody. A server of ours may be told to listen at it meanwhile."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


class Leaving(ThreadingHTTPServer):
    """At a port that ``nobody`` keeps, and only there it can leave without another one's moving in."""

    daemon_threads = True

    def __init__(self, port: int, handler) -> None:
        self._lines: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), handler)

    def process_request(self, request, client_address) -> None:
        # Where connections are accepted, so that none is missed. A copy, for the handler closes its own.
        self._lines = [one for one in self._lines if not _over(one)] + [request.dup()]
        super().process_request(request, client_address)

    def leave(self, *, heard: bool) -> None:
        """Stop listening, and break what is open. `heard`: be back when all clients know it."""
        self.shutdown()
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:  # those whom nobody has served yet
                self._lines.append(self.socket.accept()[0])
        self.server_close()
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        ends = time.monotonic() + LATEST
        while heard and (lines := [one for one in self._lines if not _over(one)]):
            assert time.monotonic() < ends, f"{len(lines)} connections have ended, and their clients keep them"
            time.sleep(0.002)
        for line in self._lines:
            line.close()


def _over(line: socket.socket) -> bool:
    if line.fileno() < 0:
        return True
    if over := line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in _ENDED:
        line.close()
    return over
