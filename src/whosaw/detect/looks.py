# SPDX-License-Identifier: Apache-2.0
"""Single looks with what explains them, or by how much the nearest reason failed: what an inquiry and a page read.

    a person, or looks and principals ──▶ the facts, explained ──▶ one line per look and principal, by time

Invariant: the same reasons and weights as in a watch, because it is the same expression; only fewer rows of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from whosaw.detect.changed import late_after
from whosaw.detect.defaults import Defaults
from whosaw.detect.explain import LATE, OVER, OWN, explained
from whosaw.detect.templates import Templates
from whosaw.facts.columns import instant
from whosaw.facts.opened import Facts
from whosaw.facts.prepared.looks import prepare, seen_by

# The end of time, far enough from the end of the whole numbers that adding days stays below it.
EVER = 2**55
REPEAT = "repeat"
_NONE = "No case, assignment or other reason is on file."
_MISSES = (
    (LATE, "it was filed or known too late"),
    (OVER, "it was over by then"),
    (OWN, "the one who looked or their own unit wrote it, or it is not known who did"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLook:
    """One look of one principal. Pseudonyms only; `t` in microseconds.

    `explained`: a reason holds as of the look. `reason`: its id in templates.toml, `repeat` for coming back, None where
    there is none. `sentence`: the reason in words, or why the nearest one fails. `later`: one was filed afterwards.
    `asked`: `field:detail` as recorded.
    """

    leaf: int
    look: str
    t: int
    who: str = field(repr=False)
    account: str = field(repr=False)
    claimed: bool
    person: str | None = field(repr=False)
    unit: str | None
    function: str | None
    country: str | None
    protected: bool
    purpose: str | None
    case: str | None = field(repr=False)
    asked: tuple[str, ...]
    mode: str
    app: str | None
    source: str
    origin: str
    rows: int | None
    decision: str | None
    rules: tuple[str, ...]
    first: bool
    explained: bool
    reason: str | None
    sentence: str
    later: bool


def looks_at(
    facts: Facts, person: str, defaults: Defaults, templates: Templates, *, as_of: int = EVER
) -> list[ExplainedLook]:
    """Every look at `person` (a pseudonym) up to `as_of`, by time."""
    looks = prepare(facts.tables, as_of)
    found = explained(facts, looks.filter(looks.person == person), seen_by(facts.tables, as_of), templates, defaults)
    return [_look(row, templates, late_after(defaults)) for row in _rows(facts, found)]


def looks_of(
    facts: Facts,
    principals: Collection[str],
    defaults: Defaults,
    templates: Templates,
    *,
    looks: Collection[str] | None = None,
    persons: Collection[str] | None = None,
    as_of: int = EVER,
) -> list[ExplainedLook]:
    """Every look of `principals` up to `as_of`, by time; only those with an id in `looks` and at `persons`, if given.

    For a finding give all three: a bulk look has one id for everybody in it.
    """
    found = prepare(facts.tables, as_of)
    found = found.filter(found.who.isin(sorted(principals)))
    if persons is not None:
        found = found.filter(found.person.isin(sorted(persons)))
    found = explained(facts, found, seen_by(facts.tables, as_of), templates, defaults)
    # By id only once explained: coming back to somebody rests on looks that are not asked for.
    if looks is not None:
        found = found.filter(found.look_id.isin(sorted(looks)))
    return [_look(row, templates, late_after(defaults)) for row in _rows(facts, found)]


def _rows(facts: Facts, found: Any) -> list[dict[str, Any]]:
    return facts.rows(found, ("t", "look_id", "row"), "looks")


def _look(row: dict[str, Any], templates: Templates, late: int) -> ExplainedLook:
    explained = row["person"] is not None and row["weight_then"] >= templates.explained_from
    reason, sentence = _reason(row, templates) if explained else (None, _missing(row))
    return ExplainedLook(
        leaf=row["leaf"],
        look=row["look_id"],
        t=row["t"],
        who=row["who"],
        account=row["account"],
        claimed=row["claimed"] == 1,
        person=row["person"],
        unit=row["unit"],
        function=row["function"],
        country=row["country"],
        protected=row["protected"] == 1,
        purpose=row["purpose"],
        case=row["case"],
        asked=_split(row["asked"]),
        mode=row["mode"],
        app=row["app"],
        source=row["source"],
        origin=row["origin"],
        rows=row["rows"],
        decision=row["decision"],
        rules=_split(row["rules"]),
        first=row["first"] == 1,
        explained=explained,
        reason=reason,
        sentence=sentence + _unknown(row, late),
        later=not explained and row["weight_now"] >= templates.explained_from,
    )


def _reason(row: dict[str, Any], templates: Templates) -> tuple[str, str]:
    if row["template"] == len(templates.templates):
        return REPEAT, f"Came back within {templates.repeat_days} days of a look that had a reason of its own."
    template = templates.templates[row["template"]]
    return template.id, template.sentence


def _unknown(row: dict[str, Any], late: int) -> str:
    """What is said of the time of the look is what is known today; of one that came late, that it was not known then."""
    arrived = row["arrived"]
    if arrived is None or arrived - row["t"] <= late:
        return ""
    return f" The log learnt of it late: it was not known before {instant(arrived):%Y-%m-%d}."


def _missing(row: dict[str, Any]) -> str:
    if row["person"] is None:
        return "It is about nobody in particular."
    why = [text for flag, text in _MISSES if row["near"] & flag]
    if why:
        return f"A reason comes near, but {', and '.join(why)}."
    if row["template"] >= 0:
        return "A reason is on file, but not one that is enough for this look."
    return _NONE


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()
