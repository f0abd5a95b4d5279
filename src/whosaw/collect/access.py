# SPDX-License-Identifier: Apache-2.0
"""Web access logs of internal tools: requests of routes that show a person's data are looks.

    line ──▶ request ──▶ route of the map ──▶ shown or refused? ──▶ one look
                             └── unknown: counted, and listed by its shape

look id   access:<request id>, a keyed digest where it is neither hexadecimal nor a UUID, or where there is none, byte, time, status and size of the line: nothing of it is personal
who       the account that the server signed in; a watched route that answers nobody is malformed, not nobody's look
whom      the path or one parameter, by the map: structured, so no hint
refused   403: the attempt is a look, and the tool said no

Invariant: an id that stands in a path goes into the look and nowhere else, not into lists, reasons or counts.

A request that says it is a prefetch shows what any other shows, and anybody can say it. So it is a look, with a flag,
unless the map says otherwise.                                        Specification: docs/connectors/access.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whosaw.collect import web_log
from whosaw.collect.gaps import Gap
from whosaw.collect.maps import named
from whosaw.collect.observed import Malformed, No, Observed, Outcome, Piece, Skipped, Taken, Where, identifier
from whosaw.collect.routes import Hit, Routes, segments
from whosaw.collect.shapes import shape
from whosaw.collect.web_log import METHODS, NOT_ACCESS, NOT_HTTP, Form, Request
from whosaw.model.look_body import Said
from whosaw.model.record import time_text

NO_CONTENT = Skipped("shows nothing: HEAD, OPTIONS or TRACE")
PREFETCH = Skipped("says it is a prefetch, and the map passes those over")
UNKNOWN = "a route that the map does not name"
NOT_THERE = Skipped("not there, or not understood: nothing was shown")
NOT_SIGNED_IN = Skipped("not signed in: nothing was shown")
MOVED = Skipped("sent elsewhere: nothing was shown")
NOTHING_PERSONAL = Skipped("a route that holds nothing personal")
NOBODY = "no principal: a watched route answered somebody who was not signed in"
SAID_PREFETCH = "says it is a prefetch: anybody can say that"
SERVER_ERROR = "answered with an error of the server: what was shown is not known"
_SILENT = ("HEAD", "OPTIONS", "TRACE", "CONNECT")
_REFUSE: Said = "refuse"


class Access:
    """Reads access logs by one map of routes."""

    source = "access"

    def __init__(self, routes: Routes, form: Form | None = None) -> None:
        """`form`: the format of every file; None: what the map says, or what each file's first lines are."""
        self._routes = routes
        self._asked_for = form or routes.log
        self._lines = web_log.Lines((), self._asked_for)

    @property
    def map_digest(self) -> bytes:
        return self._routes.digest

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The lines of one file. Raises BadInput, at its end, for a file that is no access log."""
        self._lines = web_log.Lines(chunks, self._asked_for)
        return iter(self._lines)

    def gaps(self) -> tuple[Gap, ...]:
        """None: requests carry no numbers."""
        return ()

    def read(self, raw: bytes, where: Where) -> Outcome:
        """One line."""
        request = web_log.parse(raw, self._lines.form)
        if isinstance(request, No):
            return Skipped(request.reason) if request in (NOT_HTTP, NOT_ACCESS) else Malformed.of(raw, request)
        if request.method in _SILENT:
            return NO_CONTENT
        hit = self._routes.find(request)
        if isinstance(hit, No):
            # Servers read such a path differently, so a look could hide in it; whose look it was is known all the same.
            possible = self._routes.possible(request, hit)
            if possible is None:
                return NOT_THERE if _nothing_there(request.status) else Malformed.of(raw, hit)
            hit = possible
        if hit is None:
            return self._unknown(request)
        if not hit.fields:
            return NOTHING_PERSONAL
        return self._showed_nothing(request) or self._taken(raw, where, request, hit)

    def _unknown(self, request: Request) -> Skipped:
        parts = segments(request)
        if isinstance(parts, No) or _nothing_there(request.status):
            return NOT_THERE
        method = request.method if request.method in METHODS else "?"
        return Skipped(UNKNOWN, f"{method} {shape(parts, self._routes.words)}")

    def _showed_nothing(self, request: Request) -> Skipped | None:
        """Why a watched route showed nothing, or None where it may have shown something."""
        if request.prefetch and self._routes.skip_prefetch:
            return PREFETCH
        if request.status == 401:
            return NOT_SIGNED_IN
        if 300 <= request.status < 400 and request.status != 304:
            return MOVED
        return NOT_THERE if _nothing_there(request.status) else None

    def _taken(self, raw: bytes, where: Where, request: Request, hit: Hit) -> Taken | Malformed:
        key = self._routes.principal
        account = identifier(request.account if key is None else request.told(key))
        if account is None:
            return Malformed.of(raw, NOBODY)
        ident = request.request_id
        flags = [SAID_PREFETCH] if request.prefetch else []
        if request.status >= 500:
            flags.append(SERVER_ERROR)
        if hit.doubt is not None:
            flags.append(hit.doubt)
        return Taken(
            (
                Observed(
                    source=self.source,
                    id=ident or _place(where, request),
                    keyed=ident is not None and not web_log.random(ident),
                    at=request.at,
                    principal=named(self._routes.principals, account),
                    asked=hit.fields,
                    mode=hit.mode,
                    persons=() if hit.person is None else (hit.person,),
                    case=identifier(hit.case),
                    app=self._routes.app,
                    decision=_REFUSE if request.status == 403 else None,
                    flags=tuple(flags),
                ),
            )
        )


def _nothing_there(status: int) -> bool:
    """400 and its kin but 401 and 403, which are answers to a principal, and 499: the client went away, perhaps served."""
    return 400 <= status < 500 and status not in (401, 403, 499)


def _place(where: Where, request: Request) -> str:
    """An id of the line that does not depend on the file's name, and holds nothing that could be guessed at.

    Don't take a digest of the line: whoever knows the hour could try every person until it fits.
    """
    return f"{where.offset}-{time_text(request.at)}-{request.status}-{'' if request.size is None else request.size}"
