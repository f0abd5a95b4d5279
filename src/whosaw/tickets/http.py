# SPDX-License-Identifier: Apache-2.0
"""Questions to one system over HTTP, all of them within one deadline. What is not a plain answer, is silence.

    with line.talk(deadline) as talk:
        talk.get("/issue/SUP-1")  200 and JSON ─▶ Answer      404, 410 ─▶ None
                                  anything else ─▶ Unavailable: no connection, no answer in time, 401, 403, 429, 5xx,
                                                   a redirect, a body that is too large, cut off, or not JSON

The token goes to the address in the settings and nowhere else: no redirect is followed, no proxy is asked, and an
address without TLS must be this very machine.

Invariant: whatever the other side does, a question ends by its deadline, and what it said is in no message of ours.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from whosaw.errors import Misconfigured, Unavailable
from whosaw.settings.tickets import address
from whosaw.tickets.ports import Timer, silent
from whosaw.tickets.shape import strict
from whosaw.wire import Wire, wire, within

LIMIT = 4 * 1024 * 1024  # bytes of one answer; a page of a hundred changes has a hundredth of it
PAGES = 200  # of one history
_GONE = (404, 410)
_SAYS = {
    401: "it does not take our token (401)",
    403: "our token may not read there (403)",
    429: "it says that it is asked too often (429)",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its JSON, and whether it says that there is a next page."""

    json: Any = field(repr=False)
    next: str | None = field(repr=False)
    more: bool


class Line:
    """One system's address, and how we prove who we are. Safe to share: each talk has a connection of its own."""

    def __init__(self, url: str, proof: Callable[[], Mapping[str, str]], timer: Timer, *, ca_file: str = "") -> None:
        """`proof`: the headers that say who we are, read anew for each talk, so that a token can be changed any time.

        Raises Misconfigured for an address that is none.
        """
        self._secure, self._host, self._port, self._path = address(url)
        self._proof, self._timer, self._ca_file = proof, timer, ca_file
        self._context: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return "Line(…)"

    @contextmanager
    def talk(self, deadline: float) -> Iterator[Talk]:
        """Several questions over one connection, all of them over by `deadline`."""
        left = deadline - self._timer()
        if left <= 0:
            raise silent("no answer in time")
        headers = {"User-Agent": "whosaw", "Accept": "application/json", "Accept-Encoding": "identity", **self._proof()}
        connection = self._connection(left)
        try:
            with within(connection, left):
                yield Talk(connection, self._path, headers)
        except (OSError, http.client.HTTPException) as error:
            raise silent(_why(error)) from None
        finally:
            connection.close()

    def _connection(self, timeout: float) -> Wire:
        if self._secure:
            # Made at the first question and kept: reading the machine's certificates takes longer than most questions.
            self._context = self._context or _context(self._ca_file)
        return wire(self._host, self._port, timeout, self._context)


class Talk:
    """An open connection to one system."""

    def __init__(self, connection: Wire, path: str, headers: Mapping[str, str]) -> None:
        self._connection, self._path, self._headers = connection, path, headers

    def get(self, path: str, **query: str) -> Answer | None:
        """The JSON at `path`; None where the system says that there is nothing. Raises Unavailable, OSError, HTTPException."""
        target = f"{self._path}{path}" + (f"?{urlencode(query)}" if query else "")
        self._connection.request("GET", target, headers=dict(self._headers))
        with self._connection.getresponse() as answer:
            raw = answer.read(LIMIT + 1)
        if answer.status in _GONE:
            return None
        if answer.status != 200:
            raise silent(_SAYS.get(answer.status, f"it answered {answer.status}"))
        if len(raw) > LIMIT:
            raise silent(f"it answered more than {LIMIT:,} bytes")
        if answer.length:
            raise silent("its answer was cut off")
        following = answer.headers.get("X-Next-Page")
        link = answer.headers.get("Link") or ""
        return Answer(strict(raw), following, bool(following) or 'rel="next"' in link)

    def the(self, path: str, **query: str) -> Answer:
        """The same, where nothing is no answer: a case that is there has a history."""
        answer = self.get(path, **query)
        if answer is None:
            raise silent("it knows the case, and not its history")
        return answer

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Every element of a list that is numbered by `page`, to its end. Raises Unavailable where it has none."""
        for number in range(1, PAGES + 1):
            answer = self.the(path, **query, page=str(number), per_page="100")
            if type(answer.json) is not list:
                raise silent("its answer is no list")
            yield from answer.json
            # How long a page was says nothing: some systems leave out what our token may not see.
            if not answer.more:
                return
        raise endless()


def endless() -> Unavailable:
    return silent(f"a history has more than {PAGES} pages")


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"the file in `tickets.ca_file` holds no certificates ({type(error).__name__})", setting="tickets.ca_file"
        ) from None


def _why(error: Exception) -> str:
    """Why, in words of ours or of this system: never in those of the other side."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return "its certificate or encryption does not hold"
    return f"it cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}"
