# SPDX-License-Identifier: Apache-2.0
"""What the question of the day needs from outside, each with its failures. `reviewing` fills them and lays them on one `Desk`.

    Journal    records, durable when it returns                              trusted to keep          (journal.journal)
    Records    the stream `nudges`, in its order                             all that was asked       (keyring, reader)
    Rows       the looks of these days, judged                               rebuilt                  (facts, detect)
    Head       size and root of the newest published checkpoint              nobody foresees it       (journal)
    Looked     one look by its leaf; nothing where it is erased              the record itself        (reader)
    OnFile     a case as it is on file now                                   trusted                  (directory)

Invariant: whatever one of them raises, nobody was asked and nothing answered that is not on record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from whosaw.detect.defaults import Nudging
from whosaw.inquiry.ports import Clock, Journal, Remember
from whosaw.nudge.choose import Row
from whosaw.nudge.facts import Looked, OnFile
from whosaw.nudge.record import Nudged
from whosaw.policy.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Opened:
    """One look, as its record has it: what the one who looked may be reminded of, and whose data it was at."""

    looked: Looked
    look: str
    person: str | None = field(repr=False)
    app: str | None
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything on one desk. `rows(first, since)`: looks from leaf `first` on, or since the instant `since`."""

    journal: Journal = field(repr=False)
    records: Callable[[], Sequence[Nudged]] = field(repr=False)
    rows: Callable[[int, int], Sequence[Row]] = field(repr=False)
    held: Callable[[], Collection[str]] = field(repr=False)
    head: Callable[[], tuple[int, bytes]] = field(repr=False)
    opened: Callable[[int], Opened | None] = field(repr=False)
    on_file: Callable[[str, str, str], OnFile | None] = field(repr=False)
    remember: Remember = field(repr=False)
    fresh: Callable[[], str] = field(repr=False)
    clock: Clock = field(repr=False)
    numbers: Nudging
    purposes: Mapping[str, Purpose] = field(repr=False)
