# SPDX-License-Identifier: Apache-2.0
"""Who connects from where, kept by the product itself: an ASGI middleware that seals addresses as they come.

    request ──▶ product ──first word of the answer──▶ client
                   └── who was that? ──▶ address, device ──one thread──▶ vault

Decided: the answer waits for nothing. An intake that is down must not take the product down, and a slow disk must not
make it slow. So a value is handed to a thread when the answer begins (only then does the product know who it is), and
what could not be kept is counted in `counts.missed`, which is there to be watched. Nothing that was missed is ever in the
open: it is one value fewer in the vault.

Invariant: no address, agent or person of a request goes into an error, a log or a repr.
                                               Decided in: docs/adr/0039   Use: docs/connectors/connections.md
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from whosaw.collect.forwarded import Header, Network, client_address
from whosaw.collect.observed import identifier
from whosaw.collect.ports import Clock, Keep
from whosaw.collect.seen import EVERY, Seen, keep_seen, span

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

WAITING = 1_000
_REMEMBERED = 100_000
_PATIENCE = 10.0
_BEGINS = ("http.response.start", "websocket.accept", "websocket.close", "websocket.http.response.start")


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of connections since the start. `kept`: connections sealed, or known to be; `nobody`: not signed in.

    `missed`: connections of persons that were not kept, the last of them at `last_missed`. It should be 0 and be watched.
    """

    kept: int = 0
    nobody: int = 0
    missed: int = 0
    last_missed: datetime | None = None


class Connections:
    """The middleware. `who` says whose request a scope is, or None; it is asked when the answer begins.

    `trusted`, `header`: see ``forwarded``. `every`: one value per person, value and so much time. `waiting`: how many
    connections may wait to be kept before further ones are missed.
    """

    def __init__(
        self,
        app: App,
        keep: Keep,
        trusted: Iterable[Network],
        who: Callable[[Scope], str | None],
        clock: Clock,
        *,
        header: Header = "x-forwarded-for",
        every: timedelta = EVERY,
        waiting: int = WAITING,
    ) -> None:
        self._app, self._keep, self._trusted, self._who, self._clock = app, keep, tuple(trusted), who, clock
        self._header, self._every, self._most = header, every, waiting
        self._lock = threading.Lock()
        self._kept = self._nobody = self._missed = 0
        self._last_missed: datetime | None = None
        self._recent: OrderedDict[tuple[str, str, str | None, int], None] = OrderedDict()
        self._waiting: set[Future[None]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whosaw-connections")

    def __repr__(self) -> str:
        return "Connections(…)"

    @property
    def counts(self) -> Counts:
        """What became of connections so far."""
        with self._lock:
            return Counts(self._kept, self._nobody, self._missed, self._last_missed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, self._at_shutdown(send))
            return
        done = False

        async def begun(message: Message) -> None:
            nonlocal done
            if not done and message.get("type") in _BEGINS:
                done = True
                self._note(scope)
            await send(message)

        try:
            await self._app(scope, receive, begun)
        finally:
            # A product that fails before its first word was connected to all the same.
            if not done:
                self._note(scope)

    def settle(self, timeout: float = _PATIENCE) -> bool:
        """Wait until all that waits is kept or missed; False where `timeout` seconds were not enough."""
        with self._lock:
            waiting = set(self._waiting)
        return not wait(waiting, timeout).not_done

    def close(self) -> None:
        """Keep what waits, and take nothing more: what comes later is missed."""
        self._thread.shutdown(wait=True)

    # ── on the way ──

    def _note(self, scope: Scope) -> None:
        """Hand a connection to the thread. Raises nothing: the product goes on, whatever is wrong here."""
        try:
            seen = self._seen(scope)
            if seen is None:
                with self._lock:
                    self._nobody += 1
                return
            with self._lock:
                full = len(self._waiting) >= self._most
            if full:
                self._miss()
                return
            future = self._thread.submit(self._put, seen)
            with self._lock:
                self._waiting.add(future)
            future.add_done_callback(self._done)
        except Exception:  # noqa: BLE001  an intake that fails must not take the product down
            self._miss()

    def _seen(self, scope: Scope) -> Seen | None:
        person = self._who(scope)
        if person is None:
            return None
        headers = _headers(scope)
        client = scope.get("client")
        address = client_address(client[0] if client else None, headers, self._trusted, self._header)
        if identifier(person) is None or address is None:
            raise ValueError
        return Seen(person, address, headers.get("user-agent"), self._clock())

    def _put(self, seen: Seen) -> None:
        key = (seen.person, str(seen.address), seen.agent, span(seen.at, self._every))
        try:
            if key not in self._recent:
                keep_seen(self._keep, seen, self._every)
                self._recent[key] = None
                if len(self._recent) > _REMEMBERED:
                    self._recent.popitem(last=False)
        except Exception:  # noqa: BLE001  counted, and in no log: a traceback would show the address
            self._miss()
            return
        with self._lock:
            self._kept += 1

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._waiting.discard(future)

    def _miss(self) -> None:
        with self._lock:
            self._missed += 1
        try:
            at = self._clock()
        except Exception:  # noqa: BLE001  the count is what matters
            return
        with self._lock:
            self._last_missed = at

    def _at_shutdown(self, send: Send) -> Send:
        async def told(message: Message) -> None:
            if str(message.get("type", "")).startswith("lifespan.shutdown"):
                self.settle()
            await send(message)

        return told


def _headers(scope: Scope) -> dict[str, str]:
    """Names in lower case; what stood several times is joined, in order."""
    made: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        key, text = bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")
        made[key] = f"{made[key]}, {text}" if key in made else text
    return made
