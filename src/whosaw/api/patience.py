# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 with an end to patience: a request whose head does not come to its end in time is nobody's.

    connected, or the first byte of the next request ──SECONDS──▶ no head yet? closed

uvicorn waits for ever for the rest of a head, and each such connection is one of those that it will serve at most. A body has its own
time (``body.read``), and so has a connection on which nothing comes (uvicorn's own).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0


class Patient(H11Protocol):
    """The protocol of `whosaw serve`."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._late = self.loop.call_later(SECONDS, self._no_head)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._under_way():
            self._unset()
        elif self._late is None:
            self._late = self.loop.call_later(SECONDS, self._no_head)

    def on_response_complete(self) -> None:
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
