# SPDX-License-Identifier: Apache-2.0
"""A connection ends by its deadline, however slowly the other side drips, and whoever owns the socket by then."""

import socket
import threading
import time
from contextlib import closing, contextmanager
from http.client import IncompleteRead

import pytest
from tests.ports import nobody

from whosaw.wire import hang_up, wire, within

SECONDS = 0.4
LATEST = 30.0
ANSWERS = {
    "one that will close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n",
    "one that ends with the connection": b"HTTP/1.1 200 OK\r\n\r\n",
    "one that stays": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    "one without an end of its head": b"HTTP/1.1 200 OK\r\nX-Drip: ",
    "none": b"",
}


@contextmanager
def dripping(beginning):
    """A server that says `beginning`, and then a byte ten times a second for as long as somebody listens."""
    done, asked = threading.Event(), threading.Event()

    def serve(listening):
        line, _ = listening.accept()
        with line:
            line.recv(4096)
            line.sendall(beginning)
            asked.set()
            until = time.monotonic() + 2 * LATEST
            while not done.wait(0.1) and time.monotonic() < until:
                try:
                    line.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1], asked
        done.set()
        thread.join(LATEST)


def ask(connection):
    connection.request("GET", "/")
    return connection.getresponse().read()


@pytest.mark.parametrize("beginning", ANSWERS.values(), ids=ANSWERS)
def test_it_ends_by_its_deadline(beginning):
    """Each byte comes in time for the socket's own timeout, and so would all the others."""
    with dripping(beginning) as (port, _), closing(wire("127.0.0.1", port, SECONDS, None)) as connection:
        began = time.monotonic()
        with pytest.raises(TimeoutError), within(connection, SECONDS):
            ask(connection)
        assert time.monotonic() - began < LATEST


def test_whoever_closes_ends_what_another_thread_reads():
    with (
        dripping(ANSWERS["one that will close"]) as (port, asked),
        closing(wire("127.0.0.1", port, LATEST, None)) as connection,
    ):
        hanging = threading.Thread(target=lambda: asked.wait(LATEST) and hang_up(connection))
        hanging.start()
        began = time.monotonic()
        # Where the server was writing just then, the system says so in its own words.
        with pytest.raises((IncompleteRead, ConnectionResetError)):
            connection.request("GET", "/")
            # Whatever of the answer is there by then: its whole length never is.
            connection.getresponse().read()
        assert time.monotonic() - began < LATEST
        hanging.join(LATEST)


def test_what_fails_in_time_fails_as_it_did():
    with nobody() as port, closing(wire("127.0.0.1", port, SECONDS, None)) as connection:
        with pytest.raises(ConnectionRefusedError), within(connection, LATEST):
            ask(connection)
        hang_up(connection)  # nothing is there to hang up
