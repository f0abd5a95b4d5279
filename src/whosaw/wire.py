# SPDX-License-Identifier: Apache-2.0
"""A connection for HTTP that can be hung up: by its deadline, or by whoever closes.

    with within(connection, seconds):
        connection.request(…)               after so many seconds in all every read and write ends,
        connection.getresponse().read()     and so does this, with TimeoutError

A socket's own timeout begins anew with every byte that drips in. This one does not.

Invariant: the socket is known as long as anything may be read from it. The standard library takes it from its connection
when an answer will close it, and the answer is still read from it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection


class Plain(HTTPConnection):
    """Without TLS."""

    line: socket.socket | None = None

    def connect(self) -> None:
        super().connect()
        self.line = self.sock


class Secure(HTTPSConnection):
    """With it. Another class, because the library has two."""

    line: socket.socket | None = None

    def connect(self) -> None:
        super().connect()
        self.line = self.sock


Wire = Plain | Secure


def wire(host: str, port: int | None, timeout: float, tls: ssl.SSLContext | None) -> Wire:
    """A connection that is made at its first request. `port`: None for the usual one. `timeout`: of each step, in seconds. `tls`: None for none."""
    if tls is None:
        return Plain(host, port, timeout=timeout)
    return Secure(host, port, timeout=timeout, context=tls)


def hang_up(connection: Wire) -> None:
    """Whatever another thread reads or writes there ends now."""
    line = connection.line
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


@contextmanager
def within(connection: Wire, seconds: float) -> Iterator[None]:
    """Hang up after `seconds` in all. Raises TimeoutError then, whatever came of it: what was read is no answer."""
    over = threading.Event()

    def late() -> None:
        over.set()
        hang_up(connection)

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
    # Where the end of the connection is the end of the answer, ours looks like theirs.
    if over.is_set():
        raise TimeoutError
