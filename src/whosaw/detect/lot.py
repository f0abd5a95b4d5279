# SPDX-License-Identifier: Apache-2.0
"""Drawing by lot, so that anybody can draw again: every draw is a hash of a seed and of what is drawn.

    seed = SHA-256(what is published before the draw ‖ what the draw is for)
    at(seed, thing) = SHA-256(seed ‖ thing), as a number in (0, 1)

Invariant: whether a thing is drawn depends on the seed and on the things, not on their order; who cannot foresee the seed
cannot stay out of the lot.                                                         Design: docs/adr/0146
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping

_BITS = 52


def seed_of(*parts: str) -> bytes:
    """The seed of a draw. `parts`: each a text of its own, whatever stands in it."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def at(seed: bytes, thing: str) -> float:
    """Where in (0, 1) the lot of `thing` falls."""
    number = int.from_bytes(hashlib.sha256(seed + thing.encode()).digest()[:8], "big") >> (64 - _BITS)
    return float((number + 0.5) / 2**_BITS)


def drawn(seed: bytes, weights: Mapping[str, float], number: int) -> list[str]:
    """So many of `weights`' keys, without replacement, each time in proportion to its weight; first drawn first."""
    # The one with the smallest exponential of rate w is each with chance w/Σw, and so on for those who are left.
    waits = {thing: -math.log(at(seed, thing)) / weight for thing, weight in weights.items() if weight > 0}
    return sorted(waits, key=lambda thing: (waits[thing], thing))[: max(0, number)]


def numbers(seed: bytes, below: int) -> Iterator[int]:
    """Numbers from 0 to `below`, which is excluded, one after the other and each alike."""
    turn = 0
    limit = 2**64 - 2**64 % below
    while True:
        number = int.from_bytes(hashlib.sha256(seed + turn.to_bytes(8, "big")).digest()[:8], "big")
        turn += 1
        if number < limit:
            yield number % below
