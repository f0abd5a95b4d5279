# SPDX-License-Identifier: Apache-2.0
"""What many gates and one elected sequencer share: a table that gates write into, and the sequencer gives places in.

    gate ──ask──▶ waiting ──write (``ahead.WriteAhead``)──▶ assigned ──answers──▶ any gate, again and again
                     │                                          └──released──▶ gone: under a head, and in a segment
                     ├──refuse──▶ refused ──▶ its gate
                     └──withdraw──▶ gone: nobody gave it a place in time, and nobody will

Whoever asks is answered from the table and by nobody's word: what is assigned there was committed in the sequencer's term.
So a sequencer that was stopped, and wakes up after another was elected, answers nobody, whatever it remembers.

Invariant: the same idempotency key is the same row. A row that is assigned stays as it is until it is released.
                                                                               Specification: docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whosaw.journal.ahead import WriteAhead
from whosaw.journal.ports import Placed
from whosaw.journal.segment import Frame

ERASED = "one of its streams was erased meanwhile; nothing was recorded, ask again"
"""The sentence for a row whose handles were of a key that is gone. Its gate asks for the key anew the next time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gate asks to have recorded: a stream's handle for each body."""

    idem: bytes
    handles: tuple[bytes, ...]
    bodies: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A submission that is durable at its place. `at`: milliseconds, as its receipt says."""

    at: int
    frames: tuple[Frame, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """How the row of a key stands: assigned, refused for a reason that is the caller's, or, with neither, waiting."""

    assigned: Assigned | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """An index: of the head `note`, as the last leaf under `map_note`, a head of the log of the index. `witnessed`: seen."""

    note: bytes = field(repr=False)
    map_note: bytes = field(repr=False)
    witnessed: bool


@dataclass(frozen=True, slots=True)
class Tenure:
    """Who is elected: `epoch`, for how long, and when they were last alive, in seconds; how many rows wait, how many have
    their place and are under no published head yet.
    """

    epoch: int
    elected_s: int
    seen_s: int
    waiting: int
    assigned: int


class Ear(Protocol):
    """Hears that something has changed, or that nothing has for a while."""

    def wait(self, seconds: float) -> None:
        """Until something changed, and `seconds` at most. Raises Unavailable: something may have been missed."""
        ...

    def close(self) -> None: ...


class Pending(Protocol):
    """The table, for gates. Raises Unavailable where nothing happened. Safe to share between threads."""

    def ask(self, rows: Sequence[Asked]) -> None:
        """Add the rows whose keys are not there; durable when it returns. Raises Busy where too many wait, OutcomeUnknown."""
        ...

    def answers(self, idems: Sequence[bytes]) -> dict[bytes, Answer]:
        """How the rows of these keys stand. Without a row: never asked, withdrawn, or released, and then the head has it."""
        ...

    def known(self, idems: Sequence[bytes]) -> tuple[dict[bytes, Answer], dict[bytes, Placed]]:
        """`answers`, and then where the head has placed each of these keys: one of them knows of a key that was recorded."""
        ...

    def withdraw(self, idem: bytes) -> bool:
        """Take back a row that waits or was refused. False: there is none, or it has its place. Raises OutcomeUnknown."""
        ...

    def assigned(self, first: int) -> list[Assigned]:
        """Every submission at `first` and beyond that is not released, in order."""
        ...

    def end(self) -> int:
        """How many leaves are durable: those under the head, and those assigned beyond it."""
        ...

    def wish(self, size: int, *, witnessed: bool) -> Granted | None:
        """Ask for the index of a head of `size`, or of a newer one; what was granted last."""
        ...

    def ear(self) -> Ear:
        """For answers, heads and indexes. Close it."""
        ...


class Desk(WriteAhead, Protocol):
    """The table, for the sequencer of one term. After the term has ended everything that writes raises Contradiction."""

    def waiting(self) -> list[Asked]:
        """The oldest rows that wait: a thousand, or 16 MiB."""
        ...

    def refuse(self, idem: bytes, sentence: str) -> None:
        """The row of this key gets no place, ever, and its caller is told why."""
        ...

    def discard(self, idems: Sequence[bytes]) -> None:
        """Remove rows that wait though their key was recorded before: the head answers for them."""
        ...

    def wished(self) -> tuple[int, bool] | None:
        """The size up to which an index is asked for and not granted, and whether of a witnessed head; None: nobody asks."""
        ...

    def grant(self, granted: Granted) -> None:
        """Tell gates of an index that stands in the log of the index."""
        ...

    def ear(self) -> Ear:
        """For what gates ask. Close it."""
        ...


class Office(Protocol):
    """What one elected sequencer has, from its election to its end."""

    @property
    def epoch(self) -> int: ...

    def beat(self) -> None:
        """Say that it is alive. Raises Contradiction where another was elected, Unavailable where nobody can tell."""
        ...

    def resign(self) -> None:
        """Let the next one be elected at once."""
        ...


class Election(Protocol):
    """One sequencer at a time, or rather: one *epoch* at a time, and nothing of an older epoch is written any more."""

    def stand(self, *, insists: bool = False) -> Office | None:
        """Be elected, if nobody is who is alive. `insists`: whoever is, is succeeded. Raises Unavailable."""
        ...


class InOffice:
    """`Held` for what the office holds already."""

    def release(self) -> None:
        """The office is left by resigning."""
