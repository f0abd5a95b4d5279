# SPDX-License-Identifier: Apache-2.0
"""Where an outsider sits: a folder held in memory, a trust file, a clock; and the command as a person types it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.verify.log_maker import LittleLog

from whosaw.errors import NotCanonical, Unavailable
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.command import main
from whosaw.verify.folder import Audit, close, verify_folder
from whosaw.verify.steps import Report

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Shelf:
    """A published log in memory. Implements `Source`; names in `broken` cannot be read by anybody."""

    files: dict[str, bytes]
    listed: bool = True
    broken: frozenset[str] = frozenset()
    place: str = "shelf"

    def read(self, name: str, limit: int) -> bytes | None:
        if name in self.broken:
            raise Unavailable(f"{name} cannot be read", part=self.place)
        raw = self.files.get(name)
        if raw is not None and len(raw) > limit:
            raise NotCanonical(f"longer than {limit:,} bytes", where=name)
        return raw

    def names(self) -> Iterator[str]:
        return iter(tuple(self.files))


def audit_of(log: LittleLog, **changed) -> Audit:
    values = {"trust": TrustPolicy.parse(log.trust()), "now": NOW, "sleep": lambda _: None}
    return Audit(**(values | changed))


def verified(log: LittleLog, files: dict[str, bytes], **changed) -> Report:
    """The report on these files, under the trust file of `log`."""
    listed = changed.pop("listed", True)
    broken = changed.pop("broken", frozenset())
    audit = audit_of(log, **changed)
    source = Shelf(files, listed, broken)
    steps, found = verify_folder(source, audit)
    return close(steps, audit, source, found.head)


def failures(report: Report) -> list[str]:
    return [str(f) for step in report.steps for f in (*step.said.failures, *step.said.unclear_about)]


def typed(*words: object) -> int:
    """`whosaw verify …`, as a person types it; the exit code."""
    return main([str(word) for word in words], clock=lambda: NOW)
