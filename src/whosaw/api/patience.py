# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 with an end to patience: a request whose head does not come to its end in time is nobody's. And a reply is one write.

    connected, or the first byte of the next request ──SECONDS──▶ no head yet? closed

uvicorn waits for ever for the rest of a head, and each such connection is one of those that it will serve at most. A body has its own
time (``body.read``), and so has a connection on which nothing comes (uvicorn's own).

It writes a reply's head by itself, and then its body. Each write lets go of the interpreter, and whoever decides looks meanwhile takes it for
some milliseconds: so the head waits for what is written next, which follows at once.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0


class _Line:
    """A transport that keeps the head of a reply until there is more to write. All else is as it was."""

    def __init__(self, transport: Any, protocol: Patient) -> None:
        self._transport, self._protocol, self._head = transport, protocol, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._head and self._protocol.begins():
            self._head = data
            return
        data, self._head = self._head + data, b""
        if data:
            self._transport.write(data)

    def close(self) -> None:
        self.write(b"")
        self._transport.close()


class Patient(H11Protocol):
    """The protocol of `whosaw serve`."""

    _late: asyncio.TimerHandle | None = None
    _begun = False  # the head of the reply that is under way was written

    def begins(self) -> bool:
        """Whether what is written now is the head of a reply; what bids the other side to go on is none."""
        begun, self._begun = self._begun, self.cycle is not None and self.cycle.response_started
        return self._begun and not begun

    def connection_made(self, transport: Any) -> None:
        super().connection_made(cast("asyncio.Transport", _Line(transport, self)))
        self._late = self.loop.call_later(SECONDS, self._no_head)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._under_way():
            self._unset()
        elif self._late is None:
            self._late = self.loop.call_later(SECONDS, self._no_head)

    def on_response_complete(self) -> None:
        self._begun = False
        super().on_response_complete()
        # What came of the next request while this one was answered: nothing more of it may ever come.
        if not self._under_way() and self._late is None and self.conn.trailing_data[0]:
            self._late = self.loop.call_later(SECONDS, self._no_head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset()
        super().connection_lost(exc)

    def _under_way(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _no_head(self) -> None:
        self._late = None
        if not self._under_way():
            self.transport.close()

    def _unset(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
