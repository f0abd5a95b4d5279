# SPDX-License-Identifier: Apache-2.0
"""Findings in sentences: where one is, what was done with it, how it ended. Pseudonyms, counts, days; never a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from whosaw.cli.output import Cell, Table
from whosaw.detect.finding import Reason
from whosaw.facts.columns import instant
from whosaw.review.precision import Measured
from whosaw.review.reasons import sentence
from whosaw.review.record import DETECTORS, Step
from whosaw.review.shown import InFull, Listed
from whosaw.review.state import Ended, Standing
from whosaw.review.who import OVERSEER
from whosaw.review.words import RESOLUTIONS, WHY, State, What
from whosaw.review.work import Done, Refused
from whosaw.verify.words import counted

_STATES = {
    State.OPEN: "open: nobody has it",
    State.ASSIGNED: "assigned",
    State.IN_REVIEW: "in review",
    State.SECOND: "resolved by one, and waits for a second",
    State.CLOSED: "closed",
    State.REOPENED: "reopened: nobody has it",
}
_P = (
    "In the table p says how often chance alone brings as much (0.001: once in a thousand), and times of how many teams or spans "
    "the same is said. Neither says that anybody did wrong."
)
_DID = {
    What.ASSIGN: "was assigned to",
    What.TAKE: "was taken into review",
    What.RESOLVE: "was resolved as",
    What.CONFIRM: "was confirmed",
    What.RETURN: "was sent back to who resolved it",
    What.RULE: "was ruled by an overseer, brought by",
    What.REOPEN: "was opened again",
    What.AGAIN: "was found again by the detectors, with more than before, and opened again",
}


def listing(all_: Sequence[Listed], *, hidden: bool) -> Table:
    """All that the asker may read; those that a rule hides only where they are asked for, and counted in any case."""
    made = tuple(_row(row) for row in all_ if hidden or row.hidden_by is None)
    rules = {row.hidden_by for row in all_} - {None}
    away = len([row for row in all_ if row.hidden_by is not None])
    after = (
        (f"Hidden by {counted(len(rules), 'rule')}: {counted(away, 'finding')}; --hidden lists them, too.",)
        if away
        else ()
    )
    waiting = sum(1 for row in made if row["state"] != str(State.CLOSED))
    none = "No finding is there for you to read. Findings about you, your unit or your line go to others."
    open_ = "not closed" if waiting == len(made) else f"{waiting:,} of them not closed"
    said = f"{counted(len(made), 'finding')}, {open_}." if made else none
    return Table(
        said, ("finding", "state", "resolution", "score", "goes to", "since", "sentence"), made, {"hidden": away}, after
    )


def showing(one: InFull, asked: Sequence[str], again: str) -> Table:
    """One finding, with what speaks against it in the same size, what those who looked said, and how it and its like ended."""
    found, standing = one.finding, one.standing
    first, last = map(instant, found.window)
    facts: dict[str, Cell] = {
        "finding": found.id,
        "state": str(standing.state),
        "resolution": None if standing.resolution is None else str(standing.resolution),
        "score": f"{found.score:.1f}",
        "first": f"{first:%Y-%m-%d}",
        "last": f"{last:%Y-%m-%d}",
        "principals": found.principals,
        "persons": len(found.persons),
        "looks": len(found.looks),
        "goes_to": one.route,
        "leaf": one.index,
    }
    after = (
        f"{found.id} is {_where(standing)}. It {_route(one.route)}{_two(one)}.",
        f"Principals, by pseudonym: {', '.join(found.principals)}.",
        f"It rests on {_rests_on(one)}, from {first:%Y-%m-%d} to {last:%Y-%m-%d}.",
        *(f"What is grave about it: {harm}" for harm in found.harm),
        _P,
        *(f"Against it: {sentence_}" for sentence_ in found.counter),
        *asked,
        *(_before(ended) for ended in standing.ended),
        *(f"About some of the same: {r.finding}, resolved as {_ended(r.ended)}." for r in one.related),
        *(_alike(each) for each in one.alike),
        *(_step(step) for step in one.history),
        *(f"A reviewer's note, in their words: “{note.text}”" for note in one.notes),
        f"That you read it is recorded as leaf {one.index}.",
        f"What it rests on: whosaw inquiry finding {found.id} --as ID{again}",
    )
    return Table(found.sentence, ("signal", "p", "times", "sentence"), _reasons(found.signals), facts, after)


def did(done: Done) -> Table:
    """After a step."""
    standing = done.standing
    facts: dict[str, Cell] = {
        "finding": done.finding.id,
        "state": str(standing.state),
        "resolution": None if standing.resolution is None else str(standing.resolution),
        "leaf": done.index,
    }
    return Table(f"{done.finding.id} is {_where(standing)}.", facts=facts, after=(_recorded(done.index),))


def refused(no: Refused) -> Table:
    """Why not, in sentences that name nobody."""
    return Table(
        "Refused: nothing was changed.",
        ("code", "reason"),
        tuple({"code": reason.code, "reason": sentence(reason.code)} for reason in no.reasons),
        {"outcome": "refused", "leaf": no.index},
        (_recorded(no.index),),
    )


def precision(rows: Iterable[Measured]) -> Table:
    """Per signal: how its findings ended, and how often that was worth a review."""
    made: tuple[dict[str, Cell], ...] = tuple(
        {
            "signal": m.signal,
            **{str(resolution): count for resolution, count in m.counts},
            "worth": f"{m.worth} of {m.worth + m.not_worth}",
            "interval": _interval(m),
        }
        for m in rows
    )
    columns = ("signal", *map(str, RESOLUTIONS), "worth", "interval")
    none = "No finding has ended yet, so nobody can say how often the signals are right."
    said = "How findings ended, by the signals that they rest on." if made else none
    after = (
        "Worth a review: misuse, or a gap in the policy. Inconclusive ones count for neither. The interval is Wilson's, of 95 %.",
        "These figures are shown and nothing else: whatever a finding was resolved as, the next one is found all the same.",
    )
    return Table(said, columns, made, after=after if made else ())


def _row(row: Listed) -> dict[str, Cell]:
    standing = row.standing
    return {
        "finding": row.finding.id,
        "state": str(standing.state),
        "resolution": None if not standing.ended else f"{_was(standing)}{standing.ended[-1].resolution}",
        "score": f"{row.finding.score:.1f}",
        "goes to": row.route,
        "hidden by": row.hidden_by,
        "since": f"{instant(row.finding.as_of) if standing.since is None else standing.since:%Y-%m-%d}",
        "sentence": row.finding.sentence,
    }


def _reasons(signals: Iterable[Reason]) -> tuple[dict[str, Cell], ...]:
    """What speaks for a finding, each sentence once: a signal may say the same of several units. With the smallest p of them."""
    alike: dict[tuple[str, str], list[float]] = {}
    for reason in signals:
        alike.setdefault((reason.signal, reason.sentence), []).append(reason.p)
    return tuple(
        {"signal": signal, "p": f"{min(ps):.2g}", "times": len(ps), "sentence": said}
        for (signal, said), ps in alike.items()
    )


def _rests_on(one: InFull) -> str:
    return f"{counted(len(one.finding.looks), 'look')} at {counted(len(one.finding.persons), 'person')}"


def _was(standing: Standing) -> str:
    return "" if standing.state is State.CLOSED else "earlier: "


def _where(standing: Standing) -> str:
    if standing.state is State.CLOSED:
        return f"closed, resolved as {_ended(standing.ended[-1])}"
    holder = f", with {standing.holder}" if standing.holder is not None else ""
    proposed = standing.proposed
    as_ = "" if proposed is None or proposed.resolution is None else f": {proposed.resolution}"
    return f"{_STATES[standing.state]}{as_}{holder}"


def _route(route: str) -> str:
    return "goes to the overseer" if route == OVERSEER else f"goes to the unit {route}"


def _two(one: InFull) -> str:
    if one.overseer_too:
        return ", and an overseer has the last word"
    return ", and takes two to resolve" if one.two_at_least else ""


def _before(ended: Ended) -> str:
    return f"It was resolved before, as {_ended(ended)}."


def _ended(ended: Ended) -> str:
    why = " ".join(WHY.get(code, code) for code in ended.why)
    by = "one" if len(ended.by) == 1 else "two"
    return f"{ended.resolution} ({RESOLUTIONS[ended.resolution]}) on {_day(ended.at)}, by {by}: {why.removesuffix('.')}"


def _alike(each: Measured) -> str:
    if not each.worth + each.not_worth:
        return f"Of other findings by the signal {each.signal} none that ended says how often it is right."
    return (
        f"Of {counted(each.worth + each.not_worth, 'other finding')} by the signal {each.signal} that ended with an answer "
        f"{each.worth} {'was' if each.worth == 1 else 'were'} worth a review ({_interval(each)})."
    )


def _interval(each: Measured) -> str:
    return "unknown" if each.low is None or each.high is None else f"{100 * each.low:.0f}-{100 * each.high:.0f} %"


def _step(step: Step) -> str:
    who = "" if step.by == DETECTORS else f" by {step.by}"
    what = _DID.get(step.what, str(step.what))
    rest = f" {step.to}" if step.to is not None else ""
    as_ = "" if step.resolution is None else f" {step.resolution}"
    why = "" if not step.why else " " + " ".join(WHY.get(code, code) for code in step.why)
    return f"{step.at:%Y-%m-%d %H:%M}: it {what}{rest}{as_}{who}.{why}"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _recorded(index: int) -> str:
    return f"This step is recorded as leaf {index}."
