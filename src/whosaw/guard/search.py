# SPDX-License-Identifier: Apache-2.0
"""A search for people: refused whoever asks and for whatever, and on record like every refusal.

    "whom may I look at?" · "whose address is this?"  ──▶  one leaf in the stream `bulk`, of nobody  ──▶  Refused

A list of those whom somebody may look at says who is protected (who is missing), who belongs to whom, and who stands in which case;
asked by an address or a place it is the look-up that once found journalists. So there is no decision to make here, and no fact is
read for one.

Invariant: nothing that was searched for is written down: it may be an address, or a name.
                                                                                Decided in: docs/adr/0107
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from whosaw.guard.answer import Refused
from whosaw.guard.look import SOURCE
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.access import Mode
from whosaw.model.caller import Caller
from whosaw.model.decision import Decision, Rule
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream
from whosaw.policy.decide import explain
from whosaw.policy.rules import Policy
from whosaw.policy.told import told

RULE = "mode-not-offered"


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded: ...


class Searches:
    """Refuses searches. Safe to share between threads."""

    def __init__(
        self,
        *,
        journal: Journal,
        policy: Policy,
        remember: Callable[[str], str],
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._journal, self._policy, self._remember = journal, policy, remember
        self._clock, self._random = clock, random

    def refuse(self, principal: str, caller: Caller, purpose: str) -> Refused:
        """Put on record that `principal` searched. Each time it is asked, a record: there is nothing that a retry could lose."""
        who, look_id = self._remember(principal), self._random(8).hex()
        decision = Decision(False, (Rule(RULE, explain(self._policy, RULE)),), (), bytes(32), self._policy.digest)
        body = LookBody(
            kind=Kind.BULK, look=look_id, origin="asked", at=self._clock().astimezone(UTC), principal=who, person=None,
            asked=(), mode=Mode.SEARCH, source=SOURCE, purpose=purpose if purpose in self._policy.purposes else None,
            app=caller.name, mentions=0, decision="refuse", rules=(RULE,), policy=self._policy.digest, caller=caller,
        )  # fmt: skip
        made = self._journal.submit(
            Submission(f"{SOURCE}/{who}", look_id, (Record(Stream.named("bulk"), body.encode()),))
        )
        return Refused(look_id, decision, made.promise, made.leaves[-1].index, told(self._policy, decision))
