# SPDX-License-Identifier: Apache-2.0
"""A journal and its witnesses, from the settings to the end of the day.

    settings, trust file ──▶ Session ──before──▶ ask every witness what it has seen of us; nothing is signed until then
                                     ──collecting──▶ one loop each and log, until the journal is closed

Its two logs, the log and its map log, are asked about alike, and at the same time.

The settings say whom to ask and where. The trust file, the same one that outsiders get, says whose cosignature counts and
how many are enough. They must agree: a quorum that nobody who is asked can meet is refused at the start, not found out
after a week of heads that were never witnessed.

Invariant: a log with witnesses starts with their word, or with a reason on record.  Specification: docs/spec/witness.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from whosaw.config import WitnessSettings
from whosaw.errors import BadInput, Misconfigured, ProofFailed, Unavailable, WhosawError
from whosaw.journal.face import Headed
from whosaw.journal.journal import Journal
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
class Asking:
    """One of the two logs, as its witnesses are asked about it. `name`: in sentences. `known`: what each has seen of it."""

    name: str
    clients: dict[str, Client]
    keep: Keep
    known: dict[str, int] | None = None


@dataclass(slots=True)
class Session:
    """The witnesses of a journal while it is open. `unwitnessed`: why to start although none of them can be asked."""

    logs: tuple[Asking, Asking]
    policy: TrustPolicy
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    unwitnessed: str | None = None
    pace: Pace | None = None

    @property
    def asked(self) -> bool:
        """Whether there are any witnesses."""
        return bool(self.logs[0].clients)

    def before(self, stood: Sequence[Headed]) -> Sequence[Submission]:
        """Ask every witness about both logs; what to record first. Raises ProofFailed for a fork, Unavailable without answer."""
        if self.unwitnessed is not None and not (
            0 < len(self.unwitnessed) <= REASON_LIMIT and self.unwitnessed.isprintable()
        ):
            raise BadInput(f"a reason is one line of 1 to {REASON_LIMIT} characters", where="--start-unwitnessed")
        if not self.asked:
            return ()
        now = self.clock()
        try:
            self._ask(stood, int(now.timestamp()))
        except Unavailable as error:
            if self.unwitnessed is None:
                raise
            _log.warning("starting unwitnessed: %s", error)
            body = start_body(self.unwitnessed, str(error), now)
            return (Submission("witness", f"start-{self.random(16).hex()}", (Record(Stream.named("admin"), body),)),)
        return ()

    def _ask(self, stood: Sequence[Headed], now_s: int) -> None:
        """Ask about both at once: whoever does not answer is waited for one time, not two."""
        with ThreadPoolExecutor(len(self.logs), thread_name_prefix="whosaw-start") as pool:
            asked = [
                (each, pool.submit(ask_all, each.clients, ours_of(log), each.keep, now_s, name=each.name))
                for each, log in zip(self.logs, stood, strict=True)
            ]
        errors = [error for _, future in asked if (error := future.exception()) is not None]
        for error in sorted(errors, key=lambda error: not isinstance(error, ProofFailed)):
            raise error  # a fork before everything else: with one in hand nothing starts
        for each, future in asked:
            each.known = future.result()

    @contextmanager
    def collecting(self, journal: Journal) -> Iterator[tuple[Collector, ...]]:
        """Ask for cosignatures while the block runs: one collector for each log, none without witnesses.

        Its end waits a moment for the last heads.
        """
        if not self.asked:
            yield ()
            return
        collectors = tuple(
            Collector(
                JournalLog(log, each.name), each.clients, self.policy, each.keep, self.clock,
                known=each.known, witnessed=0 if log.shown is None else log.shown.size, pace=self.pace,
            )
            for each, log in zip(self.logs, journal.logs, strict=True)
        )  # fmt: skip
        for collector in collectors:
            collector.start()
        try:
            yield collectors
        finally:
            try:
                journal.publish_now()
            except WhosawError as error:
                _log.warning("the last head was not published before the end: %s", error)
            collectors[0].close()
            journal.index_due()  # of what was witnessed just now; then its own witnesses get a moment for that
            collectors[1].close()

    def close(self) -> None:
        """Let go of all connections."""
        for each in self.logs:
            for client in each.clients.values():
                client.close()


def start_body(reason: str, said: str, at: datetime) -> bytes:
    """The record that a log went on although its witnesses could not be asked: why, and what they had to say."""
    return canonical({"v": 1, "kind": str(Kind.START), "at": time_text(at), "reason": reason, "said": said})
