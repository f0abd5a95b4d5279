# SPDX-License-Identifier: Apache-2.0
"""What a check of the whole journal says: numbered checks, and findings with their places.

    1 frames   2 leaves   3 tiles   4 map   5 signatures   6 keys         numbers as in docs/spec/journal-check.md

No findings in a check that was made means: everything it looked at is as it was written. A check that was not made says
why, and proves nothing.

Invariant: a finding says where, never what: no body, no pseudonym, no key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

KEPT = 1_000

TITLES = {
    1: "Every frame: lengths, checks, contiguous indexes, whole submissions",
    2: "Every leaf: opened by its frame, canonical, its label never seen before",
    3: "Every bundle, every tile, the root, and no file too many",
    4: "The verifiable index",
    5: "Our own signatures, and the genesis that fixes their keys",
    6: "Labels of all streams, positions and idempotency keys",
}

Progress = Callable[[str, int, int], None]
"""``progress(what, done, of)``, now and then."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written."""

    check: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"({self.check}) {self.where}: {self.what}"


@dataclass(slots=True)
class Check:
    """One numbered check. `looked_at` counts what it looked at; `skipped` says why it was not made."""

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
        if self.skipped:
            return f"({self.number}) {self.title}: not checked, {self.skipped}."
        said = f"{self.found:,} findings" if self.found else "whole"
        return f"({self.number}) {self.title}: {self.looked_at:,} looked at, {said}."


@dataclass(slots=True)
class Report:
    """What was checked up to `size`, and what was found. The first thousand findings are kept, the rest counted."""

    size: int = 0
    checks: dict[int, Check] = field(default_factory=lambda: {n: Check(n) for n in TITLES})
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not any(check.found for check in self.checks.values())

    @property
    def exit(self) -> int:
        """The exit code of `whosaw journal fsck`."""
        return 0 if self.whole else 3

    def find(self, check: int, where: str, what: str) -> None:
        """Note a finding."""
        self.checks[check].found += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(check, where, what))

    def looked(self, check: int, count: int = 1) -> None:
        self.checks[check].looked_at += count

    def skip(self, check: int, why: str) -> None:
        self.checks[check].skipped = why

    def lines(self) -> list[str]:
        """The report as sentences, one each."""
        more = sum(check.found for check in self.checks.values()) - len(self.findings)
        rest = [f"… and {more:,} findings more"] if more else []
        return [*(check.sentence for check in self.checks.values()), *map(str, self.findings), *rest, *self.notes]
