# SPDX-License-Identifier: Apache-2.0
"""The application: which path has which handler. The description is made of the same endpoints.

    Edge ─▶ Endpoints ─▶ handler ─▶ engine

What it is made of is handed in: it opens no folder, chooses no engine and knows no caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from whosaw.api import authzen
from whosaw.api.admitted import NotAdmitted
from whosaw.api.authzen import AuthZen
from whosaw.api.body import Receive, Scope
from whosaw.api.description import ENDPOINTS, HEALTH, LOOK, OPENAPI, describe
from whosaw.api.edge import App, Edge
from whosaw.api.endpoint import Endpoint, Endpoints, Handler
from whosaw.api.lane import Lane
from whosaw.api.ports import Callers, Decides
from whosaw.api.reply import Reply, answer
from whosaw.guard.health import OK, serves

METRICS = "/metrics"
_HOST = re.compile(rb"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?")
KEYED = frozenset(one.path for one in ENDPOINTS if one.key)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of. `url`: how callers reach it; `named`: whatever they asked, or else only where no host was asked. `look`: None where there are no values to show.

    `calls`: what else is asked with a body, by path. `health`: each part of the house, `ok` or what is wrong with it. `metrics`: in the text format of Prometheus. `mounted`:
    other applications, by the beginning of their paths.
    """

    engine: Decides
    callers: Callers
    lane: Lane
    url: str
    health: Callable[[], Mapping[str, str]]
    metrics: Callable[[], bytes] | None = None
    look: Handler | None = None
    calls: Mapping[str, Handler] = field(default_factory=dict)
    mounted: Mapping[str, App] = field(default_factory=dict)
    named: bool = True


def application(parts: Parts) -> App:
    """The ASGI application."""
    made, handlers = Endpoints(parts.callers, parts.lane), AuthZen(parts.engine)
    posted: dict[str, Handler] = {
        authzen.EVALUATION: handlers.evaluation,
        authzen.EVALUATIONS: handlers.evaluations,
        authzen.SUBJECTS: handlers.subjects,
        authzen.RESOURCES: handlers.resources,
        authzen.ACTIONS: handlers.actions,
    }
    table: dict[str, tuple[str, Endpoint]] = {path: ("POST", made.of(handler)) for path, handler in posted.items()}
    if parts.look is not None:
        table[LOOK] = ("POST", made.of(parts.look, needs_key=True))
    for path, handler in parts.calls.items():
        table[path] = ("POST", made.of(handler, needs_key=path in KEYED))
    # Of a gate below a path the well-known name stands before it; whatever is in front of us hands both on.
    for path in {authzen.METADATA, authzen.METADATA + urlsplit(parts.url).path}:
        table[path] = ("GET", _always(authzen.metadata(parts.url)) if parts.named else _of_host(parts.url))
    table[HEALTH] = ("GET", made.read(_health(parts)))
    if parts.metrics is not None:
        table[METRICS] = ("GET", made.read(_metrics(parts.callers, parts.metrics)))
    table[OPENAPI] = ("GET", _always(describe([one for one in ENDPOINTS if one.path in table])))
    return Edge(table, parts.mounted)


def _always(value: Any) -> Endpoint:
    """The same for everybody."""
    fixed = answer(value)

    async def endpoint(scope: Scope, receive: Receive) -> Reply:
        del scope, receive
        return fixed

    return endpoint


def _of_host(url: str) -> Endpoint:
    """Where what is, at the host that was asked: a client takes no description of another gate than the one it has the address of."""
    scheme = urlsplit(url).scheme

    async def endpoint(scope: Scope, receive: Receive) -> Reply:
        del receive
        given = [value for name, value in scope["headers"] if name == b"host"]
        asked = given[0].decode().lower() if len(given) == 1 and _HOST.fullmatch(given[0]) else None
        return answer(authzen.metadata(url if asked is None else f"{scheme}://{asked}"))

    return endpoint


def _health(parts: Parts) -> Callable[[Scope], Reply]:
    """Well or not, for everybody; what is wrong, for callers who are known. The status: whether looks may be sent here."""

    def work(scope: Scope) -> Reply:
        found = parts.health()
        well, status = all(said == OK for said in found.values()), 200 if serves(found) else 503
        try:
            parts.callers(scope)
        except NotAdmitted:
            return answer({"ok": well}, status)
        return answer({"ok": well, "parts": dict(found)}, status)

    return work


def _metrics(callers: Callers, metrics: Callable[[], bytes]) -> Callable[[Scope], Reply]:
    """Numbers, for callers who are known: how a log stands is nobody's business outside."""

    def work(scope: Scope) -> Reply:
        callers(scope)
        return Reply(200, metrics(), "text/plain; version=0.0.4; charset=utf-8")

    return work
