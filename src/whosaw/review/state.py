# SPDX-License-Identifier: Apache-2.0
"""Where a finding is: what its records make, and nothing else. Pure.

    steps of the stream, in its order ──standings──▶ per finding a Standing ──after(step)──▶ the next one

Invariant: a step that the state before it does not allow was never recorded as done; one that was is Damaged, not skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from whosaw.errors import Damaged
from whosaw.review.record import Seen, Step
from whosaw.review.words import Resolution, State, What

# From which states a step can be taken. RESOLVE leads to SECOND where it needs another, as its record says.
FROM: Mapping[What, frozenset[State]] = {
    What.ASSIGN: frozenset({State.OPEN, State.REOPENED, State.ASSIGNED, State.IN_REVIEW}),
    What.TAKE: frozenset({State.OPEN, State.REOPENED, State.ASSIGNED}),
    What.RESOLVE: frozenset({State.IN_REVIEW}),
    What.CONFIRM: frozenset({State.SECOND}),
    What.RETURN: frozenset({State.SECOND}),
    What.RULE: frozenset(State) - {State.CLOSED},
    What.REOPEN: frozenset({State.CLOSED}),
    What.AGAIN: frozenset({State.CLOSED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a finding ended, once: it may have been reopened since. `by`: one, or two."""

    at: datetime
    resolution: Resolution
    why: tuple[str, ...]
    by: tuple[str, ...] = field(repr=False)
    seen: Seen
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one finding is. `number`: how many steps moved it. `holder`: who has it. `proposed`: what waits for a second.

    `ended`: every time that it was closed, oldest first; the last one counts while the state is closed.
    """

    state: State = State.OPEN
    number: int = 0
    holder: str | None = field(default=None, repr=False)
    since: datetime | None = None
    proposed: Step | None = field(default=None, repr=False)
    ended: tuple[Ended, ...] = ()

    @property
    def resolution(self) -> Resolution | None:
        """How it ended, while it is closed."""
        return self.ended[-1].resolution if self.state is State.CLOSED else None


NEW = Standing()


def allowed(before: Standing, what: What) -> bool:
    """Whether such a step is possible now, whoever takes it."""
    return before.state in FROM[what]


def after(before: Standing, step: Step) -> Standing:
    """The standing once `step` is done."""
    made = replace(before, number=step.number, since=step.at, proposed=None)
    match step.what:
        case What.ASSIGN:
            return replace(made, state=State.ASSIGNED, holder=step.to)
        case What.TAKE:
            return replace(made, state=State.IN_REVIEW, holder=step.by)
        case What.RESOLVE if step.two:
            return replace(made, state=State.SECOND, proposed=step)
        case What.RESOLVE:
            return replace(made, state=State.CLOSED, holder=None, ended=(*before.ended, _ended(step, step)))
        case What.CONFIRM if before.proposed is not None:
            ended = _ended(before.proposed, step)
            return replace(made, state=State.CLOSED, holder=None, ended=(*before.ended, ended))
        case What.RULE:
            ended = (
                _ended(step, step)
                if before.proposed is None
                else replace(_ended(step, step), by=(before.proposed.by, step.by))
            )
            return replace(made, state=State.CLOSED, holder=None, ended=(*before.ended, ended))
        case What.RETURN:
            return replace(made, state=State.IN_REVIEW)
        case What.REOPEN | What.AGAIN:
            return replace(made, state=State.REOPENED, holder=None)
    raise Damaged("a step with a finding has nothing to confirm", where="reviews")


def standings(steps: Iterable[Step]) -> dict[str, Standing]:
    """Where every finding is that somebody did something with. Raises Damaged for steps that cannot follow each other."""
    found: dict[str, Standing] = {}
    for step in steps:
        if step.outcome != "done" or step.what is What.OPENED:
            continue
        before = found.get(step.finding, NEW)
        if step.number != before.number + 1 or not allowed(before, step.what):
            raise Damaged("the steps with a finding do not follow each other", where="reviews")
        found[step.finding] = after(before, step)
    return found


def _ended(resolved: Step, last: Step) -> Ended:
    if resolved.resolution is None or resolved.seen is None:
        raise Damaged("a finding was resolved without a resolution", where="reviews")
    by = (resolved.by,) if resolved is last else (resolved.by, last.by)
    return Ended(
        at=last.at,
        resolution=resolved.resolution,
        why=resolved.why,
        by=by,
        seen=resolved.seen,
        signals=resolved.signals,
    )
