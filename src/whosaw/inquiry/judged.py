# SPDX-License-Identifier: Apache-2.0
"""Looks with what explains them, in words: ``ports.ExplainedLook`` from the facts and the declared reasons.

    facts ──detect's templates──▶ weight, template, nearest miss ──▶ explained or not, and the sentence of why

What is asked here is what the detectors ask, with the same reasons: an inquiry that judged by others would find the
detectors wrong, or right, by its own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from whosaw.detect.explain import LATE, OVER, OWN
from whosaw.detect.signal import World
from whosaw.detect.templates import Templates

_COLUMNS = ("look_id", "leaf", "t", "who", "person", "request", "weight_then", "weight_now", "template", "near")
_NEAR = {
    LATE: "was filed too late to count",
    OVER: "was over by then",
    OWN: "was written by the one who looked or by their own unit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One look of one principal at one person, judged. Implements ``ports.ExplainedLook``."""

    look: str
    leaf: int
    t: int
    who: str = field(repr=False)
    person: str = field(repr=False)
    request: str
    explained: bool
    why: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges looks of one world (``detect.run.world_of``). Implements ``ports.Looks``; answers are ordered by time."""

    world: World = field(repr=False)

    def at(self, person: str) -> list[Judged]:
        """Looks at the person with this pseudonym."""
        return self._judged(self.world.looks.filter(self.world.looks.person == person))

    def by(self, principals: Sequence[str], start: int, end: int) -> list[Judged]:
        """Looks by these principals at any person from `start` to `end`, both included, microseconds since 1970."""
        looks = self.world.looks
        theirs = looks.who.isin(sorted(principals)) & looks.person.notnull() & looks.t.between(start, end)
        return self._judged(looks.filter(theirs))

    def _judged(self, looks: Any) -> list[Judged]:
        rows: list[Any] = self.world.facts.rows(looks.select(*_COLUMNS, "row"), ("t", "look_id", "row"), "inquiry")
        return [_one(row, self.world.templates) for row in rows]


def why(weight: int, later: int, template: int, near: int, templates: Templates) -> str:
    """One sentence: the reason that counts, or what came nearest and why it fails. Arguments: see ``detect.explain``."""
    if template == len(templates.templates):
        known = f"The one who looks came back within {templates.repeat_days} days of a look with a reason of its own."
    else:
        known = templates.templates[template].sentence if template >= 0 else ""
    if weight >= templates.explained_from:
        return known
    if known:
        return f"Too weak a reason for this person: {known}"
    missed = [text for bit, text in _NEAR.items() if near & bit]
    if later >= templates.explained_from:
        missed = ["was filed or known only afterwards", *(text for bit, text in _NEAR.items() if near & bit & ~LATE)]
    return f"No reason on file; the nearest {' and '.join(missed)}." if missed else "No reason on file comes near."


def _one(row: Any, templates: Templates) -> Judged:
    return Judged(
        look=row["look_id"],
        leaf=row["leaf"],
        t=row["t"],
        who=row["who"],
        person=row["person"],
        request=row["request"],
        explained=row["weight_then"] >= templates.explained_from,
        why=why(row["weight_then"], row["weight_now"], row["template"], row["near"], templates),
    )
