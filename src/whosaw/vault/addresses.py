# SPDX-License-Identifier: Apache-2.0
"""The addresses of the vault, as pseudonyms: all of an epoch, chosen by nobody, and never as they are.

    recorded call ──▶ of the vault? permitted? durable? ──▶ rows of its epoch ──open──▶ address ──encrypt──▶ Sighting …

Whoever works against abuse needs to know which accounts shared a network, and not which network it is. So addresses are opened here,
go through `encrypt`, and end; what leaves is a pseudonym, whose account it was by pseudonym, and the hour.

Invariant: nothing is read before the record of the call is found durable in the log, of what came in after it nothing, and
never more values than stand in it. Who is erased meanwhile is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, datetime, timedelta

from whosaw.errors import BadInput, NotCanonical, WrongReceipt
from whosaw.model.access import Field
from whosaw.model.pseudonym_body import PseudonymBody
from whosaw.privacy.ipcrypt.epochs import bounds
from whosaw.privacy.keyring import Keyring
from whosaw.vault.match import stands
from whosaw.vault.ports import Leaves, RecordedLook, SealedRows

Encrypt = Callable[[Sequence[str]], Sequence[str]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _HOUR = timedelta(microseconds=1), 3_600_000_000
_PAGE = 2048


@dataclass(frozen=True, slots=True)
class Sighting:
    """An account had an address in the hour that begins at `hour`. `person` and `address` are pseudonyms."""

    hour: datetime
    person: str = attribute(repr=False)
    address: str = attribute(repr=False)


class Addresses:
    """Made by the vault."""

    def __init__(self, rows: SealedRows, keyring: Keyring, journal: Leaves, clock: Callable[[], datetime]) -> None:
        self._rows, self._keyring, self._journal, self._clock = rows, keyring, journal, clock

    def __repr__(self) -> str:
        return "Addresses(…)"

    def how_many(self, epoch: str) -> int:
        """How many values the vault has of this epoch. A number, about nobody."""
        begin, end = (_micros(at) for at in bounds(epoch))
        return self._rows.how_many(str(Field.IP), begin, end, _millis(self._clock()))

    def pseudonymised(self, recorded: RecordedLook, encrypt: Encrypt) -> Iterator[Sighting]:
        """Every value of the call's epoch that there was when it was recorded. Raises WrongReceipt, and nothing was read then."""
        call = self._call(recorded)
        begin, end = (_micros(at) for at in bounds(call.epoch))
        after, left = (b"", b""), call.addresses
        while left:
            page = self._rows.seen_within(
                str(Field.IP), begin, end, _millis(call.at), after=after, limit=min(_PAGE, left)
            )
            if not page:
                return
            left -= len(page)
            after = page[-1][:2]
            yield from self._opened(page, encrypt)

    def _opened(self, page: Sequence[tuple[bytes, bytes, int, bytes]], encrypt: Encrypt) -> Iterator[Sighting]:
        keys = self._keyring.held(list({handle for handle, *_ in page}))
        theirs = [(keys[handle], seen, sealed) for handle, _, seen, sealed in page if handle in keys]
        plain = [key.open(str(Field.IP), seen, sealed).decode() for (key, _), seen, sealed in theirs]
        for ((_, person), seen, _), pseudonym in zip(theirs, encrypt(plain), strict=True):
            yield Sighting(_EPOCH + seen // _HOUR * _HOUR * _MICROSECOND, person, pseudonym)

    def _call(self, recorded: RecordedLook) -> PseudonymBody:
        """The call in its record, which the log holds. Not the receipt alone: it says that a leaf *was* durable."""
        leaf = recorded.leaves[-1]
        if not stands(self._journal, leaf):
            raise _wrong("the log holds no such record")
        try:
            call = PseudonymBody.decode(leaf.body)
        except NotCanonical as error:
            raise _wrong("what it records is no call for pseudonyms") from error
        if call.what != "call" or call.source != "vault" or not call.permitted:
            raise _wrong("it is not of a permitted call for the addresses of the vault")
        return call


def _wrong(why: str) -> WrongReceipt:
    return WrongReceipt(f"the record does not open the addresses of the vault: {why}", hint="nothing was released")


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise BadInput("a time needs its zone", where="at")
    return (at - _EPOCH) // _MICROSECOND


def _millis(at: datetime) -> int:
    return _micros(at) // 1000
