# SPDX-License-Identifier: Apache-2.0
"""Rows of an import, held back until there are many, so that what they are written to is touched once for all of them.

    add      row ──checked──▶ beside the others of its person, packed              no key, no disk
    settle   person by person ──one key──▶ sealed rows, shares ──sorted──▶ the two tables, from their first page to their last

Rows are found by digests, which have no neighbours: 50,000 of them lie on as many pages of a table of ten million, and each of these
pages would be read, written, and copied into the table again for one row. Hundreds of thousands in their order share the pages; and a person
whose rows come together has their key looked for, opened and set up once, not once in each heap.

Invariant: nothing is durable before `settle`, and after it all is. A crash in the middle leaves some of the rows: the same rows again
complete them, and the first row of a source is the one that stands. What waits here is in this process's memory, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from struct import Struct
from typing import TypeVar

from whosaw.model.access import Field
from whosaw.model.record import Stream
from whosaw.privacy.data_key import DataKey
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.root import Random
from whosaw.vault.crowd import Crowd

ROWS, BYTES = 350_000, 72 * 1024 * 1024  # of one heap
_SLICE, _PAGE = 20_000, 2_048  # rows of one transaction; people whose keys are at hand at once
_BESIDE = 64  # bytes that each row takes in memory beside its own
_FIELDS, _NUMBERS = tuple(Field), {each: number for number, each in enumerate(Field)}
_WAITING, _SEALED, _SHARED = Struct(">qBI"), Struct(">16s32sIBq"), Struct(">16sq16sI")
_IP = _NUMBERS[Field.IP]
Plain = tuple[str, Field, bytes, int, str]  # a person, a field, what is to be sealed, when it was true, its source
Row = tuple[bytes, str, int, bytes, bytes]  # of the table of values, without when it came in
Name = tuple[bytes, bytes]  # of a value in its table: handle and source
Standing = tuple[bytes, bytes, int, bytes]  # a value as it is kept, without its field
T = TypeVar("T")


class Gathered:
    """One heap, and then the next. For one thread."""

    __slots__ = ("_check", "_crowd", "_keyring", "_of", "_random", "_standing", "_store", "count", "size")

    def __init__(
        self, keyring: Keyring, crowd: Crowd, *,
        check: Callable[[Field, str, str, datetime], tuple[bytes, int]], store: Callable[[Sequence[Row]], int],
        standing: Callable[[str, Sequence[Name]], Sequence[Standing]], random: Random,
    ) -> None:  # fmt: skip
        """`check`: a value's bytes and its time, or BadInput. `store`: keeps rows, durable; how many are new. `standing`: what
        is kept of a field under these names.
        """
        self._keyring, self._crowd, self._check, self._random = keyring, crowd, check, random
        self._store, self._standing = store, standing
        self._of: dict[str, list[bytes]] = {}
        self.count = self.size = 0

    def __repr__(self) -> str:
        return "Gathered(…)"

    @property
    def full(self) -> bool:
        """Whether it is time to settle."""
        return self.count >= ROWS or self.size >= BYTES

    def add(self, person: str, field: Field, value: str, seen: datetime, source: str) -> None:
        """One row more. Raises BadInput, and has then not taken it."""
        plain, at = self._check(field, value, source, seen)
        text = source.encode()
        row = _WAITING.pack(at, _NUMBERS[field], len(text)) + text + plain
        theirs = self._of.get(person)
        if theirs is None:
            self._of[person] = [row]
            self.size += len(person) + 2 * _BESIDE
        else:
            theirs.append(row)
        self.count += 1
        self.size += len(row) + _BESIDE

    def settle(self) -> int:
        """All of them durable, with their shares in the crowd; how many are new. Where it raises, some may be."""
        sealed: list[bytes] = []
        shares: list[bytes] = []
        handles: list[bytes] = []
        known: dict[bytes, bytes] = {}
        people = list(self._of)
        for page in _slices(people, _PAGE):
            for stream, key in self._keyring.keys(map(Stream.of_person, page)).items():
                shares += self._seal(key, self._of.pop(stream.id), sealed, len(handles), known)
                handles.append(key.handle)
        self.count = self.size = 0
        # In the order of the tables. The number of the row is in it: of two of one source the first stands.
        sealed.sort()
        new, doubted = 0, set[bytes]()
        for some in _slices(sealed, _SLICE):
            added = self._store([_row(raw) for raw in some])
            new += added
            if added < len(some):
                doubted |= self._otherwise(some)
        # Of whoever has a value that came in before, under the same name, what stands counts: it may be another one.
        doubtful = [name for name, _ in _addresses(sealed) if name[0] in doubted] if doubted else []
        del sealed
        shares.sort()
        # After the values, as everywhere: a crash in between counts too few and never too many.
        for some in _slices(shares, _SLICE):
            made = map(_SHARED.unpack, some)
            self._crowd.join([(token, at, share) for token, at, share, whose in made if handles[whose] not in doubted])
        for names in _slices(doubtful, _PAGE):
            self._crowd.joined_by(self._standing(Field.IP, names))
        return new

    def _otherwise(self, sealed: Sequence[bytes]) -> set[bytes]:
        """The handles of those who have an address among these that is not what stands under its name."""
        ours = list(_addresses(sealed))
        standing = self._standing(Field.IP, [name for name, _ in ours])
        values = {(handle, source): value for handle, source, _, value in standing}
        return {name[0] for name, value in ours if values.get(name) != value}

    def _seal(
        self, key: DataKey, rows: Sequence[bytes], sealed: list[bytes], whose: int, known: dict[bytes, bytes]
    ) -> Iterator[bytes]:
        """What one person has waiting, each row beside the `sealed`; the shares in which they are the one numbered `whose`."""
        seen: list[tuple[str, int]] = []
        for raw in rows:
            at, number, length = _WAITING.unpack_from(raw)
            begins = _WAITING.size + length
            field, source, plain = _FIELDS[number], raw[_WAITING.size : begins].decode(), raw[begins:]
            head = _SEALED.pack(key.handle, key.source(field, source), len(sealed), number, at)
            sealed.append(head + key.seal(field, at, plain, self._random))
            if field is Field.IP:
                seen.append((plain.decode(), at))
        return (_SHARED.pack(*each, whose) for each in self._crowd.shares(key, seen, known))


def _addresses(sealed: Sequence[bytes]) -> Iterator[tuple[Name, bytes]]:
    """Those of these rows that are addresses: their names, and themselves."""
    for raw in sealed:
        handle, source, _, number, _ = _SEALED.unpack_from(raw)
        if number == _IP:
            yield (handle, source), raw[_SEALED.size :]


def _row(raw: bytes) -> Row:
    handle, source, _, number, at = _SEALED.unpack_from(raw)
    return handle, str(_FIELDS[number]), at, source, raw[_SEALED.size :]


def _slices(given: list[T], most: int) -> Iterator[list[T]]:
    return (given[at : at + most] for at in range(0, len(given), most))
