# SPDX-License-Identifier: Apache-2.0
"""The timeline: every look of the period, one row per unit, the day across and the hour down.

    ┌ Internal audit ─────────────────────────┐   00 h
    │  ·  · ·✕   ·◆ · ·   ·                   │   ▼
    └─────────────────────────────────────────┘   24 h        · ordinary   ✕ refused   ◆ found

Across is a percentage of the width and down is in pixels, so one drawing serves a telephone and a wall without
shrinking its letters. The hour is not decoration: looks at night are seen as such.

Invariant: nothing is left out. A look outside the period widens the period; the quietest of too many units share one
row, which says so; and the table counts exactly what is drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from whosaw.web.wording import MONTHS, utc


class Became(StrEnum):
    """What became of a look."""

    ORDINARY = "ordinary"  # nothing speaks against it
    REFUSED = "refused"  # asked at the gate and refused; nothing was shown
    FOUND = "found"  # done behind the guard's back, and found again in a log


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLook:
    """One look as a drawing shows it. The names of an ordinary look are not needed, and better not given."""

    at: datetime
    unit: str
    became: Became = Became.ORDINARY
    principal: str = ""
    person: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """A public event that others reacted to: when it appeared, and its title."""

    at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked look, placed: `x` in percent of the width, `y` in pixels from the top of the drawing."""

    x: float
    y: float
    look: DrawnLook


@dataclass(frozen=True, slots=True)
class Row:
    """One unit: where its band starts, its quiet looks as one path, its marked looks one by one, its counts."""

    unit: str
    top: int
    dots: str
    marks: tuple[Mark, ...]
    ordinary: int
    refused: int
    found: int


@dataclass(frozen=True, slots=True)
class Flag:
    """An article: its number on the drawing, its place across, and how high its flag hangs."""

    number: int
    x: float
    y: int
    article: Article


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a month begins; `text` is empty where a word would not fit."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing and its table. `line` is one row of the table: a marked look, or an article."""

    since: datetime
    until: datetime
    rows: tuple[Row, ...]
    flags: tuple[Flag, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[DrawnLook | Flag, ...]
    top: int
    height: int

    def count(self, became: str) -> int:
        """How many looks of one kind the drawing shows; the table's sums are the same numbers."""
        return sum(int(getattr(row, became)) for row in self.rows)

    @property
    def looks(self) -> int:
        return sum(self.count(kind) for kind in Became)

    @property
    def days(self) -> int:
        return (self.until - self.since).days


ROWS = 12  # more units than this share the last row
OTHERS = "All other units"
BAND, LABEL, GAP, FOOT = 48, 24, 14, 26
FLAG, NEAR, LEVELS = 20, 5.0, 3  # flags nearer than five percent hang at different heights

Across = Callable[[datetime], float]


def draw(looks: Sequence[DrawnLook], articles: Sequence[Article], since: datetime, until: datetime) -> Timeline:
    """Place `looks` and `articles`. The period is widened to whole days that hold them all (`until` is excluded)."""
    looks = sorted(looks, key=lambda k: (utc(k.at), k.unit, k.became, k.principal, k.person, k.asked))
    articles = sorted(articles, key=lambda a: (utc(a.at), a.title))
    start, end = _period([since, *(k.at for k in looks), *(a.at for a in articles)], until)
    span = (end - start).total_seconds()

    def across(at: datetime) -> float:
        return round((utc(at) - start).total_seconds() / span * 100, 2)

    flags = tuple(_flags(articles, across))
    top = max((flag.y for flag in flags), default=0) + FLAG
    units = _units(looks)
    rows = tuple(
        _row(unit, theirs, top + n * (LABEL + BAND + GAP) + LABEL, across) for n, (unit, theirs) in enumerate(units)
    )
    lines: list[DrawnLook | Flag] = [*flags, *(k for k in looks if k.became is not Became.ORDINARY)]
    return Timeline(
        since=start,
        until=end,
        rows=rows,
        flags=flags,
        ticks=tuple(_ticks(start, end, across)),
        lines=tuple(sorted(lines, key=lambda line: utc(line.article.at if isinstance(line, Flag) else line.at))),
        top=top,
        height=top + len(rows) * (LABEL + BAND + GAP) + FOOT,
    )


def _row(unit: str, looks: Iterable[DrawnLook], top: int, across: Across) -> Row:
    dots: list[str] = []
    marks: list[Mark] = []
    tally: Counter[Became] = Counter()
    for look in looks:
        tally[look.became] += 1
        if look.became is Became.ORDINARY:
            # A stroke of no length with round ends is a dot: thousands of looks are one element.
            dots.append(f"M{across(look.at):g} {_down(look.at):g}h0")
        else:
            marks.append(Mark(across(look.at), round(top + _down(look.at), 1), look))
    marks.sort(key=lambda mark: (mark.look.became is Became.FOUND, mark.x))  # what was found lies on top
    return Row(unit, top, "".join(dots), tuple(marks), *(tally[kind] for kind in Became))


def _units(looks: Iterable[DrawnLook]) -> list[tuple[str, list[DrawnLook]]]:
    """Looks by unit: those with most found and refused looks first, then the busiest; the quietest together."""
    by: defaultdict[str, list[DrawnLook]] = defaultdict(list)
    for look in looks:
        by[look.unit].append(look)

    def weight(unit: str) -> tuple[int, int, str]:
        marked = sum(k.became is not Became.ORDINARY for k in by[unit])
        return -marked, -len(by[unit]), unit

    order = sorted(by, key=weight)
    if len(order) <= ROWS:
        return [(unit, by[unit]) for unit in order]
    kept, rest = order[: ROWS - 1], order[ROWS - 1 :]
    together = sorted((k for unit in rest for k in by[unit]), key=lambda k: utc(k.at))
    return [*((unit, by[unit]) for unit in kept), (f"{OTHERS} ({len(rest)})", together)]


def _period(starts: list[datetime], until: datetime) -> tuple[datetime, datetime]:
    first, last = min(map(utc, starts)), max(map(utc, starts))
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(utc(until), last + timedelta(microseconds=1))
    return start, start + timedelta(days=-(-(end - start) // timedelta(days=1)))


def _down(at: datetime) -> float:
    """The hour of the day as pixels from the top of a band, with three pixels of air above and below."""
    at = utc(at)
    return round(3 + (at.hour * 60 + at.minute) / 1440 * (BAND - 6), 1)


def _flags(articles: Iterable[Article], across: Across) -> Iterator[Flag]:
    last = [-100.0] * LEVELS
    for number, article in enumerate(articles, 1):
        x = across(article.at)
        # The first height that is free here; where none is, the one whose flag is farthest away.
        level = next((n for n in range(LEVELS) if x - last[n] >= NEAR), min(range(LEVELS), key=last.__getitem__))
        last[level] = x
        yield Flag(number, x, FLAG // 2 + level * FLAG, article)


def _ticks(since: datetime, until: datetime, across: Across) -> Iterator[Tick]:
    """The start of each month, and of the period; at most eight of them with a word."""
    months = (until.year - since.year) * 12 + until.month - since.month + 1
    starts = [
        datetime(since.year + m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in range(since.month - 1, since.month + months)
    ]
    starts = [since, *(at for at in starts if since < at < until)]
    step, ends = -(-len(starts) // 8), [*map(across, starts[1:]), 100.0]
    for n, (at, end) in enumerate(zip(starts, ends, strict=True)):
        yield Tick(across(at), MONTHS[at.month - 1] if n % step == 0 and end - across(at) >= NEAR else "")
