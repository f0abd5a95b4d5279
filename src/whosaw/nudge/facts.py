# SPDX-License-Identifier: Apache-2.0
"""What speaks against an answer: what is on file, held against what was said. Pure.

    the look, the answer, the case as it is on file, the purpose ──▶ codes, each a sentence for whoever reviews

The one who answers is not told: it would teach how to answer. Nothing here decides: an answer closes no finding, and one that agrees
with everything acquits nobody.

Invariant: what is not on file speaks against nobody but says so (`case-unknown`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whosaw.model.access import Asked
from whosaw.nudge.record import Said

AGAINST: Mapping[str, str] = {
    "case-unknown": "No case by the name that was given was on file.",
    "case-opened-later": "The case was opened after the look.",
    "case-closed-before": "The case was closed before the look.",
    "case-not-theirs": "The case was assigned neither to the one who looked nor to their unit or queue.",
    "case-by-them": "The one who looked opened or requested the case.",
    "case-does-not-name": "The case does not name the person.",
    "case-named-later": "The case names the person since after the look.",
    "case-named-by-them": "The one who looked put the person into the case.",
    "another-case": "The look itself names another case.",
    "another-purpose": "The look itself names another purpose.",
    "beyond-purpose": "The look asked for more than the purpose needs.",
    "no-case": "The purpose needs a case, and none was named.",
    "not-checked": "The look is erased, so nothing could be held against the answer.",
    "not-the-first": "It was said to be by mistake, and the same principal had looked at the person before.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The look that was asked about. `t` in microseconds."""

    t: int
    who: str = field(repr=False)
    asked: frozenset[Asked]
    purpose: str | None
    case: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFile:
    """A case as it is on file now. Times in microseconds. `hands`: whoever opened or requested it; `theirs`: assigned to the
    one who looked, to a queue of theirs or to their unit. `named`: since when it names the person, and by whom; None: it does not.
    """

    opened: int
    closed: int | None
    hands: frozenset[str] = field(repr=False)
    theirs: bool
    named: tuple[int | None, str | None] | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What was said. `needs`: all that the purpose may need, and whether it needs a case."""

    said: Said
    purpose: str | None = None
    case: str | None = None
    needs: frozenset[Asked] = frozenset()
    needs_case: bool = False


def against(look: Looked, claim: Claim, case: OnFile | None, *, repeat: bool) -> tuple[str, ...]:
    """Every code that speaks against the answer. `case`: the one that was given, where it is on file. `repeat`: the same
    principal had looked at the person before.
    """
    if claim.said is Said.UNIT:
        return ()
    if claim.said is Said.MISTAKE:
        return ("not-the-first",) if repeat else ()
    said = {
        "another-case": None not in (look.case, claim.case) and look.case != claim.case,
        "another-purpose": look.purpose is not None and look.purpose != claim.purpose,
        "beyond-purpose": not look.asked <= claim.needs,
        "no-case": claim.needs_case and claim.case is None,
        "case-unknown": claim.case is not None and case is None,
    }
    found = [code for code, holds in said.items() if holds]
    return (*found, *(() if case is None else _of_case(look, case)))


def _of_case(look: Looked, case: OnFile) -> tuple[str, ...]:
    since, by = (None, None) if case.named is None else case.named
    said = {
        "case-opened-later": case.opened > look.t,
        "case-closed-before": case.closed is not None and case.closed <= look.t,
        "case-not-theirs": not case.theirs,
        "case-by-them": look.who in case.hands,
        "case-does-not-name": case.named is None,
        "case-named-later": since is not None and since > look.t,
        "case-named-by-them": by == look.who,
    }
    return tuple(code for code, holds in said.items() if holds)
