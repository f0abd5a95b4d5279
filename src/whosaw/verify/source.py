# SPDX-License-Identifier: Apache-2.0
"""Where a published log is read from: a folder, or a URL. Read only, sizes limited, nothing in it trusted.

    open_source("./public") ──▶ FolderSource   lists every file: the folder can be checked whole
    open_source("https://…") ─▶ HttpSource     HTTP lists nothing: what is not asked for is not seen

    read(name, limit) ──▶ the bytes            at most `limit` of them, or NotCanonical
                      ──▶ None                 it says that there is no such file
                      ──▶ Unavailable          nobody can tell: unreachable, no permission, a broken disk

Invariant: "not there" and "could not look" are never the same answer. The first can be a broken promise (exit 3), the
second decides nothing (exit 7).                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

import errno
import http.client
import os
import queue
import stat
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from whosaw.errors import BadInput, Damaged, NotCanonical, Unavailable
from whosaw.verify.words import printable

TIMEOUT = 10.0  # seconds without a byte
DEADLINE = 60.0  # seconds for one whole file: a server that drips bytes must not hold a cron job for ever
BUDGET = 6 * 3600.0  # seconds for all files of one check: nor may one that drips files
TRIES = 3
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_ODD = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})


class Source(Protocol):
    """A published log, as somebody serves it."""

    @property
    def place(self) -> str:
        """How a person would name it."""
        ...

    @property
    def listed(self) -> bool:
        """Whether `names` can be asked at all."""
        ...

    def read(self, name: str, limit: int) -> bytes | None:
        """The whole file, or None where there is none. Raises NotCanonical beyond `limit`, Damaged, Unavailable."""
        ...

    def names(self) -> Iterator[str]:
        """Every file, links included, and every folder that holds nothing, with a slash at its end; in no order."""
        ...


def open_source(place: str, budget: float = BUDGET) -> Source:
    """The folder or URL that `place` names; `budget`: seconds that a URL may take in all. Raises BadInput where it is neither."""
    if place.startswith(("http://", "https://")):
        return HttpSource(place, budget=budget)
    if "://" in place:
        raise BadInput("only http:// and https:// are read", where="FOLDER|URL")
    path = Path(place)
    if not place or not path.is_dir():
        raise BadInput(
            "no such folder", where=printable(place), hint="give the published folder: the one that holds `checkpoint`"
        )
    return FolderSource(path)


class FolderSource:
    """A folder on this machine. Links are not followed: what they lead to is not in the folder."""

    listed = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = printable(str(path))

    def read(self, name: str, limit: int) -> bytes | None:
        # Not Path.read_bytes(): a pipe put in a file's place would hold us for ever, and a link would let the
        # checker read one file while everybody else is served another.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(f"{self._path}/{name}", flags)
        except OSError as error:
            if error.errno in _GONE:
                return None
            if error.errno in _ODD:
                raise Damaged("is not a regular file", where=printable(name)) from None
            raise self._unreadable(name, error) from None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Damaged("is not a regular file", where=printable(name))
            raw = os.read(handle, limit + 1)
            while len(raw) <= limit and (more := os.read(handle, limit + 1 - len(raw))):
                raw += more
        except OSError as error:
            raise self._unreadable(name, error) from None
        finally:
            os.close(handle)
        return _within(raw, name, limit)

    def names(self) -> Iterator[str]:
        """Depth first, in no order that means anything."""
        todo = [""]
        while todo:
            under = todo.pop()
            try:
                with os.scandir(self._path / under) as entries:
                    found = [(f"{under}{entry.name}", entry.is_dir(follow_symlinks=False)) for entry in entries]
            except OSError as error:
                raise self._unreadable(under or ".", error) from None
            todo += [f"{name}/" for name, folder in found if folder]
            if under and not found:
                yield under  # it has no bytes, but a name, and a name can say something about somebody
            yield from (name for name, folder in found if not folder)

    def _unreadable(self, name: str, error: OSError) -> Unavailable:
        return Unavailable(
            f"{printable(name)} cannot be read: {error.strerror or 'input/output error'}", part=self.place
        )


class HttpSource:
    """A URL. Every file costs one request; a missing file is a 404 or a 410, anything else decides nothing."""

    listed = False

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT,
        deadline: float = DEADLINE,
        budget: float = BUDGET,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        try:
            usable = parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
            raise BadInput("not a URL of a folder", where="FOLDER|URL", hint="like https://log.example.org/whosaw")
        if parts.username is not None or parts.password is not None:
            raise BadInput("a URL with a password in it would end up in logs", where="FOLDER|URL")
        self.place = url.rstrip("/")
        self._timeout, self._deadline, self._clock, self._sleep = timeout, deadline, clock, sleep
        self._budget, self._until = budget, clock() + budget
        self._opener = _http_only()

    def read(self, name: str, limit: int) -> bytes | None:
        for again in range(TRIES):
            if self._clock() > self._until:
                raise Unavailable(
                    f"the check took longer than the {self._budget:.0f} s that it may take",
                    part=self.place,
                    hint="copy the log and verify the copy, or give --deadline more seconds",
                )
            try:
                return self._in_time(name, limit)
            except Unavailable:
                if again == TRIES - 1:
                    raise
                self._sleep(0.2 * 4**again)
        raise Unavailable(f"{name} cannot be fetched", part=self.place)

    def names(self) -> Iterator[str]:
        raise Unavailable("files cannot be listed over HTTP", part=self.place)

    def _in_time(self, name: str, limit: int) -> bytes | None:
        """`_read`, given up at the deadline whatever it is waiting for: a name, a header, the next byte."""
        # A thread, because nothing inside http.client looks at a clock between the bytes of one header line. The one
        # given up dies with its connection, or with the process.
        found: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()

        def fetch() -> None:
            try:
                found.put(self._read(name, limit))
            except Exception as error:  # noqa: BLE001 - raised again below, in the caller's thread
                found.put(error)

        threading.Thread(target=fetch, name="whosaw-fetch", daemon=True).start()
        try:
            answer = found.get(timeout=max(0.0, min(self._deadline, self._until - self._clock())) + 1)
        except queue.Empty:
            raise self._unreachable(name, f"not complete after {self._deadline:.0f} s") from None
        try:
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            del answer  # or the error and this frame hold each other, and with them the connection

    def _read(self, name: str, limit: int) -> bytes | None:
        url = f"{self.place}/{urllib.parse.quote(name)}"
        began = self._clock()
        try:
            with self._opener.open(url, timeout=self._timeout) as answer:
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise self._unreachable(name, "it came in an encoding that was not asked for")
                raw = bytearray()
                while len(raw) <= limit and (piece := answer.read1(65536)):
                    raw += piece
                    if self._clock() - began > self._deadline:
                        raise self._unreachable(name, f"not complete after {self._deadline:.0f} s")
                told = answer.headers.get("Content-Length", "")
                if told.isascii() and told.isdigit() and len(raw) < min(int(told), limit + 1):
                    raise self._unreachable(name, "the answer was cut short")
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return None
            raise self._unreachable(name, f"the server answered {error.code}") from None
        except urllib.error.URLError as error:
            why = error.reason.strerror if isinstance(error.reason, OSError) else None
            raise self._unreachable(name, why or "no connection") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._unreachable(name, type(error).__name__) from None
        return _within(bytes(raw), name, limit)

    def _unreachable(self, name: str, why: str) -> Unavailable:
        return Unavailable(
            f"{self.place}/{name} cannot be fetched: {printable(why)}", part=self.place, hint="try again later"
        )


def _http_only() -> urllib.request.OpenerDirector:
    """An opener that knows HTTP and HTTPS. urllib's usual one also follows file: and ftp: addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _SameHost(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "whosaw-verify"), ("Accept-Encoding", "identity")]
    return opener


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a log that moved on its own server, or to HTTPS there; never to another machine.

    A log's server could otherwise send its verifier to an address that only the verifier reaches, and have the answer
    kept as evidence.
    """

    def redirect_request(  # noqa: PLR0917 - urllib calls it so
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        same = (new.scheme, new.netloc) == (old.scheme, old.netloc)
        safer = (old.scheme, new.scheme) == ("http", "https") and new.hostname == old.hostname and new.port is None
        if not (same or safer):
            fp.close()
            raise urllib.error.URLError(OSError(0, "the server points to another one"))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _within(raw: bytes, name: str, limit: int) -> bytes:
    if len(raw) > limit:
        raise NotCanonical(f"longer than {limit:,} bytes", where=printable(name))
    return raw
