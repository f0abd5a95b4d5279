# SPDX-License-Identifier: Apache-2.0
"""Before a gate opens: the policy is on record, and it is known when somebody looked last.

Invariant: no look is decided by a policy that the log does not name, nor by a clock that stands before the last look.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from whosaw.errors import NotCanonical
from whosaw.journal.open_log import OpenLog
from whosaw.journal.ports import StreamKey
from whosaw.journal.reader import Reader
from whosaw.journal.segment import Frame
from whosaw.journal.submission import Record, Submission
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream, parse
from whosaw.policy.record import policy_body
from whosaw.policy.rules import Policy


class Known(Protocol):
    """A keyring that is only asked what it has."""

    def find(self, stream: Stream) -> StreamKey | None: ...


def record_policy(journal: OpenLog, policy: Policy, keys: Known, at: datetime) -> None:
    """The policy that decides from here on is on record before it decides anything."""
    stream = Stream.named("policy")
    earlier = named(journal, keys, "policy")
    body = policy_body(policy, at)
    if earlier and parse(earlier[-1].body)["digest"] == parse(body)["digest"]:
        return
    key = f"policy-{len(earlier) + 1}-{policy.digest.hex()[:32]}"
    if journal.find("wiring", key) is None:
        journal.submit(Submission("wiring", key, (Record(stream, body),)))


def named(journal: OpenLog, keys: Known, name: str) -> list[Frame]:
    """Everything durable in a named stream, its enrolment left out. Asking makes no stream."""
    known = keys.find(Stream.named(name))
    if known is None:
        return []
    journal.publish_now()  # a record that a crash left unpublished counts as well
    return journal.reader().run(known)[1:]


def last_look_of(reader: Reader) -> datetime | None:
    """When the newest look was asked: a clock that stands before it went back."""
    for end in range(reader.size, 0, -1000):
        for frame in reversed(list(reader.frames(max(0, end - 1000), end))):
            if frame.body is None or parse(frame.body)["kind"] != str(Kind.LOOK):
                continue
            try:
                look = LookBody.decode(frame.body)
            except NotCanonical:
                continue
            if look.origin == "asked":
                return look.at
    return None
