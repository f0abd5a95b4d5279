# SPDX-License-Identifier: Apache-2.0
"""Recorded decisions, made again: from the record, and from the directory as it was known at each look.

    record in `exports` ──▶ LookBody, Known as of then ──again──▶ the same facts? ──decide──▶ what a policy says of it

Which rules spoke says something of the person, so whoever asks for it is on record first, must work here, and hears nothing
about a look of their own: the gate would otherwise tell on the second way what it keeps to itself on the first.

Invariant: the record is never corrected by what comes out now. Where the facts differ, that is said, and the record counts.
                                                                        Specification: docs/spec/facts.md, section 4
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from whosaw.errors import BadInput, NotCanonical
from whosaw.journal.reader import Reader
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.decision import Decision
from whosaw.model.look_body import LookBody
from whosaw.model.record import Json, Kind, Stream, canonical, time_text
from whosaw.policy.again import again
from whosaw.policy.decide import decide
from whosaw.policy.facts import NOTHING_KNOWN, Known
from whosaw.policy.question import Question
from whosaw.policy.rules import Policy

CALLER = "oversight"
_LOOK = b'"kind":"look"'
_STEP = 1000

Found = Literal["same", "differ", "older"]
What = Literal["explain", "replay"]


class Directory(Protocol):
    """What was known of principal, person and case, all by pseudonym, as it was known at `at`."""

    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known: ...


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded: ...


@dataclass(frozen=True, slots=True)
class Again:
    """One recorded decision, and the same question asked of a policy today.

    `facts`: are they, found again, those of the record? `older`: it was recorded before they could be found again; then
    `decision` is None. `policy`: is it decided by the very policy that decided then?
    """

    index: int
    look: LookBody = field(repr=False)
    facts: Found
    policy: bool
    decision: Decision | None = field(repr=False)

    @property
    def permitted(self) -> bool:
        """As it was recorded."""
        return self.look.decision == "permit"

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that speak now."""
        return () if self.decision is None else tuple(rule.id for rule in self.decision.rules)

    @property
    def turned(self) -> bool:
        """Whether it would come out otherwise now."""
        return self.decision is not None and self.decision.permitted is not self.permitted

    @property
    def replayed(self) -> bool:
        """The same facts, and under the same policy the same rules: the decision explains itself, to the last bit."""
        return self.facts == "same" and (not self.policy or self.rules == self.look.rules)


def on_record(
    journal: Journal,
    what: What,
    principal: str,
    *,
    at: datetime,
    key: str,
    leaf: int | None,
    reasons: Sequence[str] = (),
) -> Recorded:
    """Put on record that `principal` (a pseudonym) asks which rules spoke. With `reasons` they are not told."""
    body: dict[str, Json] = {
        "v": 1, "kind": str(Kind.EXPORT), "at": time_text(at), "what": what, "principal": principal, "leaf": leaf,
    }  # fmt: skip
    if reasons:
        body["reasons"] = list(reasons)
    return journal.submit(Submission(CALLER, key, (Record(Stream.named("exports"), canonical(body)),)))


def find(reader: Reader, name: str) -> tuple[int, LookBody]:
    """The look with this id, or at this leaf. Raises BadInput where there is none that the gate decided."""
    if name.isascii() and name.isdigit() and len(name) <= 12 and int(name) < reader.size:
        body = _decided(reader.frame(int(name)).body)
        if body is not None:
            return int(name), body
    for end in range(reader.size, 0, -_STEP):
        for frame in reversed(list(reader.frames(max(0, end - _STEP), end))):
            body = _decided(frame.body)
            if body is not None and body.look == name:
                return frame.index, body
    raise BadInput(
        "no rule, and no look that the gate decided, is called so",
        where="NAME",
        hint="whosaw policy check lists the rules; a refused look says the leaf that records it",
    )


def decisions(reader: Reader, policy: Policy, directory: Directory, at: Callable[[int, int], None]) -> Iterator[Again]:
    """Every decision in the log, made again, in its order. `at`: called with how many leaves were read, of how many."""
    for frame in reader.frames():
        body = _decided(frame.body)
        if body is not None:
            yield decided_again(frame.index, body, policy, directory)
        if frame.index % 100 == 0 or frame.index + 1 == reader.size:
            at(frame.index + 1, reader.size)


def decided_again(index: int, body: LookBody, policy: Policy, directory: Directory) -> Again:
    """One of them."""
    made = None
    if body.gate is not None and body.person is not None:
        known = NOTHING_KNOWN  # a directory that could not be read then is not asked now, either
        if not body.gate.unread:
            known = directory.known(body.principal, body.person, body.case, body.at)
        made = again(body, known)
    if made is None:
        return Again(index, body, "older", body.policy == policy.digest, None)
    # Whether the purpose was on the list is part of the facts, and this policy may have another list.
    rows = {body.purpose} if body.purpose is None else {body.purpose, policy.row(made[0])}
    same = any(Question.of(*made, body.at, row).digest == body.facts for row in rows)
    decision = decide(policy, *made, body.at)
    return Again(index, body, "same" if same else "differ", body.policy == policy.digest, decision)


def _decided(body: bytes | None) -> LookBody | None:
    """The look in a record, where the gate decided it; None for every other record, and for one that was erased."""
    if body is None or _LOOK not in body:
        return None
    try:
        look = LookBody.decode(body)
    except NotCanonical:
        return None
    return look if look.origin == "asked" and look.decision is not None else None
