# SPDX-License-Identifier: Apache-2.0
"""What is done with findings in an open house: each function fills the ports of a review, and calls it.

    watching ──findings, facts────────┬─▶ review_desk ──▶ review.work, review.shown ──▶ cli
                                      └─▶ nudge_desk ──▶ nudge.ask, nudge.answer ──▶ cli

Above `watching`, because it is made of what that gives; apart from it, because who finds and who judges are two things.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from whosaw.detect.defaults import load_defaults
from whosaw.facts.columns import micros
from whosaw.facts.known import KnownDirectory
from whosaw.facts.opened import Facts
from whosaw.guard.approvals.ground import favours
from whosaw.guard.approvals.life import Kept
from whosaw.inquiry.step import moment
from whosaw.model.access import LADDER, Asked
from whosaw.model.approval import As
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream
from whosaw.nudge import ports as asking
from whosaw.nudge.ask import nudges
from whosaw.nudge.choose import Row
from whosaw.nudge.facts import Looked, OnFile
from whosaw.nudge.record import STREAM as NUDGES
from whosaw.nudge.record import Fate
from whosaw.nudge.record import of_stream as of_nudges
from whosaw.nudge.report import Later, Report, report
from whosaw.nudge.state import Exchange
from whosaw.policy.independence import Approved
from whosaw.review import notes, suppress, work
from whosaw.review.again import found_again
from whosaw.review.ground import Grounds
from whosaw.review.notes import Note
from whosaw.review.ports import Desk
from whosaw.review.record import STREAM
from whosaw.review.rule import of_stream as of_reviews
from whosaw.review.shown import listed
from whosaw.review.state import NEW, Standing, standings
from whosaw.review.words import State
from whosaw.review.work import Refused
from whosaw.watching import facts, findings
from whosaw.wiring import House

if TYPE_CHECKING:
    from whosaw.detect.finding import Finding
    from whosaw.detect.run import Run

_T = TypeVar("_T")


def review_desk(here: House) -> Desk:
    """Everything that a review works with; nothing of it opens a name."""
    defaults = load_defaults()
    directory = KnownDirectory(here.directory)
    return Desk(
        journal=here.journal,
        steps=lambda: stream(here, STREAM, of_reviews),
        findings=lambda: findings(here),
        directory=here.directory,
        staff=lambda: directory.staff() or (),
        persons=lambda: directory.persons() or (),
        approvals=_Approvals(here),
        notes=_Notes(here),
        remember=here.names.remember,
        digest=here.pseudonyms.digest,
        fresh=lambda: os.urandom(16).hex(),
        clock=here.clock,
        numbers=defaults.review,
        reviewers=defaults.findings.reviewers,
    )


def stream(here: House, name: str, make: Callable[[bytes], _T | None]) -> Sequence[_T]:
    """What `make` makes of everything durable in a named stream; nothing where nobody recorded anything. Makes no stream."""
    key = here.keyring.find(Stream.named(name))
    if key is None:
        return ()
    here.journal.publish_now()
    return here.streams.read(here.journal.reader(), key, make)


@dataclass(frozen=True, slots=True)
class _Approvals:
    """``review.ports.Approvals``: by the records that make each request."""

    here: House

    def since(self, at: datetime) -> Sequence[Approved]:
        return tuple(favours(Kept.of(row) for row in self.here.approvals.rows.since(at)))

    def of_looks(self, looks: Collection[str]) -> frozenset[str]:
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        kept = (Kept.of(row).standing for row in self.here.approvals.rows.since(epoch))
        return frozenset(
            grant.by
            for each in kept
            if each.used is not None and each.used in looks
            for grant in each.grants
            if grant.role is not As.OVERSEER
        )


@dataclass(frozen=True, slots=True)
class _Notes:
    """``review.ports.Notes``: a file beside the findings."""

    here: House

    def all(self) -> tuple[Note, ...]:
        raw = self.here.stores.private.read(notes.NAME)
        return () if raw is None else notes.parse(raw)

    def keep(self, note: Note) -> None:
        self.here.stores.private.replace(notes.NAME, notes.encode(notes.with_note(self.all(), note)))


# ── after a watch ──


@dataclass(frozen=True, slots=True)
class Watched:
    """Where the findings of a watch are. `hidden`: which rule hides which; `reopened`: closed ones that have more now."""

    standings: Mapping[str, Standing]
    hidden: Mapping[str, str]
    reopened: tuple[str, ...]

    def waits(self, finding: str) -> bool:
        """Whether somebody still has to do with it."""
        return self.standings.get(finding, NEW).state is not State.CLOSED and finding not in self.hidden


def watched(here: House, run: Run) -> Watched:
    """What is known of the findings of a watch, once closed ones are opened again that have more, and rules have hidden theirs."""
    desk = review_desk(here)
    reopened = found_again(run.findings, standings(work.steps(desk)), desk)
    now = standings(work.steps(desk))
    rules = [rule for rule in suppress.kept(desk).values() if rule.in_force(here.clock())]
    hidden = suppress.hide(run.findings, _looks(here, run) if rules else {}, now, desk)
    return Watched(now, hidden, reopened)


def refused(here: House, asker: str) -> Refused | None:
    """That `asker`, a staff id, may read no finding at all, on record; None for whoever works here."""
    return work.no_reader(asker, review_desk(here))


def readable(here: House, asker: str) -> Mapping[str, str]:
    """The findings that `asker`, who works here, may read, and where each goes."""
    found = listed(asker, review_desk(here))
    return {} if isinstance(found, Refused) else {row.finding.id: row.route for row in found}


def routes(here: House, found: Iterable[Finding]) -> Mapping[str, str]:
    """Where each finding goes: a unit, or the overseer."""
    desk = review_desk(here)
    at = moment(desk.clock)
    return {one.id: Grounds.of(desk, one, at).route() for one in found}


def functions_of(here: House, asker: str) -> frozenset[str]:
    """Every function that a staff member has or had, as far as the directory ever said; none where it does not know them."""
    who = here.names.remember(asker)
    return frozenset(row.function for row in KnownDirectory(here.directory).staff() or () if row.who == who)


def _looks(here: House, run: Run) -> dict[str, list[suppress.Look]]:
    """Of each finding its looks, as far as a rule may ask for them."""
    from whosaw.detect.looks import looks_of
    from whosaw.detect.templates import load_templates

    found = {}
    with facts(here) as opened:
        for one in run.findings:
            looks = looks_of(
                opened, one.principals, load_defaults(), load_templates(), looks=one.looks, persons=one.persons,
                as_of=run.as_of,
            )  # fmt: skip
            found[one.id] = [suppress.Look(look.app, look.purpose, look.reason or suppress.NONE) for look in looks]
    return found


# ── the question of the day ──


def nudge_desk(here: House) -> asking.Desk:
    """Everything that asking and answering work with; nothing of it opens a name."""
    return asking.Desk(
        journal=here.journal,
        records=lambda: stream(here, NUDGES, of_nudges),
        rows=lambda first, since: _rows(here, first, since),
        held=lambda: _held(here),
        head=lambda: _head(here),
        opened=lambda leaf: _opened(here, leaf),
        on_file=lambda case, who, person: _on_file(here, case, who, person),
        remember=here.names.remember,
        fresh=lambda: os.urandom(16).hex(),
        clock=here.clock,
        numbers=load_defaults().nudge,
        purposes=here.policy.purposes,
    )


def nudge_report(here: House) -> Report:
    """Who looked again, of those who were asked and of those who were not. Raises MissingExtra."""
    defaults = load_defaults()
    questions = [one.question for one in nudges(nudge_desk(here)).asked.values()]
    with facts(here) as opened:
        looks = _judged(opened, micros(here.clock()))
        later = looks.filter(looks.u == 1).select("t", "who", "person")
        rows: list[Any] = opened.rows(later, ("t", "who", "person"), "looks without a reason")
        asked = looks.filter(looks.leaf.isin(sorted({one.leaf for one in questions}) or [-1])).select("leaf", "person")
        persons: list[Any] = opened.rows(asked, ("leaf",), "looks that were asked about")
    return report(
        questions,
        {row["leaf"]: row["person"] for row in persons},
        [Later(row["t"], row["who"], row["person"]) for row in rows],
        micros(here.clock()),
        defaults.nudge,
    )


def _judged(opened: Facts, as_of: int) -> Any:
    """The looks at somebody, narrow, each once, with `u`: 1 for those without a reason."""
    from whosaw.detect.run import world_of
    from whosaw.detect.templates import load_templates

    looks = world_of(opened, as_of, load_defaults(), load_templates()).looks
    return looks.filter(looks.judged == 1)


def _rows(here: House, first: int, since: int) -> list[Row]:
    from whosaw.facts.prepared.pair_day import INTIMATE

    with facts(here) as opened:
        looks = _judged(opened, micros(here.clock()))
        looks = looks.filter((looks.leaf >= first) | (looks.t >= since))
        intimate = [f"f_{field}" for field in INTIMATE]
        columns = ("leaf", "t", "day", "who", "person", "u", "first", "protected", "function", *intimate)
        rows: list[Any] = opened.rows(looks.select(*columns), ("leaf", "who"), "looks of the day")
    return [
        Row(
            leaf=row["leaf"], t=row["t"], day=row["day"], who=row["who"], person=row["person"],
            unexplained=row["u"] == 1, intimate=any(row[name] for name in intimate), protected=row["protected"] == 1,
            repeat=row["first"] == 0, human=row["function"] not in (None, "service"),
        )
        for row in rows
    ]  # fmt: skip


def _held(here: House) -> frozenset[str]:
    """Whom a question would warn: those of a finding of several, and of one that somebody has in review."""
    now, known = standings(work.steps(review_desk(here))), findings(here)
    return frozenset(
        who
        for one in (() if known is None else known.findings)
        if (state := now.get(one.id, NEW).state) is not State.CLOSED
        and (len(one.principals) > 1 or state in (State.ASSIGNED, State.IN_REVIEW, State.SECOND))
        for who in one.principals
    )


def _head(here: House) -> tuple[int, bytes]:
    here.journal.publish_now()
    head = here.journal.reader().checkpoint
    return head.size, head.root


def _opened(here: House, leaf: int) -> asking.Opened | None:
    body = here.journal.reader().frame(leaf).body
    if body is None:
        return None
    look = LookBody.decode(body)
    looked = Looked(
        t=micros(look.at),
        who=look.principal,
        asked=frozenset(Asked(field, detail) for field, detail in look.asked if detail in LADDER[field]),
        purpose=look.purpose,
        case=look.case,
    )
    return asking.Opened(looked, look.look, look.person, look.app, look.decision == "refuse")


def _on_file(here: House, case: str, who: str, person: str) -> OnFile | None:
    found = here.directory.known(who, person, case, here.clock()).case
    if found is None:
        return None
    by_them = found.requested_by_principal or found.opened_by == "principal"
    named = found.named
    return OnFile(
        opened=micros(found.opened),
        closed=None if found.closed is None else micros(found.closed),
        hands=frozenset({who}) if by_them else frozenset(),
        theirs=found.assigned,
        named=None if named is None else (micros(named.added), who if named.by == "principal" else None),
    )


def answers(here: House, looks: Collection[str], principals: Collection[str]) -> tuple[Exchange, ...]:
    """What was asked about these looks by these principals, and what came of it: for who reviews a finding."""
    reader = here.journal.reader()
    found = []
    for one in nudges(nudge_desk(here)).asked.values():
        if one.question.who in principals and one.question.fate is Fate.ASKED:
            body = reader.frame(one.question.leaf).body
            look = None if body is None else LookBody.decode(body)
            if look is not None and (look.look) in looks:
                found.append(one)
    return tuple(found)
