# SPDX-License-Identifier: Apache-2.0
"""A folder in an object store, by conditional writes: ``journal.ports.Folder`` for what is published.

    create_or_compare   put if nothing is there ──taken──▶ get, compare         never overwrites
    replace             put if what I know is there ──taken──▶ get: mine? fine. Somebody else's? Contradiction
    append_to           one object, written once: no object can be appended to
    hold                refused: there is no lock here. The head's compare-and-swap is the fence

An object store has no page cache: what it gives out is what it keeps. So an unknown outcome is found out by doing the same
again, which a disk forbids, and only we do that: the client's own retries are off. It would send a put a second time, be
told that something is there, and call our own object somebody else's.

A put that was given up may land later. One of a file that never changes lands on the same bytes. One of `checkpoint`
names the version that it replaces, so behind a newer one it is refused.

Invariant: no write without a condition; and the condition of a replacement is what this process wrote or read *first*.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import obstore
from obstore.exceptions import BaseError, InvalidPathError
from obstore.store import ObjectStore

from whosaw.errors import Contradiction, Damaged, Misconfigured, OutcomeUnknown, Unavailable, WhosawError
from whosaw.journal.ports import Held
from whosaw.store.object_answer import Answer, Means, answer

if TYPE_CHECKING:
    from obstore import PutMode

T = TypeVar("T")

AT_ONCE = 8
PAUSES = (0.2, 1.0)  # seconds between the tries of one request
_TILE = re.compile(r"(?:map/)?tile/[^/]+/")
_PART = re.compile(r"[A-Za-z0-9._-]+")
_CHANGES = frozenset({"checkpoint", "checkpoint.witnessed"})  # what is replaced where a log is published
_GRAVITY = {OutcomeUnknown: 1, Unavailable: 2}  # anything else is worse
_FIXED = {"Content-Type": "application/octet-stream", "Cache-Control": "public, max-age=31536000, immutable"}
_CLOSED = {"Content-Type": "application/octet-stream", "Cache-Control": "private, no-store"}
_LOOSE = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "public, max-age=3"}
# An object is there, and no version of it has this name.
_MET_BY_NOTHING: tuple[PutMode, ...] = ("create", {"e_tag": '"00000000000000000000000000000000"'})


class ObjectsFolder:
    """The objects below the prefix that `store` was made with. `store` must not retry by itself."""

    reads_durable = True

    def __init__(
        self,
        store: ObjectStore,
        *,
        bucket: str = "",
        private: bool = False,
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`bucket`: as it stands in addresses, to tell its answers from those of whoever gives credentials. `private`: never to
        be kept by a cache in between.
        """
        self._store, self._bucket = store, bucket
        self._private, self._fixed = private, _CLOSED if private else _FIXED
        self._pauses, self._sleep = tuple(pauses), sleep
        self._known: dict[str, str | None] = {}  # the version that a replacement must find
        self._tried: dict[str, list[bytes]] = {}  # what we put in its place, and do not know whether it landed
        self._conditional = False

    def __repr__(self) -> str:
        return f"ObjectsFolder({self._bucket!r})"

    def fresh(self) -> ObjectsFolder:
        # A gate reads `checkpoint` for days, and is elected one day: what it read first is not what it may replace.
        return ObjectsFolder(
            self._store, bucket=self._bucket, private=self._private, pauses=self._pauses, sleep=self._sleep
        )

    # ── reading ──

    def read(self, name: str) -> bytes | None:
        found = self._get(name)
        if _changes(name):
            # The first time and never again: a version that somebody else wrote meanwhile must not become the one that
            # our next checkpoint may replace.
            self._known.setdefault(name, found and found[1])
        return found and found[0]

    def _get(self, name: str) -> tuple[bytes, str] | None:
        def get() -> tuple[bytes, str]:
            got = obstore.get(self._store, _key(name))
            return bytes(got.bytes()), got.meta["e_tag"] or ""

        return self._asked("read", name, get)

    def read_part(self, name: str, start: int, count: int) -> bytes:
        length = self.length(name)
        if length is None:
            raise Unavailable(f"cannot read {name}: there is no such object", part=name)
        if start >= length or not count:
            return b""
        end = min(start + count, length)
        part = self._asked(
            "read", name, lambda: bytes(obstore.get_range(self._store, _key(name), start=start, end=end))
        )
        if part is None:
            raise Unavailable(f"cannot read {name}: it came and went", part=name)
        return part

    def length(self, name: str) -> int | None:
        meta = self._meta(name)
        return None if meta is None else int(meta["size"])

    def modified(self, name: str) -> datetime | None:
        meta = self._meta(name)
        when: datetime | None = None if meta is None else meta["last_modified"]
        return when

    def _meta(self, name: str) -> Any:
        return self._asked("read", name, lambda: obstore.head(self._store, _key(name)))

    def names(self, under: str = "") -> Iterator[str]:
        """In the order of the store: S3's is by bytes. A page at a time, so whoever stops early has not asked for the rest."""
        last, pages, pauses = None, None, iter(self._pauses)
        while True:
            try:
                pages = pages or iter(
                    obstore.list(self._store, _key(under) if under else None, offset=last, chunk_size=1000)
                )
                page = next(pages, None)
            except InvalidPathError:
                hint = "look for two slashes in a row"
                raise Damaged("an object lies here whose name no log writes", where=under, hint=hint) from None
            except (BaseError, OSError, ValueError) as error:
                said, pause, pages = answer(error, self._bucket), next(pauses, None), None
                if pause is None or not said.again:
                    raise self._cannot("list", under, said) from error
                self._sleep(pause)
                continue
            if page is None:
                return
            pauses = iter(self._pauses)
            for meta in page:
                last = meta["path"]
                # What a console makes to show a folder is an empty object of the prefix's own name.
                if last or meta["size"]:
                    yield last or "."

    # ── writing ──

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        begun = False
        for _, some in groupby(files, lambda file: _level(file[0])):
            told = self._create_all(list(some))
            errors = [error for error in told if error is not None]
            begun |= len(errors) < len(told)
            # The gravest first: who finds other bytes must not hear of a broken connection beside it.
            for error in sorted(errors, key=lambda error: _GRAVITY.get(type(error), 0)):
                if begun and isinstance(error, Unavailable):
                    raise OutcomeUnknown(str(error), part=error.part, hint=error.hint) from error
                raise error

    def _create_all(self, files: Sequence[tuple[str, bytes]]) -> list[WhosawError | None]:
        """Files of one level, side by side: which of them is there first matters to nobody. What became of each."""

        def told(file: tuple[str, bytes]) -> WhosawError | None:
            try:
                self._create(*file)
            except WhosawError as error:
                return error
            return None

        if len(files) == 1 or not self._conditional:
            return [told(file) for file in files]
        with ThreadPoolExecutor(min(AT_ONCE, len(files)), "whosaw-put") as pool:
            return list(pool.map(told, files))

    def _create(self, name: str, data: bytes) -> None:
        def done() -> bool:
            there = self._get(name)
            if there is not None and there[0] != data:
                raise Contradiction(
                    f"{name} holds other bytes than the log; it was left as it is",
                    where=name,
                    hint="somebody changed it, or two logs share the bucket and the prefix: give each its own",
                )
            return there is not None

        self._put(name, lambda: obstore.put(self._store, _key(name), data, attributes=self._fixed, mode="create"), done)
        if not self._conditional:
            self._check_conditions(name, data)

    def replace(self, name: str, data: bytes) -> None:
        if name not in self._known:
            # Whoever did not read `checkpoint` when it began may make the first one, and replaces none.
            found = None if _changes(name) else self._get(name)
            self._known[name] = found and found[1]

        def put() -> None:
            known = self._known[name]
            made = obstore.put(
                self._store,
                _key(name),
                data,
                attributes=_CLOSED if self._private else _LOOSE,
                mode={"e_tag": known} if known else "create",
            )
            self._stands(name, made["e_tag"])

        def done() -> bool | None:
            there = self._get(name)
            if there is None or (there[1] != self._known[name] and there[0] not in (data, *self._tried.get(name, ()))):
                raise Contradiction(
                    f"{name} is not the one that this process wrote or found; it was left as it is",
                    where=name,
                    hint="only one process may write a log; find the other one before starting again",
                )
            if there[0] == data:
                self._stands(name, there[1])
                return True
            if there[1] == self._known[name]:
                return False
            # An older one of ours, that was given up: it is the one to replace now.
            self._known[name] = there[1]
            return None

        try:
            self._put(name, put, done)
        except OutcomeUnknown:
            self._tried.setdefault(name, []).append(data)
            raise

    def _stands(self, name: str, version: str | None) -> None:
        if not version:
            raise Misconfigured(
                "the object store names no versions (ETag)",
                setting="store.public",
                hint="docs/object-store.md says what a store must do",
            )
        self._known[name] = version
        self._tried.pop(name, None)

    def _put(self, name: str, put: Callable[[], object], done: Callable[[], bool | None]) -> None:
        """`put` until it is there, or somebody must be told.

        `done` is asked when something stands there: whether it is ours; None where `put` has now another condition.
        """
        doubtful, pauses = False, iter(self._pauses)
        while (said := self._said(put)) is not None:
            if said.means is Means.TAKEN:
                try:
                    found = done()
                except Unavailable as error:
                    said = Answer(Means.NOTHING, f"what stands there is not known: {error}", error.hint)
                else:
                    if found:
                        return
                    if found is None:
                        continue
            doubtful |= said.means is Means.UNKNOWN
            pause = next(pauses, None)
            if pause is None or not said.again:
                kind = OutcomeUnknown if doubtful else Unavailable
                raise kind(f"cannot write {name}: {said.why}", part=name, hint=said.hint)
            self._sleep(pause)

    def _check_conditions(self, name: str, data: bytes) -> None:
        """Once in each process: a store that ignores conditions would let two writers overwrite each other unseen."""
        for mode in _MET_BY_NOTHING:
            # The same bytes over themselves: where the condition is ignored, nothing is lost by having asked.
            def put(mode: PutMode = mode) -> NoReturn:
                obstore.put(self._store, _key(name), data, attributes=self._fixed, mode=mode)
                raise Misconfigured(
                    "the object store ignores the conditions of a write",
                    setting="store.public",
                    hint="use one that honours If-None-Match and If-Match; without them a log can be overwritten unseen",
                )

            try:
                self._put(name, put, lambda: True)
            except Unavailable as error:  # of this question, but the object itself is there
                raise OutcomeUnknown(str(error), part=name, hint=error.hint) from error
        self._conditional = True

    def delete(self, *names: str) -> None:
        """In one request for up to a thousand. What cannot be said for sure is left for the next time."""
        keys = [_key(name) for name in names]
        if keys:
            self._asked("remove", names[0], lambda: obstore.delete(self._store, keys))
        for name in names:
            if not _changes(name):  # it may be made anew; a checkpoint that is gone is somebody's doing
                self._known.pop(name, None)

    def append_to(self, name: str) -> WrittenOnce:
        if self.length(name) is not None:
            raise Contradiction(f"{name} exists: no segment is reopened for appending", where=name)
        return WrittenOnce(self, name)

    def hold(self, name: str) -> Held:
        raise Misconfigured(
            f"an object store has no lock, and {name} would be none",
            setting="store",
            hint="private/ belongs on a local disk; between machines the head's epoch and its swap decide",
        )

    # ── pieces ──

    def _said(self, call: Callable[[], object]) -> Answer | None:
        """What the store says to one request; None where it did as it was asked."""
        try:
            call()
        except (BaseError, OSError, ValueError) as error:
            return answer(error, self._bucket)
        return None

    def _asked(self, verb: str, name: str, call: Callable[[], T]) -> T | None:
        """A request that may be made any number of times. None where there is no such object."""
        for pause in (*self._pauses, None):
            try:
                return call()
            except (BaseError, OSError, ValueError) as error:
                said = answer(error, self._bucket)
            if said.means is Means.MISSING:
                return None
            if pause is None or not said.again:
                break
            self._sleep(pause)
        raise self._cannot(verb, name, said)

    def _cannot(self, verb: str, name: str, said: Answer) -> Unavailable:
        return Unavailable(f"cannot {verb} {name or 'the bucket'}: {said.why}", part=name or "public", hint=said.hint)


class WrittenOnce:
    """A segment of one write: the object is there whole, or not at all."""

    __slots__ = ("_folder", "_name", "_written")

    def __init__(self, folder: ObjectsFolder, name: str) -> None:
        self._folder, self._name, self._written = folder, name, False

    def append(self, data: bytes) -> None:
        if self._written:
            raise Misconfigured("an object cannot be appended to: one segment, one write", setting="segment bytes")
        self._written = True
        try:
            self._folder.create_or_compare([(self._name, data)])
        except Unavailable as error:  # the port knows no other error
            raise OutcomeUnknown(str(error), part=self._name, hint=error.hint) from error

    def close(self) -> None:
        pass


def _changes(name: str) -> bool:
    return name.rpartition("/")[2] in _CHANGES


def _level(name: str) -> str:
    """Of a tile or a bundle its level; of any other file its name: nothing is written beside it."""
    found = _TILE.match(name)
    return found[0] if found else name


def _key(name: str) -> str:
    if any(part in {"", ".", ".."} or not _PART.fullmatch(part) for part in name.split("/")):
        raise Damaged("a file name leads out of its folder", where="public")
    return name
