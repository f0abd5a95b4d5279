# SPDX-License-Identifier: Apache-2.0
"""What a system said about a case, brought into the directory: by pseudonym, on record first, known from then on.

    SeenCase ──▶ cases, case_persons, case_hands     who, whose, since when; ended and written anew where it differs
             ──▶ sightings                           it was seen, or not there, or nobody answered; until when that counts

A look is decided from these rows and from nothing else, so the same question asked years later has the same answer,
whatever has become of the system.

Invariant: an id leaves this file only as a pseudonym. A sighting is written after the rows that it vouches for, in the
same transaction, and nothing counts longer than it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from whosaw.directory.change import TICKETS, Beside, Office, Said, bring, compare
from whosaw.directory.content import Cells, Rows, digest_of
from whosaw.directory.kept import Outcome, Sighting, note
from whosaw.directory.ports import Pseudonyms
from whosaw.directory.tables import FOR_EVER, instant, micros
from whosaw.directory.transaction import reading, writing
from whosaw.errors import Busy
from whosaw.tickets.accounts import Whose, whose
from whosaw.tickets.seen import Account, Named, SeenCase

# From the answer to the moment of the look that waited for it. A gate that takes longer asks again.
GRACE = timedelta(seconds=2)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """One question to a system and what became of it. `why`: what was wrong, in words of ours; empty where nothing was."""

    system: str
    case: str
    asked: datetime
    counts: timedelta
    seen: SeenCase | None
    why: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.why:
            return Outcome.SILENT
        return Outcome.UNKNOWN if self.seen is None else Outcome.SEEN


@dataclass(frozen=True, slots=True)
class Keeper:
    """Brings sights into the directory. Safe to share."""

    office: Office
    names: Pseudonyms

    def keep(self, sight: Sight, also: Beside | None = None) -> None:
        """In force when it returns. `also`: what belongs into the same transaction; it may raise, and then nothing is written.

        Raises Unavailable, Busy and what the journal raises; the look is refused then.
        """

        def beside(db: Connection, now: int) -> None:
            if also is not None:
                also(db, now)
            until = instant(now) + sight.counts + GRACE
            note(db, sight.case, Sighting(sight.system, sight.asked, until, sight.outcome, sight.why), now)

        for _ in range(_TRIES):
            with reading(self.office.engine) as db:
                said = [] if sight.seen is None else self._said(db, sight)
                same = not said or compare(db, said, TICKETS).same
            if same:
                # Nothing differs: the sighting alone, and no word of the feed, which has no need of it.
                with writing(self.office.engine) as db:
                    beside(db, micros(self.office.clock()))
                return
            try:
                bring(said, source=TICKETS, office=self.office, beside=beside)
            except Busy as error:
                if error.part != "directory":
                    raise
                continue  # Another case changed at the same moment. What we say is compared anew.
            return
        raise Busy("cases change faster than they can be kept", part="directory", hint="ask again")

    def _said(self, db: Connection, sight: Sight) -> list[Said]:
        seen, about = sight.seen, {"case_id": sight.case}
        if seen is None:
            return []
        who = whose(db, sight.system, self.names, _accounts(seen))
        return [
            Said("cases", about, _rows([_case(sight, seen, who)])),
            Said("case_persons", about, _rows(_person(sight.case, named, self.names, who) for named in seen.persons)),
            Said("case_hands", about, _rows(_hands(sight.case, seen, self.names, who))),
        ]


def _accounts(seen: SeenCase) -> set[Account | None]:
    """Every account that the case mentions."""
    found: set[Account | None] = {*seen.openers, *seen.requesters}
    for given in seen.assigned:
        found |= {given.to, given.by}
    found |= {queued.by for queued in seen.queued}
    return found.union(*(named.hands for named in seen.persons))


def _rows(cells: Iterable[Cells]) -> Rows:
    return {digest_of(row): row for row in cells}


def _case(sight: Sight, seen: SeenCase, who: Whose) -> Cells:
    assigned = [who(given.to) for given in seen.assigned]
    requesters = [who(each) for each in seen.requesters]
    # Its clock may be ahead of ours. What is closed is closed now, and not from next minute on.
    closed = FOR_EVER if seen.closed is None else min(micros(seen.closed), micros(sight.asked))
    return {
        "case_id": sight.case,
        "type": seen.type,
        "opened": min(micros(seen.opened), closed),
        "closed": closed,
        "assignee": assigned[0] if len(assigned) == 1 else None,
        "requester": requesters[-1] if requesters else None,
        "approver": None,
        "status": None,
        "opened_by": who(seen.openers[-1]) if seen.openers else None,
        "queue": seen.queued[0].queue if len(seen.queued) == 1 else None,
    }


def _person(case: str, named: Named, names: Pseudonyms, who: Whose) -> Cells:
    return {
        "case_id": case,
        "person": names.person(named.person),
        "added": None if named.since is None else micros(named.since),
        "added_by": None if named.since is None else who(named.hands[-1]),
        "fields": None if named.fields is None else "|".join(sorted(f"{a.field}:{a.detail}" for a in named.fields)),
    }


def _hands(case: str, seen: SeenCase, names: Pseudonyms, who: Whose) -> Iterable[Cells]:
    """Whose hands did what: all of them, where the table of cases has room for the last."""

    def row(role: str, of: str | None, hand: str | None) -> Cells:
        return {"case_id": case, "role": role, "of": of, "hand": hand}

    for opener in seen.openers:
        yield row("opened", None, who(opener))
    for requester in seen.requesters:
        yield row("requested", None, who(requester))
    for given in seen.assigned:
        if (to := who(given.to)) is not None:
            yield row("assigned", to, who(given.by))
    for queued in seen.queued:
        yield row("queued", queued.queue, who(queued.by))
    for named in seen.persons:
        for hand in named.hands if named.since is not None else (None,):
            yield row("named", names.person(named.person), who(hand))
