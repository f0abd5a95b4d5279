# SPDX-License-Identifier: Apache-2.0
"""A log and its witnesses, from the settings to the end of the day.

    settings, trust file ──▶ Session ──before──▶ ask every witness what it has seen of us; nothing is signed until then
                                     ──collecting──▶ one loop each, until the log is closed

The settings say whom to ask and where. The trust file, the same one that outsiders get, says whose cosignature counts and
how many are enough. They must agree: a quorum that nobody who is asked can meet is refused at the start, not found out
after a week of heads that were never witnessed.

Invariant: a log with witnesses starts with their word, or with a reason on record.  Specification: docs/spec/witness.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from whosaw.config import WitnessSettings
from whosaw.errors import BadInput, Misconfigured, Unavailable, WhosawError
from whosaw.journal.journal import Journal
from whosaw.journal.reader import Reader
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Kind, Stream, canonical, time_text
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.client import Client
from whosaw.witness.collect import Collector, Pace
from whosaw.witness.of_journal import JournalLog, ours_of
from whosaw.witness.ports import Keep
from whosaw.witness.startup import ask_all

REASON_LIMIT = 500
_log = logging.getLogger(__name__)


def clients(asked: Sequence[WitnessSettings], policy: TrustPolicy) -> dict[str, Client]:
    """A client for each witness, by its first name: keys at one address are one witness. Raises Misconfigured."""
    listed = set(policy.witness_keys())
    keys: dict[str, dict[str, VerifierKey]] = {}
    for each in asked:
        key = VerifierKey.parse(each.vkey, f"witness {each.name}")
        if key not in listed:
            raise Misconfigured(
                f"the trust file does not list the key of witness {each.name!r}",
                setting="witness.vkey",
                hint="add a line `witness NAME KEY` to the file `trust`, and a quorum",
            )
        keys.setdefault(each.url.rstrip("/"), {})[each.name] = key
    if asked and (policy.quorum is None or not policy.satisfied(policy.names_of(_all(keys)))):
        raise Misconfigured(
            "the witnesses that are asked cannot meet the quorum of the trust file",
            setting="witness",
            hint="the file `trust` needs a quorum, and enough of its witnesses must stand in the settings",
        )
    try:
        return {next(iter(named)): Client(url, tuple(named.values())) for url, named in keys.items()}
    except BadInput as error:
        raise Misconfigured(str(error), setting="witness.url", hint=error.hint) from None


def _all(keys: dict[str, dict[str, VerifierKey]]) -> set[VerifierKey]:
    return {key for named in keys.values() for key in named.values()}


@dataclass(slots=True)
class Session:
    """The witnesses of one log while it is open. `unwitnessed`: why to start although none of them can be asked."""

    clients: dict[str, Client]
    policy: TrustPolicy
    keys: Sequence[VerifierKey]
    keep: Keep
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    unwitnessed: str | None = None
    pace: Pace | None = None
    known: dict[str, int] | None = None

    def before(self, log: Reader) -> Sequence[Submission]:
        """Ask every witness about `log`; what to record first. Raises ProofFailed for a fork, Unavailable without answer."""
        if self.unwitnessed is not None and not (
            0 < len(self.unwitnessed) <= REASON_LIMIT and self.unwitnessed.isprintable()
        ):
            raise BadInput(f"a reason is one line of 1 to {REASON_LIMIT} characters", where="--start-unwitnessed")
        if not self.clients:
            return ()
        now = self.clock()
        try:
            self.known = ask_all(self.clients, ours_of(log, self.keys), self.keep, int(now.timestamp()))
        except Unavailable as error:
            if self.unwitnessed is None:
                raise
            _log.warning("starting unwitnessed: %s", error)
            body = start_body(self.unwitnessed, str(error), now)
            return (Submission("witness", f"start-{self.random(16).hex()}", (Record(Stream.named("admin"), body),)),)
        return ()

    @contextmanager
    def collecting(self, journal: Journal) -> Iterator[Collector | None]:
        """Ask for cosignatures while the block runs; None without witnesses. Its end waits a moment for the last head."""
        if not self.clients:
            yield None
            return
        shown = journal.witnessed
        log = JournalLog(journal, self.keys)
        collector = Collector(
            log, self.clients, self.policy, self.keep, self.clock,
            known=self.known, witnessed=0 if shown is None else shown.size, pace=self.pace,
        )  # fmt: skip
        collector.start()
        try:
            yield collector
        finally:
            try:
                journal.publish_now()
            except WhosawError as error:
                _log.warning("the last head was not published before the end: %s", error)
            collector.close()

    def close(self) -> None:
        """Let go of all connections."""
        for client in self.clients.values():
            client.close()


def start_body(reason: str, said: str, at: datetime) -> bytes:
    """The record that a log went on although its witnesses could not be asked: why, and what they had to say."""
    return canonical({"v": 1, "kind": str(Kind.START), "at": time_text(at), "reason": reason, "said": said})
