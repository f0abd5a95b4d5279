# SPDX-License-Identifier: Apache-2.0
"""The desk where addresses get pseudonyms: take the quota, decide, record, and only then make a key for it.

    open(Ask, up_to) ──take──▶ decide ──▶ record in `pseudonyms` ──durable──▶ permitted? ─ no ─▶ Refused, quota given back
                                                                               └ yes ─▶ key of purpose and epoch ─▶ Session

Invariant: no pseudonym is made before the record of its call is durable, and never more than stand in it. A crash between the two
leaves a call on record that made none. What was taken for a permitted call is not given back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, get_args

from whosaw.errors import BadInput, MissingExtra, Unavailable, WhosawError
from whosaw.guard.ports import Cases, Clock, Remember
from whosaw.guard.ports import Facts as Directory
from whosaw.guard.pseudonyms.ask import Ask, Refused
from whosaw.guard.pseudonyms.limits import Limits
from whosaw.guard.pseudonyms.reasons import QUOTA, UNREAD, against, sentence
from whosaw.guard.pseudonyms.session import Present, Session, Told
from whosaw.guard.quota import seconds
from whosaw.guard.quota_count import Kept
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.pseudonym_body import PseudonymBody, Source
from whosaw.model.record import Stream
from whosaw.policy.facts import Known
from whosaw.policy.rules import Policy
from whosaw.privacy.root import Random
from whosaw.settings.pseudonyms import PseudonymSettings

CALLER = "guard/pseudonyms"
_SECOND = timedelta(seconds=1)
_NOBODY = ""  # no person has this pseudonym: the question is about the principal and the case alone


class Journal(Protocol):
    """The only writer of the log. `submit` is durable when it returns."""

    def submit(self, submission: Submission) -> Recorded: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A call that is permitted and on record: what the vault makes pseudonyms for. `accounts`: what persons are called in its table."""

    session: Session
    recorded: Recorded
    accounts: Callable[[str], str] = field(repr=False)


class Pseudonymiser:
    """Makes sessions. Safe to share between threads. `key`: ``Root.pseudonyms``; nothing hands it out."""

    def __init__(
        self,
        *,
        key: bytes,
        journal: Journal,
        directory: Directory,
        policy: Policy,
        limits: Limits,
        settings: PseudonymSettings,
        remember: Remember,
        clock: Clock,
        random: Random,
        cases: Cases | None = None,
    ) -> None:
        self._key, self._journal, self._directory, self._policy = key, journal, directory, policy
        self._limits, self._settings, self._remember = limits, settings, remember
        self._clock, self._random, self._cases = clock, random, cases

    def __repr__(self) -> str:
        return "Pseudonymiser(…)"

    def open(self, ask: Ask, up_to: int) -> Session | Refused:
        """A session for at most `up_to` addresses that the caller brings. Raises BadInput, and nothing is on record then."""
        made = self._open(ask, up_to, "given")
        return made if isinstance(made, Refused) else made.session

    def open_vault(self, ask: Ask, up_to: int) -> Opened | Refused:
        """The same for addresses that the vault has; the session is the vault's to use (``vault.Vault.pseudonymised``)."""
        return self._open(ask, up_to, "vault")

    def epoch(self, ask: Ask) -> str:
        """The epoch that `ask` is about. Raises BadInput."""
        return ask.epoch_at(self._clock(), self._settings.period)

    def shown(self, who: str, at: datetime) -> list[tuple[str, int, int]]:
        """What a principal, by pseudonym, has left of a day: what, limit, left. Nothing is taken."""
        return self._limits.shown(who, seconds(at))

    def matches(self, ask: Ask, pseudonym: str) -> Callable[[str], bool]:
        """Whether an address has this pseudonym. For ``behind``, which asks it of addresses that a look has shown."""
        from whosaw.guard.pseudonyms.matching import matching

        epoch = self.epoch(ask)
        brought, of_vault = (matching(self._cipher(ask, epoch, each), pseudonym) for each in get_args(Source))
        return lambda address: brought(address) or of_vault(address)

    def _open(self, ask: Ask, up_to: int, source: Source) -> Opened | Refused:
        if type(up_to) is not int or up_to < 0:
            raise BadInput("how many addresses is a whole number", where="addresses")
        now = self._clock().astimezone(UTC)
        epoch = ask.epoch_at(now, self._settings.period)
        _need_numpy()
        who = self._remember(ask.principal)
        fault = _fault(lambda: self._cases.see(ask.case) if self._cases else "")
        now = self._clock().astimezone(UTC)
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        kept, short = self._taken(who, source, up_to, at)
        known, cause = (None, fault) if fault else self._known(who, ask.case, at)
        reasons = (*against(known, self._policy.purposes.get(ask.purpose), ask.case, at), *short)
        body = PseudonymBody(
            what="call", call=self._random(8).hex(), at=at, principal=who,
            purpose=ask.purpose if ask.purpose in self._policy.purposes else None,
            case=ask.case if known is not None and known.case is not None else None,
            variant=ask.variant, epoch=epoch, source=source, addresses=up_to,
            permitted=not reasons, reasons=reasons, caller=ask.caller,
        )  # fmt: skip
        recorded = self._recorded(body, kept)
        from whosaw.privacy.ipcrypt.keys import accounts

        index = recorded.leaves[-1].index
        if reasons:
            said = tuple((id_, sentence(self._policy, id_)) for id_ in reasons)
            return Refused(said, index, recorded.receipt, cause)
        session = Session(
            self._cipher(ask, epoch, source), up_to=up_to, batch=self._settings.batch, random=self._random,
            told=self._telling(body), present=self._presence(ask, who, at), call=(index, recorded.receipt), epoch=epoch,
        )  # fmt: skip
        return Opened(session, recorded, accounts(self._key, ask.purpose, epoch))

    def _taken(self, who: str, source: Source, up_to: int, at: datetime) -> tuple[Kept | None, tuple[str, ...]]:
        """What was taken; or the reason why nothing could be."""
        try:
            kept = self._limits.take(who, source, up_to, seconds(at))
        except WhosawError:
            return None, (UNREAD,)
        return kept, () if kept is not None else (QUOTA,)

    def _known(self, who: str, case: str | None, at: datetime) -> tuple[Known | None, str]:
        try:
            return self._directory.known(who, _NOBODY, case, at), ""
        except WhosawError as error:
            return None, str(error)
        except Exception as error:  # noqa: BLE001  what cannot be read, forbids, and an attempt leaves a record
            return None, type(error).__name__

    def _recorded(self, body: PseudonymBody, kept: Kept | None) -> Recorded:
        """Durable when it returns. What was taken for a call that is refused is there again."""
        try:
            return self._submit(body, body.call)
        finally:
            if kept is not None and not body.permitted:
                self._limits.give_back(kept)

    def _telling(self, call: PseudonymBody) -> Told:
        def told(what: str, addresses: int) -> None:
            over = what == "over"
            said = replace(
                call, what="over" if over else "spent", at=self._clock().astimezone(UTC), addresses=addresses,
                permitted=not over, reasons=(QUOTA,) if over else (),
            )  # fmt: skip
            self._submit(said, f"{call.call}-{what}-{self._random(8).hex()}")

        return told

    def _presence(self, ask: Ask, who: str, opened: datetime) -> Present:
        """Asked before every batch, and of the directory once a second: a call that is permitted now is no licence for the day."""
        last = [opened]

        def present() -> None:
            now = self._clock().astimezone(UTC)
            if abs(now - last[0]) < _SECOND:
                return
            known, _ = self._known(who, ask.case, now)
            if against(known, self._policy.purposes.get(ask.purpose), ask.case, now):
                raise Unavailable(
                    "no pseudonyms were made: whoever opened this call may ask no more, or nobody can say",
                    part="pseudonyms",
                    hint="they were suspended or have left, the case was closed, or the directory is too old; ask again",
                )
            last[0] = now

        return present

    def _submit(self, body: PseudonymBody, key: str) -> Recorded:
        record = Record(Stream.named("pseudonyms"), body.encode())
        return self._journal.submit(Submission(f"{CALLER}/{body.principal}", key, (record,)))

    def _cipher(self, ask: Ask, epoch: str, source: Source) -> object:
        from whosaw.privacy.ipcrypt.keys import cipher

        return cipher(self._key, ask.purpose, epoch, ask.variant, source)


def _fault(see: Callable[[], str]) -> str:
    """Why nobody can say what is known of the case; empty where somebody can, or the facts say themselves that a system was silent."""
    try:
        see()
    except WhosawError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  as above
        return type(error).__name__
    return ""


def _need_numpy() -> None:
    """Before anything is on record: an extra that is missing is no attempt."""
    try:
        import numpy  # noqa: F401, ICN001
    except ModuleNotFoundError:
        raise MissingExtra("pseudonyms", "making pseudonyms of IP addresses") from None
