# SPDX-License-Identifier: Apache-2.0
"""Chance and names: a generator for each component and entity, and identifiers that say nothing.

    draws(7, "queue", 3, 12)           PCG64, seeded with SHA-256 of these words; nobody else draws from it
    Names(7, "look", 64).of(index)     a keyed permutation: unique, and without order

Invariant: one more component or scenario moves no other draw and no other name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.uint64]
Floats = NDArray[np.float64]

NOBODY = np.uint64(2**64 - 1)  # no identifier


def draws(seed: int, *parts: str | int) -> np.random.Generator:
    """The generator of one component of one entity."""
    return np.random.Generator(np.random.PCG64(_digest(seed, *parts)))


def _digest(seed: int, *parts: str | int) -> int:
    text = "/".join(str(part) for part in ("whosaw/simulate", seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


@dataclass(frozen=True, slots=True)
class Names:
    """Codes of `bits` bits for the indexes of one kind of thing. As text: `prefix-` and hexadecimal digits."""

    seed: int
    kind: str
    bits: int

    def of(self, index: Any) -> Codes:
        """The code of each index: three rounds of what can be undone, so no two indexes share one."""
        key = _digest(self.seed, "names", self.kind)
        mask, half = np.uint64((1 << self.bits) - 1), np.uint64((self.bits + 1) // 2)
        code = np.asarray(index, dtype=np.uint64) & mask
        with np.errstate(over="ignore"):
            for turn in range(3):
                part = key >> (64 * turn)
                code = (code ^ np.uint64(part & int(mask))) & mask
                code = (code * np.uint64((part >> 8 | 1) & int(mask))) & mask
                code ^= code >> half
        return code


def pick(weights_summed: Floats, draw: np.random.Generator, count: int) -> Ints:
    """`count` indexes, each as likely as its share of the running sum `weights_summed`."""
    at = np.searchsorted(weights_summed, draw.random(count) * weights_summed[-1], side="right")
    return np.asarray(np.minimum(at, len(weights_summed) - 1), dtype=np.int64)


def one(values: Any, draw: np.random.Generator) -> Any:
    """One of `values`."""
    return values[int(draw.integers(len(values)))]


def some(values: Any, count: int, draw: np.random.Generator) -> list[Any]:
    """`count` different ones of `values`, or all of them."""
    order = draw.permutation(len(values))[:count]
    return [values[int(at)] for at in order]
