# SPDX-License-Identifier: Apache-2.0
"""How many looks a second a watch takes in: a journal with many, and then a batch more at once, projected and watched.

Two figures: taking them in alone, with the directory anew; and to the findings. The second batch is the one that is measured,
since the first of a process writes the engine's questions. Bodies come from memory, made before the clock runs; reading them
from the journal's files costs some 3 µs a leaf more (docs/benchmarks.md).
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from whosaw.cli.uncollected import uncollected
from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import watch
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import micros
from whosaw.facts.opened import open_facts
from whosaw.facts.ports import CasePersonRow, CaseRow, PersonRow, StaffRow, Tables
from whosaw.facts.project import project
from whosaw.model.access import Field, Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, canonical
from whosaw.privacy.root import Mac

BATCH = 100_000
_START = datetime(2026, 6, 1, tzinfo=UTC)
_DAYS = 90
_SEAL = Mac(bytes(32))


@dataclass(frozen=True)
class _Leaf:
    index: int
    body: bytes | None


class _Leaves:
    """A journal in which looks follow each other evenly over 90 days; each is made when it is read."""

    def __init__(self, looks: int, all_: int, since: int = 1) -> None:
        """`since`: from this leaf on bodies are made now, and not while they are read."""
        self.size, self._step, self._since = looks + 1, timedelta(days=_DAYS) / all_, since
        self._made = [self._body(index) for index in range(since, self.size)] if since > 1 else []

    def frames(self, first: int = 0, last: int | None = None) -> Iterator[_Leaf]:
        for index in range(first, self.size if last is None else last):
            made = index - self._since
            if index == 0:
                yield _Leaf(index, canonical({"v": 1, "kind": "genesis", "origin": "bench"}))
            else:
                yield _Leaf(index, self._made[made] if 0 <= made < len(self._made) else self._body(index))

    def _body(self, n: int) -> bytes:
        case = n // 5
        at = _START + n * self._step
        return LookBody(
            kind=Kind.LOOK, look=f"l-{n:09d}", origin="asked", at=at.replace(microsecond=0), principal=_who(case),
            person=_person(case) if n % 20 else f"p-{n * 7919 % 100_003}", asked=((Field.IP, "network"),), mode=Mode.READ,
            purpose="service_repair", case=f"c-{case}", source="guard", decision="permit",
        ).encode()  # fmt: skip


def _who(case: int) -> str:
    return f"e-{case * 31 % 997}"


def _person(case: int) -> str:
    return f"p-{case * 104_729 % 100_003}"


def _known(looks: int) -> Tables:
    start, cases = micros(_START), range(looks // 5 + 1)
    step = _DAYS * 86_400_000_000 * 5 // looks
    return Tables(
        staff_rows=tuple(
            StaffRow(who=f"e-{i}", unit=f"u-{i // 12}", function="support", country="IE") for i in range(997)
        ),
        person_rows=tuple(PersonRow(person=f"p-{i}", region="EU", protected=i % 100 == 0) for i in range(100_003)),
        case_rows=tuple(
            CaseRow(
                case=f"c-{i}", type="service_repair", opened=start + i * step - 1, assignee=_who(i), opened_by="e-x"
            )
            for i in cases
        ),
        case_person_rows=tuple(
            CasePersonRow(case=f"c-{i}", person=_person(i), added=start + i * step - 1, added_by="e-x") for i in cases
        ),
    )


@dataclass(frozen=True)
class Taken:
    """Processor seconds for one batch: `intake` to read it and the directory anew, `watch` for all that comes then; `clock`: both, by
    the clock.
    """

    looks: int
    batch: int
    intake: float
    watch: float
    clock: float

    @property
    def rate(self) -> float:
        return self.batch / (self.intake + self.watch)

    def __str__(self) -> str:
        return (
            f"{self.batch:,} looks onto {self.looks:,}: {self.intake:.1f} s to take them in and the directory anew, "
            f"{self.watch:.1f} s to watch all of it; {self.clock:.1f} s by the clock, {self.batch / self.clock:,.0f} looks/s"
        )


def watched(looks: int, batch: int = BATCH) -> Taken:
    """A batch in steady state: the second one onto `looks` that were there before, in one process."""
    all_ = looks + batch
    known, defaults, templates = _known(all_), load_defaults(), load_templates()
    end = micros(_START + timedelta(days=_DAYS + 1))
    with tempfile.TemporaryDirectory(prefix="whosaw-bench-") as made:
        folder, found, took, before = Path(made), None, (0.0, 0.0, 0.0), 0
        for size in (looks - batch, looks, all_):
            leaves = _Leaves(size, all_, before + 1)
            before, began, clock = size, time.process_time(), time.monotonic()
            with uncollected():
                project(leaves, known, folder, size=leaves.size, checkpoint=b"bench", seal=_SEAL, at=end)
                between = time.process_time()
                if size >= looks:
                    earlier = None if found is None else found.kept
                    with open_facts(folder, _SEAL) as facts:
                        found = watch(facts, end, earlier=earlier, defaults=defaults, templates=templates)
            took = between - began, time.process_time() - between, time.monotonic() - clock
    return Taken(looks, batch, *took)
