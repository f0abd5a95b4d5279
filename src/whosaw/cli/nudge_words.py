# SPDX-License-Identifier: Apache-2.0
"""The question of the day in sentences: to the one who looked, to who reviews, and about all of them. Nobody is named in any."""

from __future__ import annotations

from whosaw.cli.output import Cell, Table
from whosaw.nudge.answer import REASONS, Answered, Refused, Told
from whosaw.nudge.ask import Rounded
from whosaw.nudge.facts import AGAINST
from whosaw.nudge.record import Fate, Said
from whosaw.nudge.report import Group, Report
from whosaw.nudge.state import Exchange
from whosaw.nudge.wording import FAIR, moment, question
from whosaw.verify.words import counted


def listing(open_: tuple[Told, ...], again: str) -> Table:
    """The open questions of one principal."""
    rows = tuple(
        {
            "question": told.asked.question.id,
            "look": None if told.look is None else told.look.look,
            "answer by": moment(told.asked.question.due),
            "asked": question(told),
        }
        for told in open_
    )
    if not rows:
        return Table("There is no question to you.")
    after = (
        FAIR,
        f"whosaw nudge answer {rows[0]['question']} --purpose CODE --case ID{again}",
        f"whosaw nudge answer {rows[0]['question']} --mistake{again}",
        f"whosaw nudge answer {rows[0]['question']} --ask-unit{again}",
    )
    return Table(
        f"{counted(len(rows), 'question')} to you.", ("question", "look", "answer by", "asked"), rows, after=after
    )


def answered(done: Answered) -> Table:
    """Nothing of what was found when the answer was held against what is on file."""
    facts: dict[str, Cell] = {"question": done.answer.id, "late": done.answer.late, "leaf": done.index}
    late = " It came late, which is on record, too." if done.answer.late else ""
    return Table(f"Your answer is recorded as leaf {done.index}.{late}", facts=facts)


def refused(no: Refused) -> Table:
    rows = tuple({"code": code, "reason": REASONS[code]} for code in no.reasons)
    facts: dict[str, Cell] = {"outcome": "refused", "leaf": no.index}
    after = (f"This is recorded as leaf {no.index}.",)
    return Table("Refused: nothing was answered.", ("code", "reason"), rows, facts, after)


def asked(done: Rounded) -> Table:
    """What a round did, in counts."""
    picked = done.picked
    facts: dict[str, Cell] = {
        "looks": picked.looks,
        "asked": done.of(Fate.ASKED),
        "held": done.of(Fate.HELD),
        "apart": done.of(Fate.APART),
        "stale": picked.stale,
        "nobody": picked.nobody,
        "silent": done.silent,
        "leaf": done.index,
    }
    silent = f"{counted(done.silent, 'question')} went without an answer in time; that is on record."
    if done.index is None:
        return Table(
            "There was no look to ask about since the last round.", facts=facts, after=(silent,) if done.silent else ()
        )
    after = (
        f"Held back, for a question would warn: {facts['held']}. Left out by lot, to see what asking does: {facts['apart']}.",
        f"Too old to be asked about: {picked.stale}. By machines, or accounts that nobody knows: {picked.nobody}.",
        *((silent,) if done.silent else ()),
        "Whoever is asked finds it with: whosaw nudge list",
    )
    said = f"{counted(picked.looks, 'look')} considered, {counted(done.of(Fate.ASKED), 'question')} asked."
    return Table(said, facts=facts, after=after)


def report(made: Report, days: int) -> Table:
    """Whether asking helps."""
    rows = (_group("asked", made.asked), _group("left out by lot", made.apart))
    if made.difference is None:
        said = "There is nothing to compare yet: one of the two groups has nobody who was followed to the end."
    else:
        share, low, high = (f"{100 * each:.0f}" for each in made.difference)
        said = (
            f"Of those who were asked {_share(made.asked)} looked again without a reason within {days} days, of those who were left "
            f"out by lot {_share(made.apart)}: {share} points more, and with 95 % confidence {low} to {high}."
        )
    after = (
        f"Counted once per principal and period, from the first look without a reason that was chosen; {made.pending} not followed to the end yet.",
        "Who was left out was so by lot, so the groups differ by nothing but the question.",
    )
    facts: dict[str, Cell] = {"pending": made.pending}
    return Table(said, ("group", "principals", "again", "interval", "same person"), rows, facts, after)


def beside(one: Exchange) -> str:
    """For who reviews: what was asked and answered about one look of a finding, and what speaks against the answer."""
    asked_ = f"Asked on {moment(one.question.at)} what a look was for"
    if one.answer is None:
        # Silence is no answer, and not always one's own: who was suspended meanwhile is let in nowhere to give one.
        waits = "has not answered in time, or could not" if one.silence is not None else "has not answered yet"
        return f"{asked_}, the one who looked {waits}."
    said = {
        Said.MISTAKE: "“by mistake”",
        Said.UNIT: "“ask my unit”",
        Said.PURPOSE: f"“{one.answer.purpose}”, {'under a case' if one.answer.case_given else 'with no case'}",
    }[one.answer.said]
    late = ", late" if one.answer.late else ""
    no = " ".join(AGAINST.get(code, code) for code in one.answer.against)
    return f"{asked_}, the one who looked answered on {moment(one.answer.at)}{late}: {said}. {f'Against the answer: {no}' if no else 'Nothing on file speaks against it.'}"


def _group(name: str, group: Group) -> dict[str, Cell]:
    low, high = group.share(group.again)
    interval = f"{100 * low:.0f}-{100 * high:.0f} %" if group.all else None
    return {
        "group": name,
        "principals": group.all,
        "again": group.again,
        "interval": interval,
        "same person": group.same,
    }


def _share(group: Group) -> str:
    return f"{group.again} of {group.all} ({100 * group.again / group.all:.0f} %)"
