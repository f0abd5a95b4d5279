# SPDX-License-Identifier: Apache-2.0
"""One look on its way through the gate, among others, and what became of it.

    asked ──▶ found? ──▶ at ──▶ decided ──▶ recorded ──▶ granted ──▶ answer
                └──────── an error at any step is this look's own, and ends its way ────────┘

Invariant: what has neither an answer nor an error was cut short, and is answered with OutcomeUnknown: nothing was released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from whosaw.errors import OutcomeUnknown, WhosawError
from whosaw.guard.answer import Permitted, Proof, Refused, Shown
from whosaw.guard.approvals.use import Held
from whosaw.guard.body import Request
from whosaw.guard.quota import Taken
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.access import Look
from whosaw.model.decision import Decision
from whosaw.model.stage import Stage
from whosaw.policy.facts import Facts

_T = TypeVar("_T")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Granted:
    """A permitted look, on record as far as it must be: what the vault opens for. `receipt`: what shows that it is, where more
    than a durable record was decided; `proof`: the same for whoever asked.
    """

    look: Look
    recorded: Recorded
    decision: Decision
    receipt: bytes
    proof: Proof
    index: int


class One:
    """One look. Its own thread makes it and reads the answer; in between one thread at a time works on it."""

    __slots__ = (
        "answer", "at", "cause", "decision", "error", "facts", "fault", "fresh", "granted", "held", "last", "look", "opens",
        "recorded", "request", "silent", "stage", "submission", "taken", "uncounted", "unseen", "wait", "waits",
    )  # fmt: skip

    def __init__(self, look: Look, wait: Stage, *, opens: bool) -> None:
        """`opens`: values are to be shown; otherwise it is yes or no."""
        self.look, self.wait, self.opens = look, wait, opens
        self.request: Request | None = None
        self.recorded: Recorded | None = None
        self.fresh = False  # decided a moment ago, and no retry
        self.unseen, self.fault, self.uncounted, self.silent, self.cause = "", "", "", "", ""  # what could not be read
        self.at, self.last = _NEVER, None  # type: tuple[datetime, datetime | None]
        self.taken: Taken | None = None
        self.held: Held | None = None
        self.facts: Facts | None = None
        self.decision: Decision | None = None
        self.submission: Submission | None = None
        self.stage = Stage.DURABLE
        self.waits = False  # for its record to come further
        self.granted: Granted | None = None
        self.answer: Shown | Permitted | Refused | None = None
        self.error: Exception | None = None

    @property
    def asked(self) -> Request:
        if self.request is None:
            raise AssertionError("a look without its pseudonyms")
        return self.request

    @property
    def learned(self) -> Facts:
        if self.facts is None:
            raise AssertionError("a look without its facts")
        return self.facts

    @property
    def decided(self) -> Decision:
        if self.decision is None:
            raise AssertionError("a look without its decision")
        return self.decision

    @property
    def record(self) -> Recorded:
        if self.recorded is None:
            raise AssertionError("a look without its record")
        return self.recorded

    def became(self) -> Shown | Permitted | Refused:
        """The answer. Raises what became of it otherwise."""
        if self.error is not None:
            raise self.error
        if self.answer is None:
            raise OutcomeUnknown(
                "whoever worked on this look was interrupted; nothing was shown",
                part="guard",
                hint="ask again with the same key: it is the same look",
            )
        return self.answer


def each_of(looks: Iterable[One], do: Callable[[One], None]) -> list[One]:
    """`do` for each of them; those that go on. What is raised is that look's own."""
    going = []
    for one in looks:
        try:
            do(one)
        except Exception as error:  # noqa: BLE001 - its thread raises it
            one.error = error
        else:
            going.append(one)
    return going


def read(port: Callable[[], _T]) -> tuple[_T | None, str]:
    """What `port` answers; or nothing, and what failed."""
    try:
        return port(), ""
    except Exception as error:  # noqa: BLE001  what cannot be read, forbids, and an attempt leaves a record
        return None, unread(error)


def unread(error: Exception) -> str:
    """What failed, for whoever has to mend it."""
    return str(error) if isinstance(error, WhosawError) else type(error).__name__
