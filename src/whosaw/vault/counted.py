# SPDX-License-Identifier: Apache-2.0
"""How many accounts there are under each heading: opened, counted and blurred inside the vault.

    recorded question ──▶ durable? permitted? this very one? ──▶ rows of its period ──newest of each account──▶ heading
                                                     ──▶ one number for each ──noise──▶ what leaves

Invariant: an account counts once, under one heading or none, so whether it is there changes one number by one. What was counted
ends here: only what `noise` made of it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from whosaw.errors import NotCanonical, WrongReceipt
from whosaw.model.access import Asked
from whosaw.model.count_body import CountBody, Question
from whosaw.privacy.detail import caveat, placed
from whosaw.privacy.fields.kind import NOWHERE, Places
from whosaw.privacy.headings import Headings
from whosaw.privacy.ipcrypt.epochs import bounds
from whosaw.privacy.keyring import Keyring
from whosaw.vault.match import stands
from whosaw.vault.ports import Leaves, RecordedLook, SealedRows

Noise = Callable[[Sequence[int], int], Sequence[int]]
"""Whole numbers, and epsilon in thousandths ──▶ as many whole numbers."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PAGE = 2048


class Counted:
    """Made by the vault."""

    def __init__(self, rows: SealedRows, keyring: Keyring, journal: Leaves, places: Places = NOWHERE) -> None:
        self._rows, self._keyring, self._journal, self._places = rows, keyring, journal, places

    def __repr__(self) -> str:
        return "Counted(…)"

    def headings(self, asked: Asked, texts: Iterable[str]) -> Headings:
        """The list as it is counted under here. Raises BadInput."""
        return Headings(asked, texts, self._places)

    def caveat(self, asked: Asked, *, again: bool) -> str:
        """What these headings do not prove, and by whose word an account is under one. `again`: it was counted before."""
        if not placed(asked.field, asked.detail):
            return caveat(asked.field)
        by = "Where an address is, a database of that day guessed." if again else self._places.says()
        return " ".join(filter(None, (by, caveat(asked.field))))

    def counted(self, recorded: RecordedLook, question: Question, headings: Headings, noise: Noise) -> tuple[int, ...]:
        """A number for each heading, in its order. Raises WrongReceipt, and nothing was read then."""
        body = self._question(recorded, question, headings)
        counts = [0] * len(headings.texts)
        for value in self._values(question, (body.at - _EPOCH) // _MICROSECOND // 1000):
            under = headings.under(value)
            if under is not None:
                counts[under] += 1
        return tuple(noise(counts, body.epsilon))

    def _values(self, question: Question, stored_until: int) -> Iterator[str]:
        """Of each account, the value that was seen last in the period, of those stored by then."""
        field = str(question.asked.field)
        begin, end = ((at - _EPOCH) // _MICROSECOND for at in bounds(question.period))
        after: tuple[bytes, bytes] = (b"", b"")
        newest: dict[bytes, tuple[int, bytes, bytes]] = {}
        while page := self._rows.seen_within(field, begin, end, stored_until, after=after, limit=_PAGE):
            after = page[-1][:2]
            for handle, source, seen, sealed in page:
                newest[handle] = max(newest.get(handle, (-1, b"", b"")), (seen, source, sealed))
            # The last account of a page may go on in the next.
            last = (after[0], newest.pop(after[0]))
            yield from self._opened(field, newest)
            newest = dict([last])
        yield from self._opened(field, newest)

    def _opened(self, field: str, newest: dict[bytes, tuple[int, bytes, bytes]]) -> Iterator[str]:
        keys = self._keyring.held(list(newest)) if newest else {}
        for handle, (seen, _, sealed) in newest.items():
            if handle in keys:  # else it was erased
                yield keys[handle][0].open(field, seen, sealed).decode()

    def _question(self, recorded: RecordedLook, question: Question, headings: Headings) -> CountBody:
        """The question in its record, which the log holds: as in ``vault.addresses``."""
        leaf = recorded.leaves[-1]
        if not stands(self._journal, leaf):
            raise _wrong("the log holds no such record")
        try:
            body = CountBody.decode(leaf.body)
        except NotCanonical as error:
            raise _wrong("what it records is no count") from error
        if not body.permitted or body.again or body.epsilon <= 0:
            raise _wrong("it is not of a permitted count that has no answer yet")
        if body.question != question.digest or question.headings != headings.texts:
            raise _wrong("it is of another question")
        return body


def _wrong(why: str) -> WrongReceipt:
    return WrongReceipt(f"the record opens no count: {why}", hint="nothing was released")
