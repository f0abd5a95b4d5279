# SPDX-License-Identifier: Apache-2.0
"""Suspension: one command stops a principal everywhere at once; lifting it needs two.

    suspend ──record in `admin`──▶ durable ──▶ a row ──▶ PrincipalFacts.suspended, at every gate, from the next question on
    lift    by two: working here, not suspended, independent of the suspended and of each other ──record──▶ the row ends

A gate asks the directory for every look, so there is nothing to spread. It asks again before it shows anything that waited
for its record, and for every retry: what was permitted in the morning opens nothing for who was stopped at noon.

Invariant: the record comes first. A crash between record and row leaves a suspension that is recorded and not in force,
which is wrong in the dangerous direction; so `resume` brings in force what is recorded, before a gate opens. A lift that a
crash cut short is brought in force by the same reading of the same records.             Operating it: docs/quotas.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from whosaw.errors import BadInput
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Json, Kind, Stream, canonical, parse, time_text
from whosaw.policy.facts import Known
from whosaw.policy.independence import RETURNED, Chart, Reason, Role, independent

CALLER = "guard/suspension"
CODES: Mapping[str, str] = {
    "misuse": "misuse is suspected",
    "stolen": "their account or device may be in other hands",
    "inquiry": "an inquiry concerns them",
    "leave": "they are away, or about to leave",
    "review": "a look without an approval was not reviewed in time",
}
_NOBODY = ""  # no person has this pseudonym: the question is about the principal alone


class SuspensionRows(Protocol):
    """Who is suspended, where the directory reads it. Raises Unavailable; a call may be repeated."""

    def suspend(self, principal: str, code: str, at: datetime) -> None:
        """From now on, unless they are already."""
        ...

    def lift(self, principal: str, at: datetime) -> None:
        """From now on no more."""
        ...

    def now(self) -> Mapping[str, str]:
        """Who is, by pseudonym, with the code."""
        ...


class Journal(Protocol):
    """The journal, as far as a suspension needs it. `submit` is durable when it returns."""

    def submit(self, submission: Submission) -> Recorded: ...


class Directory(Protocol):
    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known: ...
    def chart(self, at: datetime, days: int) -> Chart: ...
    def tied(self, principal: str, at: datetime) -> frozenset[str]:
        """Whoever shared an account or a home with them in the 30 days up to `at`."""
        ...


class Frame(Protocol):
    @property
    def body(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that suspending works with. `remember`: a staff id's pseudonym."""

    journal: Journal
    rows: SuspensionRows
    directory: Directory
    remember: Callable[[str], str]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Done:
    """In force, and on record at leaf `index`."""

    index: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done; the attempt is on record at leaf `index`."""

    reasons: tuple[Reason, ...]
    index: int


def suspend(principal: str, code: str, by: str, desk: Desk, *, key: str) -> Done | Refused:
    """Stop `principal`, a staff id, at every gate. `by`: who says so; `key`: random, the same is the same step.

    Raises BadInput for somebody whom the directory never knew: a mistyped id must not be taken for a stop.
    """
    if code not in CODES:
        raise BadInput(f"no such code; known: {', '.join(CODES)}", where="--reason-code")
    step = _step(desk, principal, by)
    reasons = _standing(step.asks, "requester")
    index = _record(desk, step, key, "suspend", by=[step.by], code=code, reasons=reasons)
    if reasons:
        return Refused(reasons, index)
    desk.rows.suspend(step.principal, code, desk.clock())
    return Done(index)


def lift(principal: str, by: str, with_: str, desk: Desk, *, key: str) -> Done | Refused:
    """Let `principal` look again. `by` and `with_` are two who work here, independent of the suspended and of each other."""
    step = _step(desk, principal, by)
    other = desk.remember(with_)
    if step.principal not in desk.rows.now():
        raise BadInput("nobody suspended this principal here", where="PRINCIPAL")
    reasons = _against(desk, step, other)
    index = _record(desk, step, key, "lift", by=[step.by, other], code=None, reasons=reasons)
    if reasons:
        return Refused(reasons, index)
    desk.rows.lift(step.principal, desk.clock())
    return Done(index)


def resume(frames: Iterable[Frame], rows: SuspensionRows, at: datetime) -> int:
    """Bring in force what is on record and was not yet; how many that were. `frames`: the stream `admin`, in its order."""
    wanted: dict[str, str] = {}
    for frame in frames:
        said = parse(frame.body)
        if said["kind"] != str(Kind.SUSPENSION) or said["outcome"] != "done":
            continue
        if said["what"] == "suspend":
            wanted.setdefault(str(said["principal"]), str(said["code"]))
        else:
            wanted.pop(str(said["principal"]), None)
    stands = rows.now()
    for principal in wanted.keys() - stands.keys():
        rows.suspend(principal, wanted[principal], at)
    for principal in stands.keys() - wanted.keys():
        rows.lift(principal, at)
    return len(wanted.keys() ^ stands.keys())


@dataclass(frozen=True, slots=True)
class _Step:
    """Who is stopped or let go, and who says so, by pseudonym; what is known of the latter."""

    at: datetime
    principal: str = field(repr=False)
    by: str = field(repr=False)
    asks: Known


def _step(desk: Desk, principal: str, by: str) -> _Step:
    now = desk.clock().astimezone(UTC)
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    # Remembered only once they are known: a mistyped id is somebody's, perhaps, and nobody's here.
    who = desk.remember(principal)
    if desk.directory.known(who, _NOBODY, None, at).principal is None:
        raise BadInput("the directory has never known this principal", where="PRINCIPAL")
    asker = desk.remember(by)
    return _Step(at, who, asker, desk.directory.known(asker, _NOBODY, None, at))


def _standing(known: Known, role: Role) -> tuple[Reason, ...]:
    """Why this one may neither stop nor let go of anybody; nothing where they may."""
    if known.principal is None:
        return (Reason(f"{role}-unknown"),)
    said = {"left": not known.principal.active, "suspended": known.principal.suspended}
    return tuple(Reason(f"{role}-{code}") for code, holds in said.items() if holds)


def _against(desk: Desk, step: _Step, other: str) -> tuple[Reason, ...]:
    """Every reason against a lift by these two, each once: by all that held in the 30 days before, as for an approval."""
    lately = desk.directory.chart(step.at, RETURNED.days)
    approves = desk.directory.known(other, _NOBODY, None, step.at)
    feed = step.asks.feed
    fresh = feed is not None and step.at - feed.confirmed <= feed.limit
    said = (
        *_standing(step.asks, "requester"),
        *_standing(approves, "approver"),
        *(() if fresh else (Reason("directory-stale"),)),
        *_two(desk, step.by, other, lately, step.at),
        *_two(desk, step.principal, step.by, lately, step.at),
        *_two(desk, step.principal, other, lately, step.at),
    )
    return tuple(dict.fromkeys(said))


def _two(desk: Desk, one: str, other: str, lately: Chart, at: datetime) -> tuple[Reason, ...]:
    """Why these are not two; one who shares an account or a home with the other is not, either."""
    near = (Reason("tied"),) if other in desk.directory.tied(one, at) else ()
    return (*independent(one, other, lately), *near)


def _record(
    desk: Desk, step: _Step, key: str, what: str, *, by: Sequence[str], code: str | None, reasons: Sequence[Reason]
) -> int:
    body: dict[str, Json] = {
        "v": 1,
        "kind": str(Kind.SUSPENSION),
        "at": time_text(step.at),
        "what": what,
        "principal": step.principal,
        "by": list(by),
        "code": code,
        "outcome": "refused" if reasons else "done",
        "reasons": [reason.code for reason in reasons],
    }
    recorded = desk.journal.submit(Submission(CALLER, key, (Record(Stream.named("admin"), canonical(body)),)))
    return recorded.leaves[-1].index
