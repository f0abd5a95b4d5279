# SPDX-License-Identifier: Apache-2.0
"""Rules that hide findings: made by one, approved by an independent other, for a while, and counted each time they hide one.

    add ──scope allowed? owner apart from the unit?──▶ asked ──approve──▶ in force ──watch──▶ hidden(finding)? ──▶ on record
                                                                                        └ never: protected, controllers, unknown,
                                                                                          those who made the rule, what more speaks for

Hidden is not gone: the finding keeps its number, is listed with `--hidden`, and each watch says how many are hidden by how many
rules. What somebody has in review is not hidden from them.

Invariants: no rule is about fewer people than `hidden_unit`, nor longer than `hidden_days`; none hides a finding at a protected person, about
reviewers, auditors, administrators or accounts that nobody knows, or about who made or approved it, their unit or line.
                                                                                            Design: docs/adr/0164
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.detect.finding import Finding
from whosaw.errors import BadInput, Busy, IdempotencyConflict
from whosaw.facts.columns import micros
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import moment
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.policy.independence import RETURNED, Chart, Reason, independent
from whosaw.review.ground import Grounds, holds
from whosaw.review.ports import Desk
from whosaw.review.record import STREAM
from whosaw.review.rule import WHY, Did, Rule, RuleStep, Scope, rules
from whosaw.review.state import Standing, standings
from whosaw.review.who import against_reading
from whosaw.review.words import State
from whosaw.review.work import CALLER, Refused, steps

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NONE = "none"  # the template of looks without a reason


@dataclass(frozen=True, slots=True)
class Done:
    """On record at leaf `index`."""

    rule: Rule
    index: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a rule may ask of a look of a finding. `template`: the reason that explains it, or NONE."""

    app: str | None
    purpose: str | None
    template: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule that somebody wants. `by`: a staff id; `until`: its end, excluded."""

    scope: Scope
    by: str = field(repr=False)
    why: str
    until: datetime


def kept(desk: Desk) -> dict[str, Rule]:
    """Every rule, by id."""
    return rules(step for step in desk.steps() if isinstance(step, RuleStep))


def add(wanted: Wanted, desk: Desk, signals: Collection[str]) -> Done | Refused:
    """Ask for a rule. Raises BadInput for a signal, a reason or an end that cannot be."""
    at, by = moment(desk.clock), desk.remember(wanted.by)
    _check(wanted, desk, signals, at)
    id_ = f"s-{len(kept(desk)) + 1:06d}"
    step = RuleStep(
        at=at, rule=id_, number=1, did=Did.ADD, by=by, scope=wanted.scope, why=wanted.why, until=wanted.until
    )
    if reasons := (*_standing(desk, by, at), *_scope_reasons(wanted.scope, by, desk, at)):
        return _refuse(desk, step, reasons)
    index = _submit(desk, step)
    return Done(kept(desk)[id_], index)


def approve(rule: str, by: str, desk: Desk) -> Done | Refused:
    """Put a rule in force, as somebody independent of its owner and apart from the unit. Raises BadInput where there is none."""
    at, who = moment(desk.clock), desk.remember(by)
    found = _find(rule, desk)
    step = RuleStep(at=at, rule=found.id, number=found.number + 1, did=Did.APPROVE, by=who)
    said = [*_standing(desk, who, at), *_scope_reasons(found.scope, who, desk, at)]
    lately = tuple(desk.approvals.since(at - RETURNED))
    chart = desk.directory.chart(at, RETURNED.days)
    said += independent(found.owner, who, chart, lately, at)
    if who in desk.directory.tied(found.owner, at, RETURNED.days):
        said.append(Reason("tied"))
    if found.state(at) != "asked":
        said.append(Reason("not-now"))
    if said:
        return _refuse(desk, step, said)
    index = _submit(desk, step)
    return Done(kept(desk)[rule], index)


def end(rule: str, by: str, desk: Desk) -> Done | Refused:
    """End a rule before its day. Whoever works here may: more is shown then, and nothing less."""
    at, who = moment(desk.clock), desk.remember(by)
    found = _find(rule, desk)
    step = RuleStep(at=at, rule=found.id, number=found.number + 1, did=Did.END, by=who)
    said = [*_standing(desk, who, at), *(() if found.state(at) in ("asked", "in force") else (Reason("not-now"),))]
    if said:
        return _refuse(desk, step, said)
    index = _submit(desk, step)
    return Done(kept(desk)[rule], index)


def hidden(desk: Desk, at: datetime) -> dict[str, str]:
    """Which findings are hidden now, by which rule: those that the newest watch hid, as far as their rule still may.

    A watch may be hours ago. Whoever was made protected since, or moved, or took the finding into review, is not hidden from.
    """
    there, now = desk.findings(), standings(steps(desk))
    found = {} if there is None else {one.id: one for one in there.findings}
    return {
        one.id: rule.id
        for rule in kept(desk).values()
        if rule.in_force(at)
        for one in (found[id_] for id_ in rule.hides if id_ in found)
        if _may(rule, one, now.get(one.id), desk, at)
    }


def hide(
    found: Sequence[Finding], looks: Mapping[str, Sequence[Look]], now: Mapping[str, Standing], desk: Desk
) -> dict[str, str]:
    """Which of the findings of this watch are hidden by which rule; on record for each rule. `looks`: of each finding."""
    at = moment(desk.clock)
    all_ = kept(desk)
    hides: dict[str, str] = {}
    for rule in sorted(all_.values(), key=lambda rule: rule.id):
        mine: list[str] = []
        if rule.in_force(at):
            mine = [
                one.id
                for one in found
                if one.id not in hides and _hides(rule, one, looks.get(one.id, ()), now.get(one.id), desk, at)
            ]
        hides |= dict.fromkeys(mine, rule.id)
        # Each time that it hides something is a record; that it no longer does is one, once.
        if rule.in_force(at) and (mine or rule.hides):
            _submit(
                desk,
                RuleStep(
                    at=at,
                    rule=rule.id,
                    number=rule.number + 1,
                    did=Did.HID,
                    by="detectors",
                    findings=tuple(sorted(mine)),
                ),
            )
    return hides


def _hides(  # noqa: PLR0917  every one of them can say no
    rule: Rule, finding: Finding, looks: Sequence[Look], now: Standing | None, desk: Desk, at: datetime
) -> bool:
    return bool(looks) and all(_fits(rule.scope, look) for look in looks) and _may(rule, finding, now, desk, at)


def _may(rule: Rule, finding: Finding, now: Standing | None, desk: Desk, at: datetime) -> bool:
    """Whether this rule may hide this finding, if its looks are what it is about."""
    scope = rule.scope
    if now is not None and now.state not in (State.OPEN, State.REOPENED):
        return False
    if {reason.signal for reason in finding.signals} != {scope.signal} or finding.score >= desk.numbers.two_from:
        return False
    grounds = Grounds.of(desk, finding, at)
    units = [grounds.ground.since.units.get(named) for named in finding.principals]
    if any(unit != frozenset({scope.unit}) for unit in units) or _size(scope.unit, desk, at) < desk.numbers.hidden_unit:
        return False
    if grounds.overseer_too or grounds.protected():
        return False
    makers = [who for who in (rule.owner, rule.approver) if who is not None]
    return not any(against_reading(grounds.one(who), grounds.ground) for who in makers)


def _fits(scope: Scope, look: Look) -> bool:
    asked = ((scope.app, look.app), (scope.purpose, look.purpose), (scope.template, look.template))
    return all(wanted is None or wanted == is_ for wanted, is_ in asked)


def _check(wanted: Wanted, desk: Desk, signals: Collection[str], at: datetime) -> None:
    scope = wanted.scope
    if scope.signal not in signals:
        raise BadInput("no such signal", where="--signal", hint=f"one of: {', '.join(sorted(signals))}")
    for name, text in (
        ("--unit", scope.unit),
        ("--app", scope.app),
        ("--purpose", scope.purpose),
        ("--template", scope.template),
    ):
        if text is not None and not _PLAIN.fullmatch(text):
            raise BadInput("1 to 64 of the letters A to Z, digits and . _ -", where=name)
    if wanted.why not in WHY:
        raise BadInput("no such reason", where="--because", hint=f"one of: {', '.join(WHY)}")
    most = desk.numbers.hidden_days
    if not at < wanted.until <= at + timedelta(days=most):
        raise BadInput(f"a rule ends in the future, and in {most} days at most", where="--until")


def _scope_reasons(scope: Scope, by: str, desk: Desk, at: datetime) -> Iterable[Reason]:
    """Why there is no such rule, or not by this one. Everything that held in the last 90 days counts."""
    rows, t = tuple(desk.staff()), micros(at)
    since = Chart.between(rows, micros(at - timedelta(days=desk.numbers.hidden_days)), t)
    inside = [who for who, units in since.units.items() if scope.unit in units]
    control = (*desk.reviewers, *desk.numbers.control)
    said = {
        "unit-too-small": _size(scope.unit, desk, at) < desk.numbers.hidden_unit,
        "unit-controls": any(row.who in inside and row.function in control for row in rows),
        "own-unit": by in inside or any(since.in_line(by, each) for each in inside),
    }
    return tuple(Reason(code) for code, holds in said.items() if holds)


def _size(unit: str, desk: Desk, at: datetime) -> int:
    t = micros(at)
    return len({row.who for row in desk.staff() if row.unit == unit and holds(row, t, t)})


def _standing(desk: Desk, who: str, at: datetime) -> tuple[Reason, ...]:
    return standing(known(desk.directory, who, at).principal, "requester")


def _find(rule: str, desk: Desk) -> Rule:
    found = kept(desk).get(rule)
    if found is None:
        raise BadInput("there is no such rule", where="rule", hint="whosaw suppression list shows them")
    return found


def _submit(desk: Desk, step: RuleStep) -> int:
    stream = Stream.named(STREAM)
    try:
        said = desk.journal.submit(Submission(CALLER, f"{step.rule}/{step.number}", (Record(stream, step.encode()),)))
    except IdempotencyConflict:
        raise Busy("somebody did something with this rule meanwhile", part="rule", hint="look at it again") from None
    return said.leaves[-1].index


def _refuse(desk: Desk, step: RuleStep, reasons: Iterable[Reason]) -> Refused:
    codes = tuple(dict.fromkeys(reason.code for reason in reasons))
    # Without its scope: what was typed and refused is nobody's unit, and could be a name.
    no = RuleStep(at=step.at, rule=step.rule, number=0, did=step.did, by=step.by, outcome="refused", reasons=codes)
    said = desk.journal.submit(
        Submission(f"{CALLER}/refused", desk.fresh(), (Record(Stream.named(STREAM), no.encode()),))
    )
    return Refused(tuple(map(Reason, codes)), said.leaves[-1].index)
