# SPDX-License-Identifier: Apache-2.0
"""Columns of one batch of rows, before they are text: words by number, times, identifiers, whole numbers, plain lists.

    Words([0, -1], ("read",))   Times([…ms])   Named("l", codes, 64)   Numbers([3, -1])   Plain(["a", None])

Each gives its cells as Python values for CSV, and as an Arrow array for Parquet, and both say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.draw import NOBODY, Codes, Ints
from whosaw.simulate.folder.arrow import arrow

NEVER = np.int64(np.iinfo(np.int64).min)  # no time
DAY = 86_400_000
LISTS = frozenset({"fields", "detail", "classes", "persons"})


class Cells(Protocol):
    """A column of a batch."""

    def values(self) -> list[Any]: ...

    def arrow(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Words:
    """Texts or lists out of a small set; a negative number is null."""

    codes: NDArray[Any]
    words: Sequence[str | tuple[str, ...] | None]

    def values(self) -> list[Any]:
        table = np.empty(len(self.words) + 1, dtype=object)
        for at, word in enumerate(self.words):
            table[at] = word
        cells: list[Any] = table[self.codes].tolist()  # -1 is the last one: None
        return cells

    def arrow(self) -> Any:
        pa = arrow()
        lists = any(isinstance(word, tuple) for word in self.words)
        kind = pa.list_(pa.string()) if lists else pa.string()
        known = pa.array([*self.words, None], type=kind)
        at = np.where(self.codes < 0, len(self.words), self.codes).astype(np.int64)
        return known.take(pa.array(at))


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds since 1970, UTC."""

    ms: Ints

    def values(self) -> list[Any]:
        return _texts(_stamped(self.ms), self.ms == NEVER)

    def arrow(self) -> Any:
        return _strings(_stamped(self.ms), self.ms == NEVER)


@dataclass(frozen=True, slots=True)
class Named:
    """Identifiers: a prefix and so many bits in hexadecimal; NOBODY is null."""

    prefix: str
    codes: Codes
    bits: int

    def values(self) -> list[Any]:
        return _texts(self._bytes(), self.codes == NOBODY)

    def arrow(self) -> Any:
        return _strings(self._bytes(), self.codes == NOBODY)

    def _bytes(self) -> NDArray[np.uint8]:
        digits = (self.bits + 3) // 4
        text = np.frombuffer(self.codes.astype(">u8").tobytes().hex().encode(), dtype=np.uint8).reshape(-1, 16)
        start = np.frombuffer(f"{self.prefix}-".encode(), dtype=np.uint8)
        return np.hstack([np.tile(start, (len(self.codes), 1)), text[:, 16 - digits :]])


@dataclass(frozen=True, slots=True)
class Either:
    """Identifiers of one kind or, where that is null, of the other."""

    first: Named
    other: Named

    def values(self) -> list[Any]:
        return [a if a is not None else b for a, b in zip(self.first.values(), self.other.values(), strict=True)]

    def arrow(self) -> Any:
        pc = arrow("pyarrow.compute")
        return pc.coalesce(self.first.arrow(), self.other.arrow())


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers from 0 on; a negative one is null."""

    numbers: Ints

    def values(self) -> list[Any]:
        return [None if each < 0 else each for each in self.numbers.tolist()]

    def arrow(self) -> Any:
        pa = arrow()
        return pa.array(self.numbers.astype(np.int64), mask=self.numbers < 0)


@dataclass(frozen=True, slots=True)
class Plain:
    """Texts, or tuples of them, as they are; for small tables."""

    cells: Sequence[Any]
    lists: bool = False

    def values(self) -> list[Any]:
        return list(self.cells)

    def arrow(self) -> Any:
        pa = arrow()
        return pa.array(self.cells, type=pa.list_(pa.string()) if self.lists else pa.string())


def _stamped(ms: Ints) -> NDArray[np.uint8]:
    """`2022-07-03T09:14:05.123Z`, a row of bytes each; by table, for formatting each by itself takes longer than all else."""
    safe = np.where(ms == NEVER, 0, ms)
    day, rest = np.divmod(safe, DAY)
    days, which = np.unique(day, return_inverse=True)
    dates = [f"{each}T" for each in days.astype("M8[D]").tolist()]
    second, milli = np.divmod(rest, 1000)
    return np.hstack(
        [
            _rows(dates)[which.reshape(-1)],
            _CLOCK[second],
            _MILLI[milli],
        ]
    )


def _rows(words: Sequence[str]) -> NDArray[np.uint8]:
    width = len(words[0]) if words else 11
    return np.frombuffer("".join(words).encode(), dtype=np.uint8).reshape(-1, width)


_CLOCK = _rows([f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}" for at in range(86_400)])
_MILLI = _rows([f".{at:03d}Z" for at in range(1000)])


def _texts(rows: NDArray[np.uint8], null: NDArray[np.bool_]) -> list[Any]:
    if not len(rows):
        return []
    texts = np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").reshape(-1).astype(str).astype(object)
    texts[null] = None
    cells: list[Any] = texts.tolist()
    return cells


def _strings(rows: NDArray[np.uint8], null: NDArray[np.bool_]) -> Any:
    pa = arrow()
    ends = np.arange(len(rows) + 1, dtype=np.int64) * rows.shape[1]
    data = pa.py_buffer(np.ascontiguousarray(rows).tobytes())
    made = pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(ends.tobytes()), data).cast(pa.string())
    return (
        made
        if not null.any()
        else arrow("pyarrow.compute").if_else(pa.array(~null), made, pa.scalar(None, pa.string()))
    )
