# SPDX-License-Identifier: Apache-2.0
"""`whosaw suppression add | approve | end | list`: rules that hide findings, with an owner, another who approved, and an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from whosaw.cli.errand import Done, Errand, Given, typed_by
from whosaw.cli.finding_words import refused
from whosaw.cli.options import asker_option, data_option, format_option, say
from whosaw.cli.output import REFUSED, Cell, Table
from whosaw.errors import BadInput
from whosaw.model.record import Json
from whosaw.review import suppress
from whosaw.review.rule import WHY, Rule, Scope
from whosaw.review.work import Refused, find, no_reader
from whosaw.reviewing import review_desk
from whosaw.verify.words import counted
from whosaw.wiring import House

_WHY = "; ".join(f"{code}: {said}" for code, said in WHY.items())


@click.group()
def suppression() -> None:
    """Hide findings by a rule that has an owner and an end. What it hides is counted, and listed."""


@suppression.command()
@click.option("--signal", required=True, metavar="NAME", help="Findings that rest on this signal alone.")
@click.option("--unit", required=True, metavar="UNIT", help="Findings about this org unit alone.")
@click.option("--app", metavar="NAME", help="Only where all looks were made in this tool.")
@click.option("--purpose", metavar="CODE", help="Only where all looks were for this purpose.")
@click.option("--template", metavar="ID", help="Only where all looks have this reason on file; `none`: have none.")
@click.option("--because", "why", required=True, metavar="CODE", help=f"Why. {_WHY}")
@click.option("--until", required=True, metavar="DAY", help="Its last day, like 2026-12-31.")
@asker_option
@data_option
@format_option
def add(
    signal: str, unit: str, app: str | None, purpose: str | None, template: str | None, why: str, until: str, asker: str,
    data: Path, form: str,
) -> int:  # fmt: skip
    """Ask for a rule; it hides nothing until another has approved it."""
    said: dict[str, Json] = {
        "signal": signal, "unit": unit, "app": app, "purpose": purpose, "template": template, "why": why, "until": until,
        "asker": asker,
    }  # fmt: skip
    return _run(ADD, data, said, form)


def _add(here: House, said: Given) -> Done:
    from whosaw.detect.registry import SIGNALS

    scope = Scope(
        signal=said.text("signal"), unit=said.text("unit"), app=said.maybe("app"), purpose=said.maybe("purpose"),
        template=said.maybe("template"),
    )  # fmt: skip
    wanted = suppress.Wanted(scope, typed_by(here, said), said.text("why"), _day(said.text("until")))
    return _told(here, suppress.add(wanted, review_desk(here), {each.NAME for each in SIGNALS}))


ADD = Errand("suppression add", _add)


@suppression.command()
@click.argument("rule")
@asker_option
@data_option
@format_option
def approve(rule: str, asker: str, data: Path, form: str) -> int:
    """Put RULE in force, as somebody independent of who asked for it."""
    return _run(APPROVE, data, {"rule": rule, "asker": asker}, form)


def _approve(here: House, said: Given) -> Done:
    return _told(here, suppress.approve(said.text("rule"), typed_by(here, said), review_desk(here)))


APPROVE = Errand("suppression approve", _approve)


@suppression.command("end")
@click.argument("rule")
@asker_option
@data_option
@format_option
def end_(rule: str, asker: str, data: Path, form: str) -> int:
    """End RULE before its day. Whoever works here may."""
    return _run(END, data, {"rule": rule, "asker": asker}, form)


def _end(here: House, said: Given) -> Done:
    return _told(here, suppress.end(said.text("rule"), typed_by(here, said), review_desk(here)))


END = Errand("suppression end", _end)


@suppression.command("list")
@asker_option
@data_option
@format_option
def list_(asker: str, data: Path, form: str) -> int:
    """Every rule there was: what it hides, whose it is, until when, and what it hid."""
    return _run(LIST, data, {"asker": asker}, form)


def _list(here: House, said: Given) -> Done:
    desk, at = review_desk(here), here.clock()
    if no := no_reader(typed_by(here, said), desk):
        return Done(refused(no), REFUSED)
    all_, hidden = sorted(suppress.kept(desk).values(), key=lambda rule: rule.id), suppress.hidden(desk, at)
    now = Counter(hidden.values())
    rows = tuple(_row(rule, at, now[rule.id]) for rule in all_)
    force = sum(1 for rule in all_ if rule.in_force(at))
    sentence = (
        f"{counted(len(all_), 'rule')}, {force} in force; {counted(len(hidden), 'finding')} hidden."
        if rows
        else "No rule hides anything."
    )
    alone = (
        rule.id for rule in all_ if len(rule.ever) > 1 and len({p for f in rule.ever for p in _named(here, f)}) == 1
    )
    after = tuple(
        f"All that {id_} ever hid is about one principal: a rule must not be about one of the staff." for id_ in alone
    )
    return Done(
        Table(sentence, ("rule", "state", "hides", "owner", "approved by", "until", "now", "ever"), rows, after=after)
    )


LIST = Errand("suppression list", _list)
ERRANDS = (ADD, APPROVE, END, LIST)


def _named(here: House, finding: str) -> tuple[str, ...]:
    found = find(review_desk(here), finding)
    return () if found is None else found.principals


def _told(here: House, done: suppress.Done | Refused) -> Done:
    if isinstance(done, Refused):
        return Done(refused(done), REFUSED)
    rule, state = done.rule, done.rule.state(here.clock())
    told = {
        "asked": "It hides nothing until another approves it.",
        "in force": "Each watch says what it hides.",
    }.get(state, "It hides nothing any more.")
    facts: dict[str, Cell] = {"rule": rule.id, "state": state, "leaf": done.index}
    return Done(
        Table(f"{rule.id} is {state}. {told}", facts=facts, after=(f"This step is recorded as leaf {done.index}.",))
    )


def _row(rule: Rule, at: datetime, now: int) -> dict[str, Cell]:
    return {
        "rule": rule.id,
        "state": rule.state(at),
        "hides": _scope(rule.scope),
        "why": WHY.get(rule.why, rule.why),
        "owner": rule.owner,
        "approved by": rule.approver,
        "until": f"{rule.until:%Y-%m-%d}",
        "now": now,
        "ever": len(rule.ever),
    }


def _scope(scope: Scope) -> str:
    more = {"app": scope.app, "purpose": scope.purpose, "reason": scope.template}
    rest = "".join(f", {name} {value}" for name, value in more.items() if value is not None)
    return f"{scope.signal}, unit {scope.unit}{rest}"


def _day(text: str) -> datetime:
    """The end of that day."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput("not a day like 2026-12-31", where="--until") from None
    return day + timedelta(days=1) - timedelta(milliseconds=1)


def _run(errand: Errand, data: Path, said: Mapping[str, Json], form: str) -> int:
    done = errand.run(data, said)
    say(done.table, form)
    return done.code
