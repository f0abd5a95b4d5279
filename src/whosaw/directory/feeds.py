# SPDX-License-Identifier: Apache-2.0
"""How fresh each source is: when it last confirmed what it says, and how old that may be.

    csv   confirmed 2 h ago    limit 24 h ─┐
    scim  confirmed 30 h ago   limit 24 h ─┴─▶ the one nearest to its limit, or furthest beyond: scim

Every source that says who works here must be fresh: a leaver that the silent one would have told of is not seen in the
other. Sources of tickets are asked case by case, and count here for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from whosaw.directory.change import NO_FEED
from whosaw.directory.query import ask
from whosaw.directory.remembered import Held, ask_once
from whosaw.directory.span import Span
from whosaw.directory.tables import FEED, FOR_EVER, LOADED, SOURCES, SUSPENSIONS, instant
from whosaw.policy.facts import FeedFacts

Limit = Callable[[str], timedelta]
_AT: BindParameter[int] = bindparam("at")
# A subquery by source, or the whole feed would be read at every look.
_LAST = select(func.max(FEED.c.confirmed)).where(FEED.c.source == SOURCES.c.source, FEED.c.confirmed <= _AT)
_EACH = (
    select(SOURCES.c.source, _LAST.scalar_subquery().label("confirmed"))
    .where(SOURCES.c.since <= _AT, SOURCES.c.until > _AT)
    .order_by(SOURCES.c.source)
)
_SOURCES = select(SOURCES.c.source, SOURCES.c.since, SOURCES.c.until).order_by(SOURCES.c.source)
_LAST_OF = (
    select(FEED.c.confirmed).where(FEED.c.source == bindparam("source")).order_by(FEED.c.confirmed.desc()).limit(1)
)
_NEWEST = select(
    select(FEED.c.confirmed).order_by(FEED.c.row.desc()).limit(1).scalar_subquery().label("confirmed"),
    select(func.max(SUSPENSIONS.c.known_from)).scalar_subquery().label("stopped"),
    select(func.max(SUSPENSIONS.c.known_to)).where(SUSPENSIONS.c.known_to < FOR_EVER).scalar_subquery().label("lifted"),
)


@dataclass(frozen=True, slots=True)
class Feed:
    """One source at one instant."""

    source: str
    confirmed: datetime
    limit: timedelta

    def stale(self, at: datetime) -> bool:
        return at - self.confirmed > self.limit


def read(db: Connection | Held, at: int, limit: Limit, span: Span | None = None) -> tuple[Feed, ...]:
    """Each source that must be fresh at `at`. `span`: what this answer bounds."""
    rows = None if span is None else _newest_of_each(db, at, span)
    if rows is None:
        rows = [(row["source"], row["confirmed"]) for row in ask(db, _EACH, {"at": at})]
    return tuple(Feed(source, instant(last), limit(source)) for source, last in rows if source not in NO_FEED)


def _newest_of_each(db: Connection | Held, at: int, span: Span) -> list[tuple[str, int]] | None:
    """The same from what names no instant; None where something was confirmed after `at`, as somebody's clock says."""
    sources = ask_once(db, _SOURCES, {})
    found = []
    for row in sources:
        span.bound(row["since"])
        span.bound(row["until"])
        if not row["since"] <= at < row["until"]:
            continue
        last = ask_once(db, _LAST_OF, {"source": row["source"]})
        if not last or last[0]["confirmed"] > at:
            span.end()
            return None
        span.bound(last[0]["confirmed"])
        found.append((row["source"], last[0]["confirmed"]))
    return found


def stalest(feeds: Sequence[Feed]) -> FeedFacts | None:
    """What the look is judged by; None where nobody ever confirmed anything."""
    if not feeds:
        return None
    worst = min(feeds, key=lambda feed: feed.confirmed + feed.limit)
    return FeedFacts(confirmed=worst.confirmed, limit=worst.limit, source=worst.source)


def newest(db: Connection | Held) -> datetime | None:
    """When anything was changed or confirmed last, whoever's clock said so; None where nothing ever was."""
    said = [at for row in ask_once(db, _NEWEST, {}) for at in row.values() if at is not None]
    return instant(max(said)) if said else None


def counts(db: Connection) -> dict[str, dict[str, int]]:
    """How many rows each source says now, by source and table."""
    found: dict[str, dict[str, int]] = {}
    for table in LOADED:
        query = select(table.c.source, func.count()).where(table.c.known_to == FOR_EVER).group_by(table.c.source)
        for source, count in db.execute(query):
            found.setdefault(source, {})[table.name] = count
    return found
