# SPDX-License-Identifier: Apache-2.0
"""Who is near whom: an ego network for each person, out of a small world with hubs.

    household · family ── of another household nearby · contact · coworker ── of one workplace
    follows ── a hub · device, ip ── shared at home, and in rings

Invariant: a tie is drawn once, and stands in the table in one direction; whoever asks for neighbours gets both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from whosaw.simulate.company.persons import Persons
from whosaw.simulate.draw import Ints, draws, pick

KINDS = ("household", "contact", "follows", "coworker", "family", "device", "ip")
_AT = {name: at for at, name in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Ties:
    """`a[i]` and `b[i]` are tied, by `kind[i]`. `rings`: groups that share devices."""

    a: Ints
    b: Ints
    kind: Ints
    rings: tuple[tuple[int, ...], ...]
    start: Ints
    near: Ints
    near_kind: Ints

    def around(self, person: int, *kinds: str) -> list[int]:
        """Everybody tied to `person` by one of `kinds`, or by any; in the order of their numbers."""
        part = slice(int(self.start[person]), int(self.start[person + 1]))
        wanted = [_AT[kind] for kind in kinds] or list(range(len(KINDS)))
        near = self.near[part][np.isin(self.near_kind[part], wanted)]
        return [int(each) for each in np.unique(near) if each != person]

    def degree(self) -> Ints:
        return np.diff(self.start)

    def neighbour(self, of: Ints, draw: np.random.Generator) -> Ints:
        """Of each person one who is near, or the person where nobody is."""
        degree = self.start[of + 1] - self.start[of]
        at = self.start[of] + (draw.random(len(of)) * np.maximum(degree, 1)).astype(np.int64)
        return np.where(degree > 0, self.near[np.minimum(at, len(self.near) - 1)], of)


def ties(seed: int, division: int, persons: Persons, contacts: float, follows: float) -> Ties:
    """The ties of all persons of one division."""
    draw = draws(seed, "ties", division)
    count = len(persons)
    everybody = np.arange(count)
    parts: list[tuple[str, Ints, Ints]] = []
    for step in (1, 2, 3):
        home = everybody[:-step][persons.household[:-step] == persons.household[step:]]
        parts.append(("household", home, home + step))
        parts.append(("ip", *_some((home, home + step), 0.35, draw)))
        parts.append(("device", *_some((home, home + step), 0.12, draw)))
    kin = everybody[draw.random(count) < 0.5]
    parts.append(("family", kin, (kin + draw.geometric(0.08, len(kin)) + 3) % count))
    friend = np.repeat(everybody, draw.poisson(contacts, count))
    near = (friend + (draw.geometric(0.03, len(friend)) + 1) * draw.choice([-1, 1], len(friend))) % count
    hub = pick(persons.known, draw, len(friend))
    parts.append(("contact", friend, np.where(draw.random(len(friend)) < 0.12, hub, near)))
    fan = np.repeat(everybody, draw.poisson(follows, count))
    parts.append(("follows", fan, pick(persons.known, draw, len(fan))))
    parts.append(("coworker", *_coworkers(persons, draw)))
    rings = _rings(count, draw)
    pairs = [(a, b) for ring in rings for a, b in pairwise(ring)]
    parts.append(
        ("device", np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64))
    )
    return _made(parts, rings, count)


def _some(pair: tuple[Ints, Ints], share: float, draw: np.random.Generator) -> tuple[Ints, Ints]:
    taken = draw.random(len(pair[0])) < share
    return pair[0][taken], pair[1][taken]


def _coworkers(persons: Persons, draw: np.random.Generator) -> tuple[Ints, Ints]:
    """Everybody with the next few of the same workplace."""
    order = np.argsort(persons.workplace, kind="stable")
    order = order[persons.workplace[order] >= 0]
    ends = []
    for step in (1, 2):
        same = persons.workplace[order[:-step]] == persons.workplace[order[step:]]
        ends.append((order[:-step][same], order[step:][same]))
    a, b = (np.concatenate([pair[at] for pair in ends]) for at in (0, 1))
    return _some((a, b), 0.8, draw)


def _rings(count: int, draw: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    """Groups of strangers who share devices: what those do who look for fraud."""
    return tuple(
        tuple(int(p) for p in draw.choice(count, size=int(draw.integers(5, 16)), replace=False))
        for _ in range(max(4, count // 700))
    )


def _made(parts: list[tuple[str, Ints, Ints]], rings: tuple[tuple[int, ...], ...], count: int) -> Ties:
    a = np.concatenate([part[1] for part in parts])
    b = np.concatenate([part[2] for part in parts])
    kind = np.concatenate([np.full(len(part[1]), _AT[part[0]]) for part in parts])
    key = (a * count + b) * len(KINDS) + kind
    _, first = np.unique(key[a != b], return_index=True)
    a, b, kind = a[a != b][first], b[a != b][first], kind[a != b][first]
    ends, others = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.argsort(ends, kind="stable")
    start = np.searchsorted(ends[order], np.arange(count + 1))
    return Ties(a, b, kind, rings, start, others[order], np.concatenate([kind, kind])[order])
