# SPDX-License-Identifier: Apache-2.0
"""``ports.People`` over the keyring: from an id to a pseudonym for everybody, and back for the gate alone.

    account ◀──▶ p-…     back only to write into the person's own stream; nobody is shown it
    staff   ◀──▶ e-…     back to say to an approver who it is that asks
    reason  ──▶ sealed under the person's own key: erasing the person erases what was written about them

Invariant: no function here lists anybody, and none gives the account behind a pseudonym to a person who asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.model.record import Stream
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import NameRows
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Random, Root
from whosaw.privacy.unseal import unseal_person, unseal_principal

_FIELD = "approval/reason"
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringPeople:
    """Everything that names and hides, in one hand."""

    keyring: Keyring = field(repr=False)
    rows: NameRows = field(repr=False)
    root: Root = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)
    remember: Callable[[str], str] = field(repr=False)
    random: Random = field(repr=False)

    def principal(self, staff: str) -> str:
        return self.remember(staff)

    def person(self, account: str) -> str:
        return self.pseudonyms.person(account)

    def account(self, pseudonym: str) -> str | None:
        return unseal_person(self.keyring, pseudonym)

    def staff(self, pseudonym: str) -> str | None:
        return unseal_principal(self.rows, self.root, pseudonym)

    def digest(self, text: bytes) -> bytes:
        return self.pseudonyms.digest(text)

    def seal(self, account: str, at: datetime, text: str) -> bytes:
        key = self.keyring.key(Stream.of_person(account))
        return key.seal(_FIELD, _micros(at), text.encode(), self.random)

    def open(self, pseudonym: str, at: datetime, sealed: bytes) -> str | None:
        account = self.account(pseudonym)
        if account is None:
            return None
        return self.keyring.key(Stream.of_person(account)).open(_FIELD, _micros(at), sealed).decode()


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
