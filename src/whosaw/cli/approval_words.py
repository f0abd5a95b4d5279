# SPDX-License-Identifier: Apache-2.0
"""Requests for approvals in words: for the one who asks, for those who may sign, and for those who may not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from whosaw.cli.options import again
from whosaw.cli.output import Cell, Table
from whosaw.guard.approvals.answer import Refused
from whosaw.guard.approvals.ask import times
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.state import No, State
from whosaw.guard.approvals.view import View
from whosaw.model.approval import GROUPS, Counts, Uses
from whosaw.model.approval_kept import Notice
from whosaw.model.record import time_text
from whosaw.verify.words import counted

_ONE = {"independent": "in all", "stewards": "a steward of the region", "overseers": "an overseer", "legal": "of legal"}
_STATES = {
    State.PENDING: "waits for signatures",
    State.APPROVED: "is approved",
    State.REFUSED: "was refused",
    State.EXPIRED: "ran out",
    State.WITHDRAWN: "was withdrawn, or became void",
    State.USED: "was used",
    State.REVIEWED: "was used and reviewed",
}


def answered(did: str, kept: Kept, *after: str) -> Table:
    """What was done, and how the request stands now."""
    return Table(f"{did} {_stands(kept)}", facts=_facts(kept), after=after)


def given(no: No | Refused) -> Table:
    """It cannot be done, and why."""
    if isinstance(no, No):
        return Table(f"It cannot be done. {no.why}", facts={"done": False, "reasons": []})
    facts: dict[str, Cell] = {"done": False, "reasons": [reason.code for reason in no.reasons], "leaf": no.index}
    after = () if no.index is None else (f"That it was tried is recorded as leaf {no.index}.",)
    return Table(f"You cannot. {no.sentence}", facts=facts, after=after)


def shown(seen: View, data: Path) -> Table:
    """One request, as one person may see it."""
    kept, request = seen.kept, seen.kept.request
    if seen.mine:
        after = ("It is approved for exactly what you asked; whosaw look with the same words uses it.",)
        return Table(_stands(kept), ("field", "detail"), _asked(kept), _facts(kept), (_times(kept), *after))
    cannot = tuple(
        f"As {role} you cannot: {' '.join(r.sentence for r in reasons)}"
        for role, reasons in seen.against.items()
        if reasons
    )
    if seen.reason is None:
        return Table(f"You cannot sign this request. {_stands(kept)}", facts=_facts(kept), after=cannot)
    facts = _facts(kept) | {
        "asker": seen.asker, "principal": request.principal, "person": request.person, "purpose": request.purpose,
        "case": request.case, "mode": str(request.mode), "reason_of_asker": seen.reason,
        "pattern": "" if seen.pattern is None else seen.pattern.sentence, "roles": [str(role) for role in seen.roles],
        "against": [f"{role}: {r.code}" for role, reasons in seen.against.items() for r in reasons],
    }  # fmt: skip
    after = (
        f"{seen.asker} asks, for {request.purpose}, case {request.case or 'none'}, about {request.person}.",
        *((f"In their words, which nobody has checked: “{seen.reason}”",) if seen.reason else ()),
        *(() if seen.pattern is None else (seen.pattern.sentence,)),
        _times(kept),
        *cannot,
        *_ways(seen, data),
    )
    return Table(_stands(kept), ("field", "detail"), _asked(kept), facts, after)


def _ways(seen: View, data: Path) -> tuple[str, ...]:
    # An expired or used request has no button: there is nothing left to press.
    id_, state = seen.kept.request.id, seen.kept.standing.state
    if state is State.USED and seen.kept.request.break_glass:
        return (f"Review it: whosaw approval review {id_} --fine{again(data)}, or --not-fine",)
    if state is not State.PENDING or not seen.roles:
        return ()
    role = "" if seen.roles[0] == "independent" else f" --role {seen.roles[0]}"
    return (
        f"Approve it: whosaw approval give {id_}{role}{again(data)}",
        f"Refuse it: whosaw approval refuse {id_}{again(data)}",
    )


def listed(found: Sequence[View], notices: Sequence[Notice]) -> Table:
    """Everything that one person has to do with."""
    rows = tuple(_row(each) for each in found)
    told = tuple(f"{notice.at:%Y-%m-%d %H:%M} UTC: {notice.what}, {notice.request}." for notice in notices)
    sentence = f"{counted(len(rows), 'request')}; {counted(len(told), 'notice')}."
    facts: dict[str, Cell] = {"notices": [f"{n.what} {n.request}" for n in notices]}
    return Table(
        sentence, ("request", "state", "yours", "asked", "purpose", "until", "you could sign as"), rows, facts, told
    )


def _row(seen: View) -> dict[str, Cell]:
    request, standing = seen.kept.request, seen.kept.standing
    return {
        "request": request.id,
        "state": str(standing.state),
        "yours": seen.mine,
        "asked": [f"{a.field}:{a.detail}" for a in request.asked],
        "purpose": request.purpose,
        "until": time_text(request.until if standing.state is not State.PENDING else request.answer_by),
        "you could sign as": [str(role) for role in seen.roles] if standing.state is State.PENDING else [],
    }


def _stands(kept: Kept) -> str:
    standing = kept.standing
    state = _STATES.get(standing.state, str(standing.state))
    if standing.request.break_glass:
        return f"The look {standing.request.id} did not wait for an approval; it {'was reviewed' if standing.reviewed else 'is to be reviewed'}."
    return f"The request {standing.request.id} {state}: signed by {_groups(standing.counts)}; needed: {_groups(standing.request.needs)}."


def _groups(counts: Counts) -> str:
    named = [f"{getattr(counts, name)} {_ONE[name]}" for name in GROUPS if getattr(counts, name)]
    return ", ".join(named) or "nobody"


def _times(kept: Kept) -> str:
    if kept.request.break_glass:
        return f"It is to be reviewed before {time_text(kept.request.until)}, by somebody of another unit."
    often = "once" if kept.request.uses is Uses.ONCE else "as often as it is needed"
    return f"It is {times(kept.request)}, {often}."


def _asked(kept: Kept) -> tuple[dict[str, Cell], ...]:
    return tuple({"field": str(a.field), "detail": a.detail} for a in kept.request.asked)


def _facts(kept: Kept) -> dict[str, Cell]:
    request = kept.request
    return {
        "request": request.id,
        "state": str(kept.standing.state),
        "answer_by": time_text(request.answer_by),
        "until": time_text(request.until),
        "uses": str(request.uses),
    }
