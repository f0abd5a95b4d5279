# SPDX-License-Identifier: Apache-2.0
"""Keys, names and sealed values in memory: the shipped fakes. They fail on demand, in both ways.

    rows.fate = "lost"    the next write is not stored, and raises
    rows.fate = "late"    the next write *is* stored, and raises all the same
    rows.fate = "down"    every call raises until it is set to "ok" again

Safe to share between threads, like the real ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Literal

from whosaw.errors import Damaged, Unavailable
from whosaw.privacy.carried import CARRIES
from whosaw.privacy.epochs import EpochRow, Rerooting
from whosaw.privacy.keyring import KeyRow

_Row = tuple[bytes, str, int, int, bytes, bytes]
Fate = Literal["ok", "lost", "late", "down"]


class _Failing:
    """What the three fakes share: a lock and a fate."""

    def __init__(self) -> None:
        self.fate: Fate = "ok"
        self._lock = threading.Lock()

    def _read(self) -> None:
        if self.fate == "down":
            raise Unavailable("the fake is down", part="memory")

    def _write(self) -> Fate:
        """The fate of this write; "lost" and "late" hit one write only."""
        self._read()
        fate = self.fate
        self.fate = "ok"
        if fate == "lost":
            raise Unavailable("the fake lost a write", part="memory")
        return fate

    @staticmethod
    def _late(fate: Fate) -> None:
        if fate == "late":
            raise Unavailable("the fake stored a write and says that it failed", part="memory")


class MemoryKeyRows(_Failing):
    """``privacy.keyring.KeyRows`` in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[tuple[bytes, int], KeyRow] = {}
        self._checks: dict[str, bytes] = {}
        self._epochs: dict[int, EpochRow] = {}
        self._wish: str | None = None

    def find(self, lookup: bytes) -> KeyRow | None:
        return self._newest(lookup)

    def find_all(self, lookups: Sequence[bytes]) -> list[KeyRow]:
        return [row for row in map(self._newest, lookups) if row is not None]

    def add_all(self, rows: Sequence[KeyRow]) -> bool:
        with self._lock:
            fate = self._write()
            if not {row.epoch for row in rows} <= self._epochs.keys():
                return False
            for row in rows:
                self._rows.setdefault((row.lookup, row.generation), row)
            self._late(fate)
            return True

    def with_handles(self, handles: Sequence[bytes]) -> list[KeyRow]:
        with self._lock:
            self._read()
            return [row for row in self._rows.values() if row.handle in set(handles)]

    def by_prefix(self, prefix: bytes) -> KeyRow | None:
        return self._newest(prefix)

    def add(self, row: KeyRow) -> KeyRow | None:
        with self._lock:
            fate = self._write()
            if row.epoch not in self._epochs and (row.lookup, row.generation) not in self._rows:
                return None
            stored = self._rows.setdefault((row.lookup, row.generation), row)
            self._late(fate)
            return stored

    def rekey(self, old: KeyRow, new: KeyRow) -> KeyRow | None:
        with self._lock:
            fate = self._write()
            name = old.lookup, old.generation
            there = self._rows.get(name)
            if there is not None and there.rekeys == old.rekeys:
                self._rows[name] = replace(there, rekeys=new.rekeys, sealed_id=new.sealed_id)
            self._late(fate)
            return self._rows.get(name)

    def before(self, epoch: int, limit: int) -> Sequence[KeyRow]:
        with self._lock:
            self._read()
            return [row for row in self._rows.values() if row.epoch < epoch][:limit]

    def rewrap(self, rows: Sequence[tuple[KeyRow, bytes]], epoch: int) -> None:
        with self._lock:
            fate = self._write()
            for row, wrapped in rows:
                there = self._rows.get((row.lookup, row.generation))
                if there is not None and there.epoch == row.epoch:
                    self._rows[row.lookup, row.generation] = replace(there, wrapped=wrapped, epoch=epoch)
            self._late(fate)

    def count(self, epoch: int) -> int:
        with self._lock:
            self._read()
            return sum(row.epoch < epoch for row in self._rows.values())

    def epochs(self) -> Sequence[EpochRow]:
        with self._lock:
            self._read()
            return [self._epochs[number] for number in sorted(self._epochs)]

    def begin(self, row: EpochRow) -> EpochRow:
        with self._lock:
            fate = self._write()
            stored = self._epochs.setdefault(row.number, row)
            self._late(fate)
            return stored

    def retire(self, number: int) -> bool:
        with self._lock:
            fate = self._write()
            used = any(row.epoch == number for row in self._rows.values())
            if used or number >= max(self._epochs, default=number):
                return False
            self._epochs.pop(number, None)
            self._late(fate)
            return True

    def reroot(self, change: Rerooting) -> bool:
        with self._lock:
            fate = self._write()
            if (
                self._epochs.keys() != {row.number for row in change.epochs[:-1]}
                or self._checks["root"] != change.before
            ):
                return False
            self._epochs = {row.number: row for row in change.epochs}
            self._checks |= {"root": change.check, CARRIES: change.carried}
            self._late(fate)
            return True

    def kept(self, name: str) -> bytes | None:
        with self._lock:
            self._read()
            return self._checks.get(name)

    def wish(self, by: str) -> None:
        with self._lock:
            fate = self._write()
            self._wish = self._wish or by
            self._late(fate)

    def wished(self) -> str | None:
        with self._lock:
            self._read()
            return self._wish

    def fulfilled(self) -> None:
        with self._lock:
            fate = self._write()
            self._wish = None
            self._late(fate)

    def all(self) -> Iterator[KeyRow]:
        with self._lock:
            self._read()
            rows = [self._rows[name] for name in sorted(self._rows)]
        yield from rows

    def claim(self, name: str, value: bytes) -> bytes:
        with self._lock:
            if name in self._checks:
                self._read()
                return self._checks[name]
            if self._rows:
                raise Damaged(f"the keyring has rows but no check value for {name}", where="keyring_check")
            fate = self._write()
            self._checks[name] = value
            self._late(fate)
            return value

    def _newest(self, prefix: bytes) -> KeyRow | None:
        with self._lock:
            self._read()
            rows = [row for row in self._rows.values() if row.lookup.startswith(prefix)]
        return max(rows, key=lambda row: row.generation, default=None)


class MemoryNameRows(_Failing):
    """``privacy.names.NameRows`` in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, bytes] = {}

    def add(self, pseudonym: str, sealed: bytes) -> None:
        with self._lock:
            fate = self._write()
            self._rows.setdefault(pseudonym, sealed)
            self._late(fate)

    def find(self, pseudonym: str) -> bytes | None:
        with self._lock:
            self._read()
            return self._rows.get(pseudonym)


@dataclass(frozen=True, slots=True)
class _Kept:
    handle: bytes
    field: str
    seen: int
    stored: int
    source: bytes
    sealed: bytes = attribute(repr=False)


class MemorySealedRows(_Failing):
    """``vault.ports.SealedRows`` in a dictionary. `asked` counts the reads: none may precede a match."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self._rows: dict[tuple[bytes, bytes], _Kept] = {}
        self._marks: dict[bytes, int] = {}

    def add(self, *, handle: bytes, field: str, seen: int, stored: int, source: bytes, sealed: bytes) -> bool:
        row = _Kept(handle, field, seen, stored, source, sealed)
        with self._lock:
            fate = self._write()
            new = self._rows.setdefault((handle, source), row) is row
            self._late(fate)
            return new

    def add_all(self, rows: Sequence[_Row]) -> int:
        with self._lock:
            fate, before = self._write(), len(self._rows)
            for row in rows:
                self._rows.setdefault((row[0], row[4]), _Kept(*row))
            self._late(fate)
            return len(self._rows) - before

    def standing(self, field: str, names: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes, int, bytes]]:
        with self._lock:
            self._read()
            rows = [self._rows[name] for name in sorted(set(names)) if name in self._rows]
        return [(row.handle, row.source, row.seen, row.sealed) for row in rows if row.field == field]

    def mark(self, source: bytes, behind: int) -> None:
        with self._lock:
            fate = self._write()
            self._marks[source] = behind
            self._late(fate)

    def reached(self, source: bytes) -> int:
        with self._lock:
            self._read()
            return self._marks.get(source, 0)

    def newest(self, handle: bytes, field: str, stored_until: int, limit: int) -> Sequence[tuple[int, bytes]]:
        with self._lock:
            self.asked += 1
            self._read()
            rows = [
                row
                for row in self._rows.values()
                if row.handle == handle and row.field == field and row.stored <= stored_until
            ]
        rows.sort(key=lambda row: (row.seen, row.source), reverse=True)
        return [(row.seen, row.sealed) for row in rows[:limit]]

    def seen_within(
        self, field: str, begin: int, end: int, stored_until: int, *, after: tuple[bytes, bytes], limit: int
    ) -> Sequence[tuple[bytes, bytes, int, bytes]]:
        with self._lock:
            self.asked += 1
            self._read()
            rows = [row for name, row in sorted(self._rows.items()) if name > after]
        within = [r for r in rows if r.field == field and begin <= r.seen < end and r.stored <= stored_until]
        return [(row.handle, row.source, row.seen, row.sealed) for row in within[:limit]]

    def how_many(self, field: str, begin: int, end: int, stored_until: int) -> int:
        return len(self.seen_within(field, begin, end, stored_until, after=(b"", b""), limit=len(self._rows)))
