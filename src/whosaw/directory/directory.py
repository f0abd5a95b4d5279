# SPDX-License-Identifier: Apache-2.0
"""The directory: what is known of a principal, a person and a case at one instant, as it was known then.

    known(principal, person, case, at) ──▶ policy.facts.Known         pseudonyms in, no identifier out
    chart(at)                          ──▶ units and managers of the 30 days before, for who is independent of whom
    feeds(at)                          ──▶ when each source last confirmed, and how old that may be

Invariant: the answer depends on `at` and on nothing later, so it can be asked again years later. All its reads see one
state of the database. What is not there is None, never a guess; what contradicts itself is Damaged, never the first row.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from whosaw.directory import feeds
from whosaw.directory.by_instant import known_at
from whosaw.directory.chart import DAYS, chart, tied
from whosaw.directory.feeds import Feed
from whosaw.directory.kept import Outcome, newest
from whosaw.directory.ports import Elsewhere, nothing_elsewhere
from whosaw.directory.remembered import Held, looking, memory_of
from whosaw.directory.span import Span
from whosaw.directory.tables import LOADED, micros
from whosaw.directory.ticket_tables import CASE_HANDS
from whosaw.directory.transaction import answering, reading
from whosaw.directory.view import OVER, View
from whosaw.policy.facts import Known, PrincipalFacts
from whosaw.policy.independence import Chart

__all__ = ["OVER", "Directory"]


class Directory:
    """Facts as of an instant. Safe to share.

    `stale_after`: how long a confirmation of a source counts; `limits`: of those that have one of their own.
    `elsewhere`: what other tables say of a principal: suspensions, reviews that they owe.
    """

    def __init__(
        self,
        engine: Engine,
        stale_after: timedelta,
        limits: Mapping[str, timedelta] | None = None,
        elsewhere: Elsewhere = nothing_elsewhere,
    ) -> None:
        self._engine, self._stale_after, self._limits = engine, stale_after, dict(limits or {})
        self._elsewhere, self._mine = elsewhere, object()

    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known:
        """What was known at `at`. Raises Unavailable where the database cannot be read, Damaged where it contradicts."""
        instant, key = micros(at), (self._mine, principal, person, case)
        if (known := self._remembered(key, instant)) is not None:
            return known
        # What other tables say is asked over a connection like any other, and of it nothing is remembered.
        alone = self._elsewhere is nothing_elsewhere
        with looking(self._engine) if alone else reading(self._engine) as db:
            view = View(db, instant)
            sighting = None if case is None else newest(db, case, instant, view.span)
            silent = sighting is not None and not sighting.counts(at)
            if silent or (sighting is not None and sighting.outcome is Outcome.UNKNOWN):
                case = None
            view.kept = sighting is not None
            who, work, (whom, homes, homes_lately), (owners, owners_lately) = (
                view.staff(principal), view.work(principal), view.person(person), view.owners(person),
            )  # fmt: skip
            if whom is not None and owners:
                whom = replace(whom, staff=True)
            there = whom is not None or bool(owners)
            known = Known(
                principal=None if who is None else self._stopped(db, principal, at, view.principal_facts(who, work)),
                person=whom,
                relation=None if who is None or not there else view.relation(who, person, homes_lately, owners_lately),
                case=None
                if case is None
                else view.case(case, who=who, principal=principal, person=person, homes=homes, work=work),
                feed=feeds.stalest(feeds.read(db, instant, self._limit, view.span)),
                case_silent=silent,
                newest=feeds.newest(db),
            )
            if isinstance(db, Held) and view.span.whole:
                db.keep(key, (view.span, known))
            return known

    def _remembered(self, key: Hashable, at: int) -> Known | None:
        """The answer to the same question, if nobody has written since and nothing began or ended in between."""
        memory = memory_of(self._engine)
        if memory is None:
            return None
        kept: tuple[Span, Known] | None = memory.at_hand(key)
        if kept is None:
            with answering():
                kept = memory.find(key)
        return kept[1] if kept is not None and kept[0].covers(at) else None

    def _stopped(self, db: Any, principal: str, at: datetime, facts: PrincipalFacts) -> PrincipalFacts:
        """The facts, with what is said of the principal outside of the directory's own tables."""
        said = self._elsewhere(db, principal, at)
        return replace(
            facts,
            suspended=facts.suspended or said.suspended,
            owes_review=said.owes_review,
        )

    def present(self, principal: str, at: datetime) -> bool:
        """Whether they worked here and were not suspended, as known at `at`. For whoever's word or session must count."""
        with reading(self._engine) as db:
            view = View(db, micros(at))
            who = view.staff(principal)
            return who is not None and who.active and not (
                view.suspended(who) or self._elsewhere(db, principal, at).suspended
            )  # fmt: skip

    def unit(self, principal: str, at: datetime) -> str | None:
        """The unit of a principal, as known at `at`, the first of several; None for one who was never known."""
        with reading(self._engine) as db:
            who = View(db, micros(at)).staff(principal)
            return None if who is None else min(who.units, default=None)

    def chart(self, at: datetime, days: int = DAYS) -> Chart:
        """Every unit and manager that anybody had, or was said to have, in so many days up to `at`."""
        with reading(self._engine) as db:
            return chart(db, micros(at - timedelta(days=days)), micros(at))

    def tied(self, principal: str, at: datetime, days: int = DAYS) -> frozenset[str]:
        """Whoever of the staff shared an account or a home with them in so many days up to `at`."""
        with reading(self._engine) as db:
            return tied(db, principal, micros(at - timedelta(days=days)), micros(at))

    def feeds(self, at: datetime) -> tuple[Feed, ...]:
        """Each source that must stay fresh, as of `at`."""
        with reading(self._engine) as db:
            return feeds.read(db, micros(at), self._limit)

    def newest(self) -> datetime | None:
        """When anything was changed or confirmed last, by the clock of whoever did it. No answer of `at` depends on it."""
        with reading(self._engine) as db:
            return feeds.newest(db)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows each source says now, by source and table."""
        with reading(self._engine) as db:
            return feeds.counts(db)

    def rows(self, table: str, at: datetime | None = None) -> Iterator[Mapping[str, Any]]:
        """Every row of `table` as known at `at`, or every version ever known. For projections: pseudonyms only."""
        found = {each.name: each for each in (*LOADED, CASE_HANDS)}[table]
        query = select(found).order_by(found.c.row)
        if at is not None:
            query = query.where(known_at(found, micros(at)))
        with reading(self._engine) as db:
            for row in db.execute(query).mappings():
                yield {name: value for name, value in row.items() if name not in ("row", "digest")}

    def _limit(self, source: str) -> timedelta:
        return self._limits.get(source, self._stale_after)
