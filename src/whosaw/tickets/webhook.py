# SPDX-License-Identifier: Apache-2.0
"""A system that is not asked but tells: signed pushes, each once, and a case is as the last one said.

    POST, signed ──open_push──▶ Push ──▶ a newer version of the case?  ─ yes ─▶ sealed, and in the directory
                     │                 └ no: refused, and nothing changes
                     └ wrong signature, wrong time, seen before: refused

Signed as Standard Webhooks have it: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,BASE64`, HMAC-SHA256 over
`id.timestamp.body`. What is pushed is a case in our own words (`whosaw-case/1`, docs/connectors/tickets.md).

A system that falls silent is not told from one with nothing to say, so it says at least that it is alive.

Invariant: a push counts once, within five minutes, and never replaces what a later one said.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from whosaw.errors import BadInput, Unavailable
from whosaw.model.access import Asked
from whosaw.tickets.ports import Clock, silent
from whosaw.tickets.pushed_rows import PushedRows
from whosaw.tickets.seen import Account, Given, Named, Queued, SeenCase
from whosaw.tickets.shape import account, at, instant, items, maybe, strict, word
from whosaw.tickets.story import ANY, NO_TYPE, Words

FORMAT = "whosaw-case/1"
WINDOW = timedelta(minutes=5)
LIMIT = 256 * 1024
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True, slots=True)
class Push:
    """One push, its signature verified. `case`: None where it says only that the system is alive."""

    id: str
    at: datetime
    case: str | None
    version: int
    body: bytes = field(repr=False)


def open_push(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Push:
    """The push behind these headers (names in small letters). Raises BadInput, and says nothing of what is in it."""
    if len(body) > LIMIT:
        raise BadInput(f"more than {LIMIT:,} bytes", where="push")
    id_, stamp, signatures = (headers.get(name, "") for name in _HEADERS)
    if not _signed(id_, stamp, body, signatures, secret):
        raise BadInput("its signature is not ours", where="push")
    sent = _sent(stamp)
    if abs(now - sent) > WINDOW:
        raise BadInput(
            "it was signed more than five minutes from now",
            where="push",
            hint="one of the clocks is wrong, or it is a replay",
        )
    said = _read(body)
    if at(said, "alive") is True:
        return Push(id_, sent, None, 0, body)
    number = at(said, "version")
    if type(number) is not int or not 0 < number < 2**53:
        raise BadInput("its `version` is no number from 1", where="push")
    parse_case(body, Words({}, {}))  # what cannot be read is refused while the sender listens
    return Push(id_, sent, _plain(said, "id"), number, body)


def sign(id_: str, stamp: str, body: bytes, secret: str) -> str:
    """The signature of a push: for whoever sends, and for tests."""
    return "v1," + b64encode(hmac.digest(_key(secret), f"{id_}.{stamp}.".encode() + body, sha256)).decode()


def _signed(id_: str, stamp: str, body: bytes, signatures: str, secret: str) -> bool:
    if not 1 <= len(id_) <= 100 or not id_.isascii() or not id_.isprintable():
        return False
    ours = sign(id_, stamp, body, secret).encode()
    # Several may be given while a secret is changed. All are compared: the time taken tells nothing.
    matching = [hmac.compare_digest(ours, given.encode()) for given in signatures.split(" ")]
    return any(matching)


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        raise silent("its secret is not `whsec_` and base64 of 24 to 64 bytes")
    return key


def _sent(stamp: str) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise BadInput("its timestamp is no whole number of seconds", where="push")
    return datetime.fromtimestamp(int(stamp), UTC)


def _read(body: bytes) -> Any:
    try:
        said = strict(body)
        if at(said, "format") != FORMAT:
            raise BadInput(f"its `format` is not {FORMAT!r}", where="push")
    except Unavailable as error:
        raise BadInput(str(error), where="push") from None
    return said


def _plain(said: Any, name: str) -> str:
    try:
        return word(said, name)
    except Unavailable as error:
        raise BadInput(str(error), where="push") from None


def parse_case(body: bytes, words: Words) -> SeenCase | None:
    """The case in a push; None where it says that the case is gone. Raises BadInput where it is none."""
    said = _read(body)
    try:
        return None if at(said, "gone") is True else _case(said, words)
    except Unavailable as error:
        raise BadInput(str(error), where="push") from None


def _case(said: Any, words: Words) -> SeenCase:
    type_ = words.types.get(word(said, "type"), words.types.get(ANY, NO_TYPE))
    return SeenCase(
        id=word(said, "id"),
        type=type_,
        opened=instant(said, "opened"),
        closed=None if at(said, "closed") is None else instant(said, "closed"),
        openers=_accounts(said, "opened_by"),
        requesters=tuple(each for each in _accounts(said, "requesters") if each is not None),
        assigned=tuple(Given(_must(each, "to"), _account(each, "by")) for each in items(said, "assigned")),
        queued=tuple(
            Queued(words.queues.get(word(each, "queue"), word(each, "queue")), _account(each, "by"))
            for each in items(said, "queued")
        ),
        persons=tuple(_named(each) for each in items(said, "persons")),
    )


def _named(said: Any) -> Named:
    fields = None if at(said, "fields") is None else items(said, "fields")
    return Named(
        person=word(said, "person"),
        since=None if at(said, "since") is None else instant(said, "since"),
        hands=_accounts(said, "by"),
        fields=None if fields is None else frozenset(_field(each) for each in fields),
    )


def _field(said: Any) -> Asked:
    if type(said) is not str:
        raise silent("a field is a text like ip:network")
    try:
        return Asked.parse(said)
    except BadInput:
        raise silent("a case lists a field that there is not") from None


def _accounts(said: Any, name: str) -> tuple[Account | None, ...]:
    """Accounts, null among them for a hand that the system cannot name. An empty list has done nothing: nobody knows."""
    found = tuple(None if each is None else account(word(each)) for each in items(said, name))
    return found or (None,)


def _account(said: Any, name: str) -> Account | None:
    own = maybe(said, name)
    return None if own is None else account(own)


def _must(said: Any, name: str) -> Account:
    return account(word(said, name))


@dataclass(frozen=True, slots=True)
class Webhook:
    """`ports.CaseSystem` over what was pushed."""

    name: str
    rows: PushedRows
    words: Words
    quiet: timedelta
    clock: Clock

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        del deadline  # nothing is waited for
        heard = self.rows.heard(self.name)
        if heard is None or self.clock() - heard > self.quiet:
            raise silent(f"it told us nothing for {int(self.quiet.total_seconds()):,} seconds")
        body = self.rows.find(self.name, id)
        if body is None:
            return None
        try:
            return parse_case(body, self.words)
        except BadInput as error:
            raise silent(str(error)) from None
