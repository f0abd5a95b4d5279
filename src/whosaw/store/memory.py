# SPDX-License-Identifier: Apache-2.0
"""Every port of the journal in memory: the shipped fakes. They fail on demand, in both ways.

    faults.arm("replace staging/", "lost")            the next such call stores nothing, and raises
    faults.arm("swap", "late", nth=3)                 the third one *is* stored, and raises all the same
    faults.arm("append segments/", "torn", keep=100)  a write of which the first 100 bytes are stored

What a call is named after: its verb and, for a folder, the file. All fakes of one world share one ``Faults``.
``crash`` is what the death of the process leaves: everything stored, no lock held.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from whosaw.errors import Busy, Contradiction, Damaged, OutcomeUnknown, Unavailable, WhosawError
from whosaw.journal.ports import HeadState, LabelRange, Placed
from whosaw.model.record import Stream

Fate = Literal["lost", "late", "torn"]


@dataclass(slots=True)
class _Armed:
    call: str
    fate: Fate
    nth: int
    keep: int
    error: type[Unavailable | OutcomeUnknown]


@dataclass(slots=True)
class Faults:
    """Which calls fail, and how. `calls` is everything that was asked for, in order."""

    calls: list[str] = field(default_factory=list)
    _armed: list[_Armed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(
        self,
        call: str,
        fate: Fate,
        *,
        nth: int = 1,
        keep: int = 0,
        error: type[Unavailable | OutcomeUnknown] = OutcomeUnknown,
    ) -> None:
        """The `nth` call from now on that begins with `call` meets `fate`."""
        self._armed.append(_Armed(call, fate, nth, keep, error))

    def disarm(self) -> None:
        """From here on everything works."""
        self._armed.clear()

    def meet(self, call: str) -> _Armed | None:
        """Note `call`; the fate it meets, once, or None."""
        with self._lock:
            self.calls.append(call)
            for armed in self._armed:
                if call.startswith(armed.call):
                    armed.nth -= 1
                    if armed.nth == 0:
                        self._armed.remove(armed)
                        return armed
        return None

    def write(self, call: str, store: Callable[[], None]) -> None:
        """Run `store` unless it is fated to be lost, and raise if it is fated at all."""
        fate = self.meet(call)
        if fate is None or fate.fate == "late":
            store()
        if fate is not None:
            raise _error(fate, call)


def _error(fate: _Armed, call: str) -> WhosawError:
    return fate.error(f"the fake fails: {call}", part="memory")


@dataclass(slots=True)
class _File:
    data: bytes
    modified: datetime


class MemoryFolder:
    """``Folder`` in a dictionary."""

    reads_durable = False  # like a disk: whoever asks must not look

    def __init__(
        self, faults: Faults | None = None, clock: Callable[[], datetime] = lambda: datetime.fromtimestamp(0, UTC)
    ) -> None:
        self.faults = faults or Faults()
        self.files: dict[str, _File] = {}
        self._clock = clock
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def fresh(self) -> MemoryFolder:
        return self  # what it remembers is the disk

    def crash(self) -> None:
        """The process died: its locks are free."""
        self._held.clear()

    def set(self, name: str, data: bytes) -> None:
        """Somebody else wrote this file."""
        with self._lock:
            self.files[name] = _File(data, self._clock())

    def read(self, name: str) -> bytes | None:
        if fate := self.faults.meet(f"read {name}"):
            raise _error(fate, f"read {name}")
        with self._lock:
            found = self.files.get(name)
        return None if found is None else found.data

    def read_part(self, name: str, start: int, count: int) -> bytes:
        data = self.read(name)
        if data is None:
            raise Unavailable(f"cannot read {name}: no such file", part=name)
        return data[start : start + count]

    def forget(self, name: str, start: int = 0, count: int = 0) -> None:  # noqa: ARG002 - there is no cache
        self.faults.meet(f"forget {name}")

    def length(self, name: str) -> int | None:
        data = self.read(name)
        return None if data is None else len(data)

    def modified(self, name: str) -> datetime | None:
        found = self.files.get(name)
        return None if found is None else found.modified

    def names(self, under: str = "") -> Iterator[str]:
        with self._lock:
            found = sorted(name for name in self.files if not under or name.startswith(f"{under}/"))
        yield from found

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        begun = False
        for name, data in files:
            try:
                self.faults.write(f"create {name}", lambda name=name, data=data: self._create(name, data))  # type: ignore[misc]
            except Unavailable as error:
                if begun:
                    raise OutcomeUnknown(str(error), part=name) from error
                raise
            begun = True

    def _create(self, name: str, data: bytes) -> None:
        with self._lock:
            there = self.files.setdefault(name, _File(data, self._clock()))
        if there.data != data:
            raise Contradiction(f"{name} holds other bytes than the log; it was left as it is", where=name)

    def replace(self, name: str, data: bytes) -> None:
        self.faults.write(f"replace {name}", lambda: self.set(name, data))

    def delete(self, *names: str) -> None:
        for name in names:
            self.faults.write(f"delete {name}", lambda name=name: self._gone(name))  # type: ignore[misc]

    def _gone(self, name: str) -> None:
        with self._lock:
            self.files.pop(name, None)

    def append_to(self, name: str) -> MemorySegment:
        def make() -> None:
            if name in self.files:
                raise Contradiction(f"{name} exists: no segment is reopened for appending", where=name)
            self.set(name, b"")

        self.faults.write(f"open {name}", make)
        return MemorySegment(self, name)

    def hold(self, name: str) -> MemoryHeld:
        with self._lock:
            if name in self._held:
                raise Busy("another process holds the data folder", part=name)
            self._held.add(name)
        return MemoryHeld(self._held, name)


class MemorySegment:
    """A segment that is being written. Its file dies with the process that has it open."""

    def __init__(self, folder: MemoryFolder, name: str) -> None:
        self._folder, self._name = folder, name

    def append(self, data: bytes) -> None:
        fate = self._folder.faults.meet(f"append {self._name}")
        keep = len(data)
        if fate is not None and fate.fate != "late":
            keep = fate.keep if fate.fate == "torn" else 0
        self._folder.set(self._name, self._folder.files[self._name].data + data[:keep])
        if fate is not None:  # the port knows no other error: after it nobody knows what is there
            raise OutcomeUnknown(f"the fake fails: append {self._name}", part="memory")

    def close(self) -> None:
        pass


class MemoryHeld:
    def __init__(self, held: set[str], name: str) -> None:
        self._held, self._name = held, name

    def release(self) -> None:
        self._held.discard(self._name)


class MemoryHead:
    """``Head`` in dictionaries. `of`: what its calls begin with, where one world has two of them."""

    def __init__(self, faults: Faults | None = None, of: str = "") -> None:
        self.faults, self._of = faults or Faults(), of
        self.state: HeadState | None = None
        self.positions_: dict[bytes, int] = {}
        self.placed_: dict[bytes, Placed] = {}
        self._lock = threading.Lock()

    def read(self) -> HeadState | None:
        return self.state

    def create(self, state: HeadState, placed: Mapping[bytes, Placed]) -> None:
        def first() -> None:
            if self.state is not None:
                raise Contradiction("a log stands here already", where="head")
            self._set(state, {}, placed)

        self.faults.write(f"{self._of}create head", first)

    def swap(self, old: bytes, new: HeadState, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        def next_() -> None:
            if self.state is None or self.state.note != old:
                raise Contradiction("another sequencer moved the head", where="head")
            self._set(new, positions, placed)

        self.faults.write(f"{self._of}swap", next_)

    def _set(self, state: HeadState, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        with self._lock:
            self.state = state
            self.positions_ |= positions
            self.placed_ |= placed

    def mend(self, note: bytes, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        def exactly() -> None:
            if self.state is None or self.state.note != note:
                raise Contradiction("the head is not the one that was checked", where="head")
            with self._lock:
                self.positions_, self.placed_ = dict(positions), dict(placed)

        self.faults.write(f"{self._of}mend", exactly)

    def positions(self, handles: Sequence[bytes]) -> dict[bytes, int]:
        with self._lock:
            return {h: self.positions_[h] for h in handles if h in self.positions_}

    def placed(self, idems: Sequence[bytes]) -> dict[bytes, Placed]:
        with self._lock:
            return {i: self.placed_[i] for i in idems if i in self.placed_}

    def all_positions(self) -> Iterator[tuple[bytes, int]]:
        yield from sorted(self.positions_.items())

    def drop(self, handle: bytes) -> None:
        """The manifest's: the stream with this handle has no position any more."""
        with self._lock:
            self.positions_.pop(handle, None)

    def all_placed(self) -> Iterator[tuple[bytes, Placed]]:
        yield from sorted(self.placed_.items(), key=lambda row: row[1].first)

    def check(self) -> None:
        pass


class MemoryLabels:
    """``Labels`` in a dictionary."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._known: dict[bytes, int] = {}
        self._size = 0
        self._lock = threading.Lock()

    def size(self) -> int:
        return self._size

    def find(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        with self._lock:
            return {label: self._known[label] for label in labels if label in self._known}

    def rows(self, ranges: Sequence[LabelRange], size: int) -> list[bytes]:
        with self._lock:
            known = sorted(self._known)
            found: list[bytes] = []
            for low, high in ranges:
                end = len(known) if high is None else bisect_left(known, high)
                inside = [(label, self._known[label]) for label in known[bisect_left(known, low) : end]]
                found += [label + place.to_bytes(8) for label, place in inside if place < size]
            return found

    def extend(self, first: int, labels: Sequence[bytes]) -> None:
        self.faults.write("extend labels", lambda: self._extend(first, labels))

    def _extend(self, first: int, labels: Sequence[bytes]) -> None:
        with self._lock:
            if first != self._size:
                raise Contradiction(f"labels end at {self._size}, not at {first}", where="labels")
            more = {label: first + n for n, label in enumerate(labels)}
            if len(more) != len(labels) or not self._known.keys().isdisjoint(more):
                raise Contradiction("a label stands in the log twice", where=f"index {first} and on")
            self._known |= more
            self._size += len(labels)

    def clear(self) -> None:
        def nothing() -> None:
            with self._lock:
                self._known.clear()
                self._size = 0

        self.faults.write("clear labels", nothing)

    def check(self) -> None:
        with self._lock:
            if len(self._known) != self._size:
                raise Damaged("the label table does not hold what it covers", where="labels")


@dataclass(frozen=True, slots=True)
class MemoryStreamKey:
    """A stream's key, worked out from a seed."""

    handle: bytes
    generation: int
    rekeys: int
    key: bytes = field(repr=False)
    label_0: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)


class MemoryStreamKeys:
    """``StreamKeys`` without a keyring: keys come from a seed, and label_0 is no VRF output, so nobody can prove it."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._known: dict[Stream, MemoryStreamKey] = {}
        self._generations: dict[Stream, int] = {}

    def of(self, stream: Stream) -> MemoryStreamKey:
        # Safe between threads: two that come at once make the same key.
        found = self._known.get(stream)
        return found or self._known.setdefault(stream, self._made(stream))

    def with_handles(self, handles: Sequence[bytes]) -> dict[bytes, MemoryStreamKey]:
        wanted = set(handles)
        return {key.handle: key for key in self.all() if key.handle in wanted}

    def rekey(self, stream: Stream, rekeys: int) -> MemoryStreamKey:
        # Whoever comes late must not put an older key back.
        with self._lock:
            known = self.of(stream)
            if known.rekeys == rekeys:
                self._known[stream] = known = self._made(stream, rekeys + 1)
            return known

    def all(self) -> Iterator[MemoryStreamKey]:
        yield from tuple(self._known.values())

    def erase(self, handle: bytes) -> None:
        """The key is gone; whoever asks for that stream again gets one of the next generation. Again is fine."""
        for stream, key in tuple(self._known.items()):
            if key.handle == handle:
                self._generations[stream] = key.generation + 1
                del self._known[stream]

    def _made(self, stream: Stream, rekeys: int = 0) -> MemoryStreamKey:
        generation = self._generations.get(stream, 0)

        def piece(what: bytes) -> bytes:
            text = what + bytes([stream.kind]) + stream.id.encode() + b"+" * generation
            return hmac.digest(self._seed, text, hashlib.sha256)

        keys = [piece(b"key" if n == 0 else b"key %d" % n) for n in range(rekeys + 1)]
        return MemoryStreamKey(piece(b"handle")[:16], generation, rekeys, keys[-1], piece(b"label"), tuple(keys[:-1]))
