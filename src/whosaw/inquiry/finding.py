# SPDX-License-Identifier: Apache-2.0
"""What is behind a finding: its looks, its principals, everyone affected, and what speaks against it.

    finding, asker ──▶ apart from those named? ──▶ step recorded in the ledger ──▶ durable ──▶ FindingInquiry

Pseudonyms in, pseudonyms out: names are for two (``inquiry.unseal``). The step stands in the named stream with counts
only. It is not in the persons' streams: from a pseudonym to a stream leads only their name, and nobody has opened it.

Invariant: nobody is shown a finding that names them, their unit or their line.             Design: docs/adr/0053
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.facts.columns import instant, micros
from whosaw.inquiry.affected import Affected, affected
from whosaw.inquiry.person import Coverage
from whosaw.inquiry.ports import Desk, ExplainedLook, Finding
from whosaw.inquiry.record import Step, step_id
from whosaw.inquiry.standing import known, standing, tied
from whosaw.inquiry.step import Asking, Refused, plain, record_once, stepped
from whosaw.journal.submission import Record
from whosaw.model.record import Json, Stream, time_text
from whosaw.policy.independence import Chart, Reason, apart

_UNREADABLE = frozenset({"named-unknown"})


@dataclass(frozen=True, slots=True)
class FindingInquiry:
    """The answer. `window`: first and last look of the finding, both included, microseconds since 1970. `looks`: those
    that it rests on, by time.

    `affected`: persons looked at without a reason by one of the principals in the window; `alongside`: persons looked
    at in one go with those. `counter`: what speaks against it, in sentences; no finding is proof.
    """

    step: str
    finding: str
    sentence: str
    window: tuple[int, int]
    principals: tuple[str, ...] = field(repr=False)
    looks: tuple[ExplainedLook, ...] = field(repr=False)
    affected: tuple[Affected, ...] = field(repr=False)
    alongside: tuple[Affected, ...] = field(repr=False)
    counter: tuple[str, ...]
    coverage: Coverage
    receipt: bytes = field(repr=False)
    index: int


def finding(id: str, asker: str, desk: Desk, *, key: str | None = None) -> FindingInquiry | Refused:  # noqa: A002  the word on the command line
    """What is behind the finding `id`, for the staff member `asker`. `key` and errors: see ``person.person``.

    Raises MissingExtra where nobody can judge looks here: who is affected cannot be said then.
    """
    found = desk.findings.find(plain(id))
    asking = Asking.of(desk, asker, key, {"what": "finding", "subject": id, "as": _as_it_is(found)})
    recorded = record_once(desk.journal, asking.caller, asking.key, lambda: _decided(found, asking, desk))
    step = stepped(recorded)
    index, receipt = recorded.leaves[-1].index, recorded.receipt
    if step.outcome == "refused" or found is None:
        return Refused(step.id, tuple(map(Reason, step.reasons)), receipt, index)
    looks = [look for look in desk.looks.by(found.principals, *found.window) if look.leaf < recorded.first]
    without, beside = affected(looks)
    return FindingInquiry(
        step.id,
        found.id,
        found.sentence,
        found.window,
        tuple(sorted(found.principals)),
        _rests_on(found, looks),
        without,
        beside,
        tuple(found.counter),
        _coverage(looks, found.window, recorded.first, step),
        receipt,
        index,
    )


def _as_it_is(found: Finding | None) -> list[Json]:
    """What makes it this finding. One that a later run has changed, or closed, is another question and another step."""
    return [] if found is None else [*found.window, *sorted(found.principals), *sorted(found.looks)]


def _rests_on(found: Finding, looks: Sequence[ExplainedLook]) -> tuple[ExplainedLook, ...]:
    ids, persons = frozenset(found.looks), frozenset(found.persons)
    theirs = (look for look in looks if look.look in ids and look.person in persons)
    return tuple(sorted(theirs, key=lambda look: (look.t, look.look, look.who, look.person)))


def _decided(found: Finding | None, asking: Asking, desk: Desk) -> tuple[Record, ...]:
    reasons = _reasons(found, asking, desk)
    body = Step(
        id=step_id("i", asking.digest),
        at=asking.at,
        what="finding",
        asker=asking.asker,
        outcome="refused" if reasons else "shown",
        reasons=tuple(reason.code for reason in reasons),
        # An id that no finding has is free text, and free text can be a name: it is not written down.
        finding=None if found is None else found.id,
        persons=0 if found is None else len(set(found.persons)),
    )
    return (Record(Stream.named("inquiry"), body.encode()),)


def _reasons(found: Finding | None, asking: Asking, desk: Desk) -> tuple[Reason, ...]:
    said = standing(known(desk.directory, asking.asker, asking.at).principal, "requester")
    if found is None:
        return (*said, Reason("no-finding"))
    t = micros(asking.at)
    since = Chart.between(desk.staff(), min(found.window[0], t), t)
    # An account that no directory knows is what a finding may well be about: it must stay readable.
    against = apart(
        asking.asker,
        "requester",
        found.principals,
        since,
        tied=tied(desk, asking.asker, min(found.window[0], t), asking.at),
    )
    return (*said, *(reason for reason in against if reason.code not in _UNREADABLE))


def _coverage(looks: Sequence[ExplainedLook], window: tuple[int, int], leaves: int, step: Step) -> Coverage:
    persons = len({look.person for look in looks})
    return Coverage(
        leaves,
        step.at,
        f"Read were the {len(looks):,} looks of these principals from {time_text(instant(window[0]))} to "
        f"{time_text(instant(window[1]))} among the first {leaves:,} leaves of the log, at {persons:,} "
        f"{'person' if persons == 1 else 'persons'}, judged by the reasons that are declared and known now. "
        "This cannot tell of looks outside this window, under other accounts, or that no tool and no log handed in.",
    )
