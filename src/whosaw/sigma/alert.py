# SPDX-License-Identifier: Apache-2.0
"""What a rule tells: which rule, whom, from when to when, and the looks. One line of JSON each.

Invariant: the sentence names nobody; who it is about stands in fields that never print.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from whosaw.facts.columns import instant
from whosaw.sigma.window import Match
from whosaw.verify.words import counted

_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Alert:
    """`count`: what the rule counted at most at once. `matches`: by time, at least one."""

    rule: str
    title: str
    level: str
    count: int
    matches: tuple[Match, ...] = field(repr=False)

    @property
    def principals(self) -> tuple[str, ...]:
        return tuple(sorted({match.who for match in self.matches}))

    @property
    def persons(self) -> tuple[str, ...]:
        return tuple(sorted({match.person for match in self.matches if match.person is not None}))

    @property
    def cases(self) -> tuple[str, ...]:
        return tuple(sorted({match.case for match in self.matches if match.case is not None}))

    @property
    def id(self) -> str:
        """The same rule on the same first event is the same alert, in every run."""
        first = self.matches[0]
        spelled = json.dumps([self.rule, first.t, first.id, first.who, first.person])
        return f"s-{hashlib.sha256(spelled.encode()).hexdigest()[:16]}"

    @property
    def order(self) -> tuple[int, str, str]:
        return self.matches[0].t, self.rule, self.id

    @property
    def sentence(self) -> str:
        events, who = counted(len(self.matches), "event"), counted(len(self.principals), "principal")
        at_once = f", {self.count:,} counted at once" if self.count > 1 else ""
        return f"{self.title}: {events} of {who}{at_once}."


def json_line(alert: Alert) -> str:
    """In the keys of a finding (docs/dataset.md) where they mean the same; no score and no p: a rule has none."""
    said = {
        "alert": alert.id, "rule": alert.rule, "title": alert.title, "level": alert.level,
        "principals": alert.principals, "persons": alert.persons, "cases": alert.cases,
        "looks": [match.id for match in alert.matches[:_SHOWN]], "events": len(alert.matches), "count": alert.count,
        "window": [_time(alert.matches[0].t), _time(alert.matches[-1].t)], "sentence": alert.sentence,
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False) + "\n"


def _time(t: int) -> str:
    return instant(t).isoformat(timespec="milliseconds").replace("+00:00", "Z")
