# SPDX-License-Identifier: Apache-2.0
"""The vault: values sealed one by one under their person's own key, opened for a receipt and nothing else.

    put   value ──canonical──▶ seal under K ──▶ one row per source
    open  look + recorded + decision ──match──▶ newest rows ──▶ open ──▶ mask ──▶ Value …
    pseudonymised  recorded call ──▶ all addresses of its epoch, each as a pseudonym        (vault.addresses)
    counted        recorded question ──match──▶ one number for each heading, with noise     (vault.counted)

Invariant 1 of the architecture lives here: nothing is released without a durable receipt for exactly that look. The
match comes first and needs no key that opens a value; until it has said yes, no row was even read.

A receipt can be used again for a while: a caller that lost the answer asks with the same look and gets the same values,
under the same record (``vault.released``). It shows *what the vault held at the time of the look* and never more. Otherwise one look permitted in
spring would show a person's new addresses all summer, with one line in their statement.

Specification: docs/spec/keys.md
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from whosaw.directory.remembered import once
from whosaw.errors import BadInput
from whosaw.model.access import Field, Look, Mode
from whosaw.model.decision import Decision
from whosaw.model.delivered import Deliveries
from whosaw.model.record import Stream
from whosaw.privacy.data_key import DataKey
from whosaw.privacy.detail import canonical, check_offered, is_text, mask
from whosaw.privacy.detail import seen as coarse
from whosaw.privacy.fields.kind import EXACT, NOWHERE, Places, World
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Random
from whosaw.tlog.note import VerifierKey
from whosaw.vault.addresses import Addresses
from whosaw.vault.chain import Chains
from whosaw.vault.counted import Counted
from whosaw.vault.crowd import Crowd, ToShow
from whosaw.vault.each import each
from whosaw.vault.gathered import Gathered, Row
from whosaw.vault.match import Request, matching, wrong
from whosaw.vault.ports import Aside, Granted, Leaves, RecordedLook, SealedRows
from whosaw.vault.released import OPEN_FOR, Released, Tally
from whosaw.vault.stage import Heads, check_stage
from whosaw.vault.value import Value

NEWEST, EXPORTED = 20, 100_000
LIMIT = 64 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Vault:
    """Sealed values of persons. Safe to share between threads."""

    __slots__ = (
        "_chains", "_clock", "_crowd", "_heads", "_journal", "_keyring", "_last", "_lock", "_newest", "_origin", "_places", "_pseudonyms", "_random", "_receipts", "_released", "_rows",
    )  # fmt: skip

    def __init__(
        self,
        rows: SealedRows,
        keyring: Keyring,
        pseudonyms: Pseudonyms,
        *,
        crowd: Crowd,
        receipts: VerifierKey,
        heads: Heads,
        origin: str,
        journal: Leaves,
        clock: Callable[[], datetime],
        random: Random,
        newest: int = NEWEST,
        last_look: datetime | None = None,
        open_for: timedelta = OPEN_FOR,
        deliveries: Deliveries | None = None,
        places: Places = NOWHERE,
    ) -> None:
        """`receipts`: the key that this log signs receipts with, `heads`: those of its heads. `newest`: how many values of a field are shown.

        `last_look`: the newest look before this start; what comes in is stored after it, whatever the clock says.
        `open_for`: how long after its record a look is answered. `deliveries`: how often; without it, as this process knows.
        """
        self._rows, self._keyring, self._pseudonyms = rows, keyring, pseudonyms
        self._crowd, self._places = crowd, places
        self._receipts, self._heads, self._origin, self._journal = receipts, heads, origin, journal
        self._clock, self._random, self._newest = clock, random, newest
        self._chains, self._released = Chains(), Released(open_for, last_look, deliveries)
        self._lock, self._last = threading.Lock(), -1 if last_look is None else _millis(last_look)

    def __repr__(self) -> str:
        return "Vault(…)"

    def put(self, person: str, field: Field, value: str, seen: datetime, source_id: str) -> bool:
        """Seal one `value` of `person`, true at `seen`. True if it is new, False if its source was taken in before.

        `source_id` names where it came from so that the same log taken in twice changes nothing. Raises BadInput.
        """
        plain, at = _checked(field, value, source_id), _micros(seen)
        # Last, because it makes the person's stream: what is refused above leaves no trace.
        key = self._keyring.key(Stream.of_person(person))
        source, sealed = key.source(str(field), source_id), key.seal(str(field), at, plain, self._random)
        # Stamped and written under one lock, and after the newest look: a value that came in while somebody looked, or
        # under a clock that was set back, would otherwise be shown to whoever asks again under that look.
        with self._lock:
            stored = max(_millis(self._clock()), self._last + 1)
            new = self._rows.add(
                handle=key.handle, field=str(field), seen=at, stored=stored, source=source, sealed=sealed
            )
        if field is Field.IP:
            # Whether it is new or not: a crash may have come between the two.
            if new:
                self._crowd.joined(key, [(plain.decode(), at)])
            else:
                self._crowd.joined_by(self._rows.standing(field, [(key.handle, source)]))
        return new

    def gathered(self) -> Gathered:
        """Takes many values, as if each was put, with few questions to the stores for all."""
        return Gathered(
            self._keyring,
            self._crowd,
            check=_fit,
            store=self._stored,
            standing=self._rows.standing,
            random=self._random,
        )

    def mark(self, source: bytes, behind: int) -> None:
        """So many rows of an import are behind us; after all that belongs to them."""
        self._rows.mark(source, behind)

    def reached(self, source: bytes) -> int:
        """How many rows of an import are behind us."""
        return self._rows.reached(source)

    def open(
        self,
        look: Look,
        recorded: RecordedLook,
        decision: Decision,
        receipt: bytes = b"",
        aside: Aside = nullcontext,
    ) -> tuple[Value, ...]:
        """The values that `look` asked for and `decision` grants, newest first within each field.

        Raises WrongReceipt unless `recorded` is the durable record of exactly this look, permitted exactly so, and
        `receipt` shows that it has come as far as was decided: nothing, or a proof file; and unless its time is not over.
        `aside`: within it the disk is waited for.
        """
        (made,) = self.open_all([_Granted(look, recorded, decision, receipt)], aside)
        if isinstance(made, Exception):
            raise made
        return made

    def open_all(self, granted: Sequence[Granted], aside: Aside = nullcontext) -> list[tuple[Value, ...] | Exception]:
        """What `open` returns or raises for each. What is to be kept of all of them is kept at once."""
        asked = each(granted, self._asked)
        matched = self._counted(each(asked, self._matched))
        # For all of them before the first row is read: the database may be asked once for all whether anything came in, and
        # what comes in for the last of them after that is not of its time.
        self._seen([one.at for one in matched if isinstance(one, _Matched)])
        with once():
            openings = each(matched, self._opening)
        # How much of each address may be shown: the same whenever a look is asked again.
        wanted = [one for one in openings if isinstance(one, _Opening) and one.to_ask is not None]
        kept = self._crowd.shown_all([one.to_ask for one in wanted if one.to_ask is not None], aside)
        for opening, lengths in zip(wanted, kept, strict=True):
            opening.lengths = lengths
        return each(openings, self._masked)

    def _asked(self, given: Granted) -> _Asked:
        """What the record is held against: what is asked, with the keys and pseudonyms that this vault makes itself."""
        look = given.look
        # Not `key`: a question about a person nobody knows must not give them a stream.
        key = self._keyring.known(Stream.of_person(look.person))
        if key is None:
            raise wrong(look, "the person has no stream that it could stand in")
        request = Request(
            look=look,
            principal=self._pseudonyms.principal(look.principal),
            person=self._pseudonyms.person(look.person),
            stream=key.stream(self._origin),
            decision=given.decision,
            origin=self._origin,
        )
        return _Asked(given, key, request)

    def _matched(self, asked: _Asked) -> _Matched:
        """That this look may be opened. No row of the person is read."""
        given, request = asked.given, asked.request
        found, body = matching(request, given.recorded, self._receipts, self._journal, self._chains)
        check_stage(request, found, given.receipt, recorded=given.recorded, heads=self._heads, at=self._clock())
        return _Matched(given.look, given.decision, asked.key, body.at, _millis(body.at), found.label)

    def _counted(self, matched: Sequence[_Matched | Exception]) -> list[_Matched | Exception]:
        """Each of them, if it may be answered once more: all are counted at once, and none of them is read before that."""
        asked = [one for one in matched if isinstance(one, _Matched)]
        if not asked:
            return list(matched)
        said: Sequence[Exception | None]
        try:
            said = self._released.once_more([(one.look, one.when) for one in asked], self._clock())
        except Exception as error:  # noqa: BLE001 - said of each of them
            said = [error] * len(asked)
        refused = iter(said)
        return [one if isinstance(one, Exception) else next(refused) or one for one in matched]

    def _seen(self, at: Sequence[int]) -> None:
        """What comes in from here on is stored after these looks."""
        with self._lock:
            self._last = max((self._last, *at))

    def _opening(self, matched: _Matched) -> _Opening:
        """What the vault held of what is granted at the time of the look; after the match, and for nobody else."""
        look, decision, key = matched.look, matched.decision, matched.key
        # Whoever asks for what is kept of them gets all of it, and not what is newest.
        most = EXPORTED if look.mode is Mode.EXPORT else self._newest
        for asked in decision.detail:
            check_offered(asked.field, asked.detail, self._places)
        made = _Opening()
        for asked in decision.detail:
            rows = self._rows.newest(key.handle, str(asked.field), matched.at, most)
            values = [(key.open(str(asked.field), seen, sealed).decode(), seen) for seen, sealed in rows]
            made.values.append(((asked.field, asked.detail), values))
            if asked.field is Field.IP and asked.detail != EXACT and values:
                made.to_ask = ToShow(key, values, matched.label, most)
        return made

    def addresses(self) -> Addresses:
        """All addresses of a time, as pseudonyms and never as they are."""
        return Addresses(self._rows, self._keyring, self._journal, self._clock)

    def counts(self) -> Counted:
        """How many accounts there are under headings, with noise and never as it is."""
        return Counted(self._rows, self._keyring, self._journal, self._places)

    def _stored(self, rows: Sequence[Row]) -> int:
        """As `put` does it, of many."""
        with self._lock:
            stored = max(_millis(self._clock()), self._last + 1)
            return self._rows.add_all([(h, f, at, stored, s, text) for h, f, at, s, text in rows])

    @property
    def delivered(self) -> Tally:
        """How often values left, since this start."""
        return self._released.tally

    def _masked(self, opening: _Opening) -> tuple[Value, ...]:
        """Each value as it is shown."""
        made: list[Value] = []
        for (field, detail), values in opening.values:
            prefixes: Sequence[int | None] | Exception = [None] * len(values)
            if opening.to_ask is not None and values is opening.to_ask.values:
                prefixes = opening.lengths
            if isinstance(prefixes, Exception):
                raise prefixes
            for (plain, seen), prefix in zip(values, prefixes, strict=True):
                shown = mask(field, plain, detail, World(prefix, self._places))
                at = coarse(field, detail, _EPOCH + seen * _MICROSECOND)
                made.append(Value(field, detail, at, shown.text, shown.caveat))
        return tuple(made)


@dataclass(frozen=True, slots=True)
class _Granted:
    """``ports.Granted`` of one call."""

    look: Look
    recorded: RecordedLook
    decision: Decision
    receipt: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """One look, and what its record is held against."""

    given: Granted
    key: DataKey
    request: Request


@dataclass(frozen=True, slots=True, repr=False)
class _Matched:
    """One look whose receipt has matched. `at`: its time, in milliseconds; `label`: of its leaf."""

    look: Look
    decision: Decision
    key: DataKey
    when: datetime
    at: int
    label: bytes


class _Opening:
    """One look whose receipt has matched: its values, by field and detail, open and not yet masked.

    `to_ask`: what the crowd is to be asked, and `lengths` what it says: how much of each address is shown.
    """

    __slots__ = ("lengths", "to_ask", "values")

    def __init__(self) -> None:
        self.values: list[tuple[tuple[Field, str], list[tuple[str, int]]]] = []
        self.to_ask: ToShow | None = None
        self.lengths: Sequence[int | None] | Exception = ()


def _fit(field: Field, value: str, source_id: str, seen: datetime) -> tuple[bytes, int]:
    """What is sealed of a value, and its time. Raises BadInput."""
    return _checked(field, value, source_id), _micros(seen)


def _checked(field: Field, value: str, source_id: str) -> bytes:
    """The bytes to seal. Raises BadInput."""
    plain = canonical(field, value).encode()
    if len(plain) > LIMIT:
        raise BadInput(f"a value has at most {LIMIT} bytes", where=str(field))
    if not source_id or not is_text(source_id):
        raise BadInput("where a value came from is text and not empty", where="source")
    return plain


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise BadInput("a time needs its zone", where="seen")
    return (at - _EPOCH) // _MICROSECOND


def _millis(at: datetime) -> int:
    """Cut like the time in a record, or what came in at the very moment of a look would seem to come after it."""
    return _micros(at) // 1000
