# SPDX-License-Identifier: Apache-2.0
"""A finding: signals joined into one thing to review, and the number that it keeps from run to run.

    drafts of this run ─┐
                        ├─ enough looks in common ──▶ the earlier number        else ──▶ the next number, never used before
    earlier findings  ──┘

Invariant: two findings never have one number, and no number is given twice, also when its finding is gone.
A finding names pseudonyms only, in fields that never print.                     Design: docs/adr/0045
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from whosaw.errors import BadInput
from whosaw.facts.columns import DAY


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal of a finding, in words. `kind`: what it is about, a principal or a team."""

    signal: str
    kind: str
    p: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to review. Larger `score`, more suspicious: see weigh.py; what its looks are graver for is said in `harm`.

    `window`: instants of its first and last look, both included, in microseconds. `as_of`: the run that said so last.
    `counter`: what speaks against it; never empty of meaning, never a reason to drop the finding.
    """

    id: str
    as_of: int
    score: float
    p: float
    sentence: str
    principals: tuple[str, ...] = field(repr=False)
    persons: tuple[str, ...] = field(repr=False)
    looks: tuple[str, ...] = field(repr=False)
    cases: tuple[str, ...] = field(repr=False)
    window: tuple[int, int]
    signals: tuple[Reason, ...]
    harm: tuple[str, ...]
    counter: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """Every finding ever made, as it was last seen, by number. `last`: the highest number ever given. `changed`: when a watch last
    found facts that the house had not written; here too, so that it outlives the facts, which anybody may throw away.
    `nonce`: random, in hex, so that the digest on record tells nothing; None where the file is not on record.
    """

    last: int
    findings: tuple[Finding, ...] = ()
    changed: int | None = None
    nonce: str | None = field(default=None, repr=False)

    def find(self, id_: str) -> Finding:
        """The finding of that id. Raises BadInput."""
        for finding in self.findings:
            if finding.id == id_:
                return finding
        raise BadInput("there is no such finding", where="finding", hint="an id is like f-000001")

    def says(self, other: Findings) -> bool:
        """Whether the two say the same, but for the hour in which a watch said it."""
        return _daily(self) == _daily(other)


def _daily(findings: Findings) -> Findings:
    days = tuple(replace(each, as_of=each.as_of // DAY) for each in findings.findings)
    return replace(findings, findings=days, nonce=None)


NONE = Findings(0)


def in_order(drafts: Iterable[Finding]) -> list[Finding]:
    """Most suspicious first; among equals by their looks and principals."""
    return sorted(drafts, key=lambda f: (-f.score, f.looks, f.principals))


def one_by_one(drafts: Iterable[Finding]) -> list[Finding]:
    """The same for a list of a given length: whoever reads the first finding about these principals needs a further one less.

    The second has half of the odds, the third a third; a score is their logarithm, and never below 0.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    made = []
    for draft in in_order(drafts):
        seen[draft.principals] += 1
        made.append(replace(draft, score=max(0.0, round(draft.score - math.log10(seen[draft.principals]), 4))))
    return in_order(made)


def finding_id(number: int) -> str:
    """`f-000001`."""
    return f"f-{number:06d}"


def numbered(drafts: Sequence[Finding], earlier: Findings, same: int) -> tuple[tuple[Finding, ...], Findings]:
    """The drafts with their numbers, and all findings after this run.

    A draft is an earlier finding if, of the looks of the smaller one, at least 1 in `same` is common to both; most common
    looks first, each finding once. New ones are numbered in the order of `drafts`.
    """
    ids = matched(drafts, earlier, same)
    last = earlier.last
    made = []
    for place, draft in enumerate(drafts):
        if place not in ids:
            last += 1
            ids[place] = finding_id(last)
        made.append(replace(draft, id=ids[place]))
    kept = {f.id: f for f in (*earlier.findings, *made)}
    return tuple(made), replace(earlier, last=last, findings=tuple(sorted(kept.values(), key=lambda f: _number(f.id))))


def matched(drafts: Sequence[Finding], earlier: Findings, same: int) -> dict[int, str]:
    """Per place of a draft the id of the earlier finding that it is."""
    by_look: dict[str, list[Finding]] = {}
    for before in earlier.findings:
        for look in before.looks:
            by_look.setdefault(look, []).append(before)
    pairs = []
    for place, draft in enumerate(drafts):
        common = Counter(before.id for look in draft.looks for before in by_look.get(look, ()))
        sizes = {before.id: len(before.looks) for look in draft.looks for before in by_look.get(look, ())}
        pairs += [
            (-number, _number(id_), place, id_)
            for id_, number in common.items()
            if number * same >= min(len(draft.looks), sizes[id_])
        ]
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for *_, place, id_ in sorted(pairs):
        if place not in ids and id_ not in taken:
            ids[place] = id_
            taken.add(id_)
    return ids


def _number(id_: str) -> int:
    return int(id_.removeprefix("f-"))
