# SPDX-License-Identifier: Apache-2.0
"""Taking a file in: its looks become records, and so does what became of the file.

    file ──pieces──▶ record ──read──▶ looks ──pseudonyms──▶ journal ──┐ durable, a window of them at a time
      └── sha256, size ───────────────── counts, gaps, first and last ┴──▶ one INTAKE record

Invariant: taken + skipped + malformed is the number of records read, and a file read again changes nothing: each look
has a key that follows from its id, and is looked for before it is handed in. Whatever the journal raises goes to the
caller; the looks before it are durable, and running again completes.

An id is the source's word. Where another look already has it (whoever may choose their request ids could hide behind an
old one), the look is recorded beside it, under an id of its own, and counted. So is a look at other fields of the same
person at the same moment, where the map that is used tells the first one as it stands there.   Decided in: docs/adr/0035
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from whosaw.collect import bodies
from whosaw.collect.bodies import Names
from whosaw.collect.counting import Count
from whosaw.collect.lines import Source
from whosaw.collect.observed import Malformed, No, Observed, Taken
from whosaw.collect.ports import Desk, Reader
from whosaw.collect.report import Report
from whosaw.collect.tally import Counts
from whosaw.errors import BadInput, Damaged, IdempotencyConflict, NotCanonical
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.look_body import LookBody
from whosaw.model.record import Json, Kind, Stream, canonical, parse, time_text

CALLER = "collect"
WINDOW = 256
UNKNOWN_CASE = "a case that nobody knows"
UNKNOWN_PURPOSE = "a purpose outside the list"
BESIDE = "an id that another look has: recorded beside it"
_OFTEN = 1_024
_REMEMBERED = 10_000


def take(reader: Reader, file: Path, desk: Desk, *, progress: Callable[[int, int], None] | None = None) -> Report:
    """Take `file` in. `progress`: (bytes read, size of the file), now and then.

    Raises BadInput where the file cannot be opened or is no such log (nothing was recorded), and what the journal raises.
    """
    try:
        raw = file.open("rb")
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(file)) from None
    with raw:
        size = file.stat().st_size
        source = Source(raw)
        count = Count()
        writing = _Writing(desk, count)
        for where, piece in reader.pieces(source.chunks()):
            outcome = piece if isinstance(piece, Malformed) else reader.read(piece, where)
            if isinstance(outcome, Taken) and (why := writing.write(outcome)) is not None:
                outcome = Malformed.of(piece if isinstance(piece, bytes) else b"", why)
            count.record(where, outcome)
            if progress is not None and count.records % _OFTEN == 0:
                progress(source.size, size)
        writing.settle()
        report = count.report(reader.source, source, reader.map_digest, desk.clock(), reader.gaps())
    if progress is not None:
        progress(report.size, report.size)
    return replace(report, recorded=_record(report, desk))


# ── recording ──


@dataclass(frozen=True, slots=True)
class _Look:
    """A look on its way: its first body and its persons."""

    observed: Observed
    first: LookBody
    persons: tuple[tuple[str, str], ...] = field(repr=False)

    def beside(self, *, exactly: bool = False) -> _Look:
        own = bodies.beside(self.first, self.persons, exactly=exactly)
        return replace(self, first=replace(self.first, look=own))


class _Found(Enum):
    """What stands under a look's id: nothing or the same, the same event told otherwise, or another event."""

    ALIKE = "alike"
    OTHERWISE = "otherwise"
    ANOTHER = "another"


class _Writing:
    """Looks on their way to the journal, at most `WINDOW` submissions of them undecided."""

    def __init__(self, desk: Desk, count: Count) -> None:
        self._desk, self._count = desk, count
        self._waiting: OrderedDict[str, tuple[Future[Recorded], tuple[Record, ...]]] = OrderedDict()
        self._principals: OrderedDict[str, str] = OrderedDict()
        self._told: OrderedDict[str, None] = OrderedDict()

    def write(self, taken: Taken) -> No | None:
        """Hand in the looks of one record: all of them or, where one cannot be recorded, none."""
        now = self._desk.clock()
        for observed in taken.looks:
            if (why := bodies.fault(observed, now)) is not None:
                return why
        looks = [self._named(look, now) for look in taken.looks]
        try:
            for look in looks:
                look.first.encode()
        except NotCanonical:
            return No("tells of a look that has no canonical spelling")
        for look in looks:
            self._count.look(look.observed)
            self._record(look)
        return None

    def _record(self, look: _Look) -> None:
        """Under its own id, or beside the look that has it.

        The same event told otherwise may be this map's doing, or a second look that hides behind the first one's id. It is
        the second if this map told the first as it stands there, or if it was recorded as one before.
        """
        base = look
        found = self._hand_in(base)
        if found is _Found.ANOTHER:
            base = look.beside()
            found = self._hand_in(base)
        key, beside = _key(base.first.look, 0), base is not look
        if found is _Found.ALIKE:
            self._told[key] = None
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
        else:
            own = look.beside(exactly=True)
            if key in self._told or self._there(_key(own.first.look, 0)):
                self._hand_in(own)
                beside = True
            else:
                self._count.known, self._count.otherwise = self._count.known + 1, self._count.otherwise + 1
        if beside:
            self._count.flags.add(BESIDE)
            self._count.beside += 1

    def settle(self, until: int = 0) -> None:
        """Wait until at most `until` submissions are undecided. Raises what the journal raised for one of them."""
        while len(self._waiting) > until:
            key, (future, _) = self._waiting.popitem(last=False)
            try:
                future.result()
            except IdempotencyConflict:
                # Another intake of the same look, at the same time: its record is as good as ours.
                if not self._there(key):
                    raise
                self._count.new, self._count.known = self._count.new - 1, self._count.known + 1

    def _hand_in(self, look: _Look) -> _Found:
        """Hand in what is not there yet. Nothing is counted where it was not ALIKE."""
        for number, records in enumerate(bodies.parts(look.first, look.persons)):
            key = _key(look.first.look, number)
            try:
                earlier = self._earlier(key)
            except IdempotencyConflict:
                # It was recorded, and erased since: nobody may record it again, and nobody can compare it any more.
                self._count.known += number == 0
                continue
            if earlier is None:
                self.settle(WINDOW - 1)
                self._waiting[key] = self._desk.journal.enqueue(Submission(CALLER, key, records)), records
                self._count.new += number == 0
            elif number == 0:
                ours = [LookBody.decode(record.body) for record in records]
                if not bodies.same_event(ours, earlier):
                    return _Found.ANOTHER
                if not bodies.same_look(ours, earlier):
                    return _Found.OTHERWISE
                self._count.known += 1
                self._count.otherwise += not bodies.told_alike(ours, earlier)
        return _Found.ALIKE

    def _earlier(self, key: str) -> list[LookBody] | None:
        """The look that this key was used for, durable or on its way. Raises IdempotencyConflict where any of it was erased."""
        if key in self._waiting:
            return [LookBody.decode(record.body) for record in self._waiting[key][1]]
        recorded = self._desk.journal.find(CALLER, key)
        if recorded is None:
            return None
        if recorded.erased:
            raise IdempotencyConflict("a part of what was recorded under this key was erased")
        found = [leaf.body for leaf in recorded.leaves if parse(leaf.body)["kind"] != Kind.ENROL]
        try:
            return [LookBody.decode(body) for body in found]
        except NotCanonical as error:
            raise Damaged("what is recorded under a look's key is not a look", where="journal") from error

    def _there(self, key: str) -> bool:
        """Whether something is recorded under this key, or on its way, or was until it was erased."""
        try:
            return self._earlier(key) is not None
        except IdempotencyConflict:
            return True

    def _named(self, look: Observed, now: datetime) -> _Look:
        desk = self._desk
        if look.keyed:
            # A request's id that its sender chose may be a name, and ids stand in streams that no person's key opens.
            look = replace(look, id=f"k-{desk.pseudonyms.digest(look.id.encode())[:16].hex()}", keyed=False)
        persons = tuple((person, desk.pseudonyms.person(person)) for person in dict.fromkeys(look.persons))
        on_behalf_of = None if look.on_behalf_of is None else self._principal(look.on_behalf_of)
        purpose = look.purpose if look.purpose in desk.purposes else None
        case = look.case if look.case is not None and desk.known_case(look.case) else None
        if purpose != look.purpose:
            self._count.flags.add(UNKNOWN_PURPOSE)
        if case != look.case:
            self._count.flags.add(UNKNOWN_CASE)
        query = None if look.query is None else desk.pseudonyms.digest(look.query.encode("utf-8", "surrogatepass"))
        names = Names(self._principal(look.principal), on_behalf_of, persons)
        return _Look(look, bodies.body(look, names, purpose=purpose, case=case, query=query, taken=now), persons)

    def _principal(self, principal: str) -> str:
        found = self._principals.get(principal)
        if found is None:
            found = self._principals[principal] = self._desk.remember(principal)
            if len(self._principals) > _REMEMBERED:
                self._principals.popitem(last=False)
        return found


def _key(look_id: str, part: int) -> str:
    """The idempotency key of a look's part: 64 bytes, whatever the id is."""
    return hashlib.sha256(f"whosaw/look/v1\n{part}\n{look_id}".encode()).hexdigest()


# ── the file's own record ──


def _record(report: Report, desk: Desk) -> bool:
    """Record the outcome, once: the same file with the same outcome is no second record."""
    outcome: dict[str, Json] = {
        "v": 1,
        "kind": str(Kind.INTAKE),
        "source": report.source,
        # Keyed: whoever has the record could try files of one line until one fits.
        "file": _b64(desk.pseudonyms.digest(b"whosaw/intake/v1" + report.sha256)),
        "size": report.size,
        "map": _b64(report.map_digest),
        "taken": report.taken,
        "skipped": report.skipped,
        "malformed": report.malformed,
        "looks": report.looks,
        "mentions": report.mentions,
        "skipped_for": _listed(report.reasons),
        "malformed_for": _listed(report.wrong),
        "flags": _listed(report.flags),
        "gaps": list(report.gaps),
        "holes": report.holes,
        "first": None if report.first is None else time_text(report.first),
        "last": None if report.last is None else time_text(report.last),
        "broken": report.broken,
    }
    key = hashlib.sha256(canonical(outcome)).hexdigest()
    if desk.journal.find(CALLER, key) is not None:
        return False
    told: dict[str, Json] = {
        "new": report.new,
        "known": report.known,
        "otherwise": report.otherwise,
        "beside": report.beside,
        "at": time_text(desk.clock()),
    }
    body = canonical(outcome | told)
    desk.journal.submit(Submission(CALLER, key, (Record(Stream.named("admin"), body),)))
    return True


def _listed(counts: Counts, limit: int = 50) -> list[Json]:
    return [{"reason": reason, "count": count} for reason, count in counts[:limit]]


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode()
