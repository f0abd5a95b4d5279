# SPDX-License-Identifier: Apache-2.0
"""What a check of the whole journal says: numbered checks, and findings with their kinds and places.

    1 frames   2 leaves   3 files   4 index   5 signatures   6 streams

    damage     what no crash leaves: somebody or the disk changed it                                  exit 3
    untidy     what a crash leaves, or a running journal has in hand; the next start clears it up      exit 0

No findings in a check that was made means: everything it looked at is as it was written. A check that was not made says
why, and proves nothing.

Invariant: a finding says where, never what: no body, no pseudonym, no key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from whosaw.errors import Damaged

KEPT = 1_000

TITLES = {
    1: "Every frame: lengths, checks, contiguous indexes, whole submissions, erased only on record",
    2: "Every leaf: its frame opens it, and its body is canonical",
    3: "Every published file: bundles, tiles up to the root, and none too many",
    4: "The verifiable index: its log, and each of its roots made again",
    5: "Our own signatures, and the genesis that fixes their keys",
    6: "Streams, labels, positions and idempotency keys",
}

Progress = Callable[[str, int, int], None]
"""``progress(what, done, of)``, now and then."""


def silent(_what: str, _done: int, _of: int) -> None:
    """A progress that nobody hears."""


class Fault(StrEnum):
    """Kinds of findings. Each belongs to one check."""

    SEGMENT = "segment"  # a file that is no segment, or indexes that no segment holds
    FRAME = "frame"  # bytes that are no frame, or not the frame that belongs there
    TAIL = "tail"  # beyond the head
    CUT = "cut"  # what a start kept aside
    ERASED = "erased"  # a frame that no record says was erased, or one that should be and is not
    BODY = "body"  # not canonical, or a genesis out of its place
    LEAF = "leaf"  # not what its frame makes, not a leaf at all, or its bundle is missing
    PUBLISHED = "published"  # a tile that is missing or altered, or leaves that do not make the tile above
    PARTIAL = "partial"  # an older partial that is not the beginning of what stands now
    STRANGER = "stranger"  # a published file that nothing accounts for
    STAGING = "staging"  # left over, or in hand
    MAP = "map"  # the map log: its head, its files, a root that the labels do not make
    HEAD = "head"  # the row that decides what this log is
    CHECKPOINT = "checkpoint"  # what is shown to everybody
    GENESIS = "genesis"  # what fixes the keys
    POSITION = "position"  # a gap in a stream, or a position in the head that the log does not have
    PLACED = "placed"  # an idempotency row that no submission has, or the other way round
    LABELS = "labels"  # the label table and the leaves disagree
    KEYS = "keys"  # the keyring cannot be read
    STREAM = "stream"  # a leaf of no stream, a label that its stream's key does not make, a wrong enrolment


CHECK = {
    **dict.fromkeys((Fault.SEGMENT, Fault.FRAME, Fault.TAIL, Fault.CUT, Fault.ERASED), 1),
    **dict.fromkeys((Fault.BODY, Fault.LEAF), 2),
    **dict.fromkeys((Fault.PUBLISHED, Fault.PARTIAL, Fault.STRANGER, Fault.STAGING), 3),
    Fault.MAP: 4,
    **dict.fromkeys((Fault.HEAD, Fault.CHECKPOINT, Fault.GENESIS), 5),
    **dict.fromkeys((Fault.POSITION, Fault.PLACED, Fault.LABELS, Fault.KEYS, Fault.STREAM), 6),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `untidy`: the next start clears it up, and nothing was lost."""

    kind: Fault
    where: str
    what: str
    untidy: bool = False

    @property
    def check(self) -> int:
        """The number of the check that it belongs to."""
        return CHECK[self.kind]

    def __str__(self) -> str:
        return f"({self.check}) {self.where}: {self.what}{' (untidy)' if self.untidy else ''}"


@dataclass(slots=True)
class Check:
    """One numbered check. `looked_at` counts what it looked at; `skipped` says why it, or a part of it, was not made."""

    number: int
    looked_at: int = 0
    found: int = 0
    skipped: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.number]

    @property
    def sentence(self) -> str:
        """The check in one line."""
        if self.skipped and not self.looked_at and not self.found:
            return f"({self.number}) {self.title}: not checked, {self.skipped}."
        said = f"{self.found:,} found damaged" if self.found else "whole"
        rest = f"; not all of it, {self.skipped}" if self.skipped else ""
        return f"({self.number}) {self.title}: {self.looked_at:,} looked at, {said}{rest}."


@dataclass(slots=True)
class Report:
    """What was checked up to `size`, and what was found. The first thousand findings are kept, the rest counted.

    `head`: the checkpoint that was checked, its note. `published`: the size that everybody can see.
    """

    size: int = 0
    published: int = 0
    head: bytes = field(default=b"", repr=False)
    checks: dict[int, Check] = field(default_factory=lambda: {n: Check(n) for n in TITLES})
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is damaged."""
        return not any(check.found for check in self.checks.values())

    @property
    def exit(self) -> int:
        """The exit code of `whosaw journal fsck`: 0, or 3 for damage."""
        return 0 if self.whole else 3

    @property
    def damage(self) -> list[Finding]:
        """The findings that no crash leaves."""
        return [finding for finding in self.findings if not finding.untidy]

    def find(self, kind: Fault, where: str, what: str) -> None:
        """Note damage."""
        check = self.checks[CHECK[kind]]
        check.found += 1
        if sum(check.found for check in self.checks.values()) <= KEPT:
            self.findings.append(Finding(kind, where, what))

    def untidy(self, kind: Fault, where: str, what: str) -> None:
        """Note what the next start will clear up."""
        # Never in the place of damage: that has a thousand places of its own.
        if len(self.findings) < KEPT:
            self.findings.append(Finding(kind, where, what, untidy=True))

    def holding(self, kind: Fault, where: str) -> Holding:
        """For a ``with``: whatever is Damaged inside becomes damage found, and the check goes on behind it."""
        return Holding(self, kind, where)

    def looked(self, check: int, count: int = 1) -> None:
        self.checks[check].looked_at += count

    def skip(self, check: int, why: str) -> None:
        self.checks[check].skipped = why

    def lines(self) -> list[str]:
        """The report as sentences, one each."""
        more = sum(check.found for check in self.checks.values()) - len(self.damage)
        rest = [f"… and {more:,} findings more"] if more > 0 else []
        return [*(check.sentence for check in self.checks.values()), *map(str, self.findings), *rest, *self.notes]


@dataclass(frozen=True, slots=True)
class Holding:
    """See `Report.holding`."""

    report: Report
    kind: Fault
    where: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Damaged):
            self.report.find(self.kind, error.where or self.where, str(error))
            return True
        return False
