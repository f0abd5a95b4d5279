# SPDX-License-Identifier: Apache-2.0
"""Who looked at whom: principals left, persons right, one band per pair and kind, as wide as there were looks.

    Dana Reyes   ▌══════════════╲
                 ▌╌╌╌╌╌╌╌╌╌╌╌╌╲  ╲═══▐ Maren Holt       ══ found in a log: two rails
    Viktor Lanz  ▌─────────────╲─╌╌╌▐                  ╌╌ refused: dashes    ── shown: plain

Bands are drawn on a square that is stretched across whatever room there is; their width stays in pixels.

Invariant: the bands are the table. Each band is one number in it, and each number above 0 is one band.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from whosaw.web.drawing.timeline import Became

NODES = 60  # more names than this are a thicket: then there is only the table
PITCH, AIR, EDGE = 58, 22, 6  # pixels: a name with its two lines, the air between two bars, above and below all
WIDEST, LEAST, ONE = 20.0, 3.5, 4.0  # pixels: the widest band, the narrowest two rails can have, one look


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """One principal and one person: how many looks were ordinary, refused, or done behind the guard's back."""

    principal: str
    unit: str
    person: str
    about: str
    ordinary: int = 0
    refused: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One name beside its bar: the bar's middle and height, and the looks that end there."""

    name: str
    about: str
    y: float
    height: float
    ordinary: int
    refused: int
    found: int


@dataclass(frozen=True, slots=True)
class Band:
    """One number of the table: a path on the stretched square, its width in pixels, and the pair."""

    became: Became
    path: str
    width: float
    looks: int
    bond: Bond


@dataclass(frozen=True, slots=True)
class Bonds:
    """The drawing and its table. Without bands there are too many names to draw, or none."""

    table: tuple[Bond, ...]
    principals: tuple[Node, ...]
    persons: tuple[Node, ...]
    bands: tuple[Band, ...]
    height: int

    @property
    def kinds(self) -> tuple[Became, ...]:
        """The table's columns: what speaks loudest first, and no column without a look."""
        return tuple(kind for kind in reversed(Became) if self.count(kind))

    def count(self, became: str) -> int:
        """How many looks of one kind there are over all pairs."""
        return sum(int(getattr(bond, became)) for bond in self.table)


Name = tuple[str, str]
Side = Callable[[Bond], Name]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A band before it is placed."""

    bond: Bond
    became: Became
    looks: int
    width: float


@dataclass(frozen=True, slots=True)
class _Column:
    """One side of the drawing: the names from above to below, each with a bar as high as the bands that end there."""

    side: Side
    bars: dict[Name, float]

    @property
    def height(self) -> float:
        return sum(max(PITCH, bar + AIR) for bar in self.bars.values()) + 2 * EDGE

    def middles(self, height: float) -> dict[Name, float]:
        """Where each bar's middle stands; the room that is left is shared out."""
        spare = (height - self.height) / max(1, len(self.bars))
        middles, y = {}, float(EDGE)
        for name, bar in self.bars.items():
            room = max(PITCH, bar + AIR) + spare
            middles[name] = y + room / 2
            y += room
        return middles

    def ends(self, pieces: Sequence[_Piece], height: float, other: _Column) -> list[float]:
        """Where each band meets its bar here: stacked in the order of the names on the other side."""
        across = {name: n for n, name in enumerate(other.bars)}
        filled = {name: middle - self.bars[name] / 2 for name, middle in self.middles(height).items()}
        ends = [0.0] * len(pieces)
        for n in sorted(range(len(pieces)), key=lambda n: (across[other.side(pieces[n].bond)], n)):
            name, width = self.side(pieces[n].bond), pieces[n].width
            ends[n] = filled[name] + width / 2
            filled[name] += width
        return ends

    def nodes(self, table: Sequence[Bond], height: float) -> Iterator[Node]:
        """The names, placed, with the looks that end there."""
        for name, y in self.middles(height).items():
            sums = (sum(getattr(bond, kind) for bond in table if self.side(bond) == name) for kind in Became)
            yield Node(*name, round(y, 1), round(self.bars[name], 1), *sums)


def draw(bonds: Sequence[Bond]) -> Bonds:
    """Place `bonds`. Pairs given twice are added up; pairs without a look are left out."""
    table = _added(bonds)
    principals = _heaviest_first(table)
    persons = _nearest_first(table, principals)
    table.sort(key=lambda b: (principals.index(_who(b)), persons.index(_whom(b))))
    pieces = _pieces(table) if len(principals) + len(persons) <= NODES else []
    left, right = _column(_who, principals, pieces), _column(_whom, persons, pieces)
    height = max(left.height, right.height) if pieces else 0.0
    starts, ends = left.ends(pieces, height, right), right.ends(pieces, height, left)
    bands = [
        Band(piece.became, _curve(start, end), round(piece.width, 2), piece.looks, piece.bond)
        for piece, start, end in zip(pieces, starts, ends, strict=True)
    ]
    bands.sort(key=lambda band: list(Became).index(band.became))  # what was found lies on top
    return Bonds(
        tuple(table), tuple(left.nodes(table, height)), tuple(right.nodes(table, height)), tuple(bands), round(height)
    )


def _who(bond: Bond) -> Name:
    return bond.principal, bond.unit


def _whom(bond: Bond) -> Name:
    return bond.person, bond.about


def _column(side: Side, order: Iterable[Name], pieces: Iterable[_Piece]) -> _Column:
    bars = dict.fromkeys(order, 0.0)
    for piece in pieces:
        bars[side(piece.bond)] += piece.width
    return _Column(side, bars)


def _added(bonds: Iterable[Bond]) -> list[Bond]:
    sums: defaultdict[tuple[Name, Name], Counter[str]] = defaultdict(Counter)
    for bond in bonds:
        sums[_who(bond), _whom(bond)].update({kind: getattr(bond, kind) for kind in Became})
    return [
        Bond(principal=who[0], unit=who[1], person=whom[0], about=whom[1], **{str(k): n[k] for k in Became})
        for (who, whom), n in sums.items()
        if any(n.values())
    ]


def _heaviest_first(table: Iterable[Bond]) -> list[Name]:
    """Principals: those with most refused and found looks first, then the busiest."""
    marked: Counter[Name] = Counter()
    looks: Counter[Name] = Counter()
    for bond in table:
        marked[_who(bond)] += bond.refused + bond.found
        looks[_who(bond)] += _looks(bond)
    return sorted(looks, key=lambda name: (-marked[name], -looks[name], name))


def _nearest_first(table: Iterable[Bond], principals: Sequence[Name]) -> list[Name]:
    """Persons: each as high as the principals who looked, on average, so that few bands cross."""
    weight: Counter[Name] = Counter()
    looks: Counter[Name] = Counter()
    for bond in table:
        weight[_whom(bond)] += principals.index(_who(bond)) * _looks(bond)
        looks[_whom(bond)] += _looks(bond)
    return sorted(looks, key=lambda name: (weight[name] / looks[name], -looks[name], name))


def _looks(bond: Bond) -> int:
    return bond.ordinary + bond.refused + bond.found


def _pieces(table: Sequence[Bond]) -> list[_Piece]:
    most = max((getattr(bond, kind) for bond in table for kind in Became), default=1)
    one = min(ONE, WIDEST / most)
    return [
        _Piece(bond, kind, n, max(LEAST, n * one)) for bond in table for kind in Became if (n := getattr(bond, kind))
    ]


def _curve(start: float, end: float) -> str:
    """From the left edge of the square (0) to its right edge (100), level at both ends."""
    return f"M0 {start:.1f}C50 {start:.1f} 50 {end:.1f} 100 {end:.1f}"
