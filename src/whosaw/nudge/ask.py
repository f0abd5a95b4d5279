# SPDX-License-Identifier: Apache-2.0
"""One round: who did not answer in time, which looks since the last round are asked about; on record, and then so.

    records ──made──▶ what was asked ──overdue──▶ silences recorded
    looks since the last round ──pick──▶ round and questions, one submission `round/number` ──durable──▶ asked

A round can be made as often as one likes: it considers what came since the last. Of two at once one is first for all, and the other
has considered nothing. Whoever is asked finds the questions where they look for them; nothing is sent that names anybody.

Invariant: a look is considered by one round and no other; nobody was asked what is not on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whosaw.errors import Busy, IdempotencyConflict
from whosaw.facts.columns import DAY, micros
from whosaw.inquiry.step import moment
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.nudge.choose import Before, Lots, Pick, Picked, period, pick
from whosaw.nudge.ports import Desk
from whosaw.nudge.record import STREAM, Fate, Nudged, Question, Round, Silence
from whosaw.nudge.state import Nudges, made

CALLER = "nudges"
MOST = 2_000  # questions of one round: the looks after them are for the next


@dataclass(frozen=True, slots=True)
class Rounded:
    """What a round did. `index`: its leaf; None where there was nothing to consider."""

    picked: Picked
    silent: int
    index: int | None

    def of(self, fate: Fate) -> int:
        return sum(1 for each in self.picked.picks if each.fate is fate)


def nudges(desk: Desk) -> Nudges:
    """Everything so far. Raises NotCanonical, Damaged for records that are none of ours."""
    return made(desk.records())


def round_(desk: Desk) -> Rounded:
    """Consider what came since the last round. Raises MissingExtra where nobody can judge looks here, Busy for another's round."""
    at = moment(desk.clock)
    so_far = nudges(desk)
    silent = _silences(desk, so_far, at)
    end, root = desk.head()
    fresh_from = micros(at - timedelta(hours=desk.numbers.fresh_h)) // DAY * DAY
    rows = [row for row in desk.rows(so_far.end, fresh_from) if row.leaf < end]
    before, lots = _before(desk, so_far), _lots(desk, so_far, at, root)
    picked = pick(rows, so_far.end, micros(at), before, desk.numbers, lots)
    if len(picked.picks) > MOST:
        end = picked.picks[MOST].row.leaf
        rows = [row for row in rows if row.leaf < end]
        picked = pick(rows, so_far.end, micros(at), before, desk.numbers, lots)
    if not picked.looks:
        return Rounded(picked, silent, None)
    number = len(so_far.rounds) + 1
    head = Round(
        number=number, at=at, first=so_far.end, end=end, root=root, looks=picked.looks, stale=picked.stale,
        nobody=picked.nobody,
    )  # fmt: skip
    asked = _questions(desk, picked.picks, len(so_far.asked), at)
    return Rounded(picked, silent, _submit(desk, f"round/{number}", head, *asked))


def _before(desk: Desk, so_far: Nudges) -> Before:
    asked = Counter((one.question.who, one.question.day) for one in so_far.asked.values())
    return Before(of_day=asked, held=desk.held())


def _lots(desk: Desk, so_far: Nudges, at: datetime, root: bytes) -> Lots:
    """The first round of a while fixes with which checkpoint it is drawn who is left out of it."""
    day = micros(at) // DAY
    while_ = period(day, desk.numbers)
    begun = (r.root for r in so_far.rounds if period(micros(r.at) // DAY, desk.numbers) == while_)
    return Lots(root, next(begun, root))


def _questions(desk: Desk, picks: Sequence[Pick], so_far: int, at: datetime) -> list[Question]:
    due = at + timedelta(hours=desk.numbers.answer_h)
    return [
        Question(
            id=f"n-{so_far + place:06d}", at=at, who=each.row.who, leaf=each.row.leaf, day=each.row.day, due=due,
            fate=each.fate, chosen=each.chosen, explained=not each.row.unexplained, repeat=each.row.repeat,
        )
        for place, each in enumerate(picks, 1)
    ]  # fmt: skip


def _silences(desk: Desk, so_far: Nudges, at: datetime) -> int:
    """That nobody answered in time is a record. One that another round made meanwhile is the same."""
    count = 0
    for id_, one in so_far.asked.items():
        if one.overdue(at):
            try:
                _submit(desk, f"silence/{id_}", Silence(id=id_, at=at))
            except Busy:
                continue
            count += 1
    return count


def _submit(desk: Desk, key: str, *records: Nudged) -> int:
    stream = Stream.named(STREAM)
    try:
        said = desk.journal.submit(Submission(CALLER, key, tuple(Record(stream, each.encode()) for each in records)))
    except IdempotencyConflict:
        raise Busy("another round was made meanwhile", part="nudges", hint="nothing was asked; try again") from None
    return said.leaves[-1].index
