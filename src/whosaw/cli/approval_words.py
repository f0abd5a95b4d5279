# SPDX-License-Identifier: Apache-2.0
"""Requests for approvals in words: for the one who asks, for those who may sign, and for those who may not."""

from __future__ import annotations

from collections.abc import Sequence

from whosaw.cli.output import Cell, Table
from whosaw.guard.approvals.answer import Refused
from whosaw.guard.approvals.ask import times
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.state import No, State, What
from whosaw.guard.approvals.view import View
from whosaw.model.access import Mode
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
    State.WITHDRAWN: "was withdrawn",
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


# Whoever signs must know: of a look on a screen nothing is left, and this is a file that can be carried away.
_EXPORT = " to write all values of these fields into a file, for the person"


def shown(seen: View, typed: str, *, passkeys: bool = False) -> Table:
    """One request, as one person may see it. `typed`: what the next command must add to be theirs (`options.same`).

    `passkeys`: this house takes no signature of the staff without one.
    """
    kept, request = seen.kept, seen.kept.request
    if seen.mine:
        pending = kept.standing.state in (State.PENDING, State.APPROVED)
        uses = "vault export --all" if request.mode is Mode.EXPORT else "look"
        after = (f"Once it is approved, whosaw {uses} with exactly the same words uses it.",) if pending else ()
        return Table(_stands(kept), ("field", "detail"), _asked(kept), _facts(kept), (_times(kept), *after))
    facts = _facts(kept) | {
        "roles": [str(role) for role in seen.roles],
        "against": [f"{role}: {r.code}" for role, reasons in seen.against.items() for r in reasons],
    }
    if seen.reason is None:
        return Table(f"You cannot sign this request. {_stands(kept)}", facts=facts, after=_cannot(seen))
    facts |= {
        "asker": seen.asker, "asker_is": list(seen.of), "principal": request.principal, "person": request.person,
        "purpose": request.purpose, "case": request.case, "mode": str(request.mode), "reason_of_asker": seen.reason,
        "pattern": "" if seen.pattern is None else seen.pattern.sentence,
        "patterns_against": [] if seen.pattern is None else list(seen.pattern.against),
    }  # fmt: skip
    after = (
        f"{_who(seen)} asks{_EXPORT if request.mode is Mode.EXPORT else ''}, for {request.purpose}, case {request.case or 'none'}, about {request.person}.",
        *((f"In their words, which nobody has checked: “{seen.reason}”",) if seen.reason else ()),
        *_patterns(seen),
        _times(kept),
        *_cannot(seen),
        *_ways(seen, typed, passkeys=passkeys),
    )
    return Table(_stands(kept), ("field", "detail"), _asked(kept), facts, after)


def _who(seen: View) -> str:
    return f"{seen.asker} ({'; '.join(seen.of) or 'not in the directory'})"


def _patterns(seen: View) -> tuple[str, ...]:
    if seen.pattern is None:
        return ()
    warned = seen.pattern.against
    return (seen.pattern.sentence, *((f"Against it: {' '.join(warned)}",) if warned else ()))


def _cannot(seen: View) -> tuple[str, ...]:
    """Why they cannot, said once where it is so whatever they would sign as."""
    if seen.kept.standing.state is not State.PENDING and not seen.kept.request.break_glass:
        return ()
    reasons = list(seen.against.values())
    always = [reason for reason in reasons[0] if all(reason in each for each in reasons)] if reasons else []
    said = [f"You cannot: {' '.join(reason.sentence for reason in always)}"] if always else []
    for role, each in seen.against.items():
        if rest := [reason.sentence for reason in each if reason not in always]:
            said.append(f"As {role} you cannot{' either' if always else ''}: {' '.join(rest)}")
    return tuple(said)


def _ways(seen: View, typed: str, *, passkeys: bool) -> tuple[str, ...]:
    # An expired or used request has no button: there is nothing left to press.
    id_, state = seen.kept.request.id, seen.kept.standing.state
    if state is State.USED and seen.kept.request.break_glass:
        return ("Review it:", f"whosaw approval review {id_} --fine{typed}", "or the same with --not-fine.")
    if seen.gave and state in (State.PENDING, State.APPROVED):
        return ("You approved it. To take that back:", f"whosaw approval refuse {id_}{typed}")
    if state is not State.PENDING or seen.best is None:
        return ()
    role = "" if seen.best == "independent" else f" --role {seen.best}"
    give = f"whosaw approval give {id_}{role}"
    signed = (
        "To approve it, a browser signs with your passkey what the first command writes, and the second takes that back:",
        f"whosaw approval show {id_}{role} --challenge FILE{typed}", f"{give} --assertion FILE{typed}",
    ) if passkeys else ("To approve it:", f"{give}{typed}")  # fmt: skip
    return (
        *signed,
        "To refuse it, so that nobody can use it:", f"whosaw approval refuse {id_}{typed}",
    )  # fmt: skip


def listed(found: Sequence[View], notices: Sequence[Notice], typed: str, *, known: bool = True) -> Table:
    """Everything that one person has to do with: a row for each request, and below it what somebody who signs must know."""
    rows = tuple(_row(each) for each in found)
    told = tuple(f"{notice.at:%Y-%m-%d %H:%M} UTC: {notice.what}, {notice.request}." for notice in notices)
    sentence = f"{counted(len(rows), 'request')}; {counted(len(told), 'notice')}."
    facts: dict[str, Cell] = {"notices": [f"{n.what} {n.request}" for n in notices]}
    stranger = () if known else (f"The directory does not know {'who asks'}: say who you are with --as ID.",)
    glances = tuple(glance for each in found if (glance := _glance(each)))
    waiting = [each.kept.request.id for each in found if not (each.mine or each.gave or _over(each)) and each.roles]
    next_ = tuple(
        line
        for id_ in waiting[:1]
        for line in ("To see it whole, and to sign it:", f"whosaw approval show {id_}{typed}")
    )
    after = (*glances, *told, *next_, *stranger)
    return Table(sentence, _LISTED, rows, facts, after)


_LISTED = ("request", "state", "yours", "asked", "purpose", "case", "asked by", "until", "you could sign as")


def _glance(seen: View) -> str:
    """What somebody who signs, or was asked to, must know of a request; nothing of one's own."""
    if seen.mine or _over(seen):
        return ""
    id_ = seen.kept.request.id
    said = [f"{id_}:"]
    if seen.kept.standing.state is State.PENDING:
        said.append(f"It still lacks {_groups(seen.lacking)}.")
    if seen.gave:
        said.append("You approved it.")
    elif seen.roles:
        of = "each of the roles" if len(seen.roles) == len(seen.against) else f"{' or '.join(seen.roles)}"
        said.append(f"You may sign it as {of}: nothing between the two of you speaks against it.")
    if not seen.gave:
        said += _cannot(seen)
    said += _patterns(seen)
    return " ".join(said)


def _over(seen: View) -> bool:
    state, request = seen.kept.standing.state, seen.kept.request
    return state not in (State.PENDING, State.APPROVED) and not (state is State.USED and request.break_glass)


def _row(seen: View) -> dict[str, Cell]:
    request, standing = seen.kept.request, seen.kept.standing
    pending = standing.state is State.PENDING
    return {
        "request": request.id,
        "state": str(standing.state),
        "yours": seen.mine,
        "asked": [f"{a.field}:{a.detail}" for a in request.asked],
        "purpose": request.purpose,
        "case": request.case,
        "asked by": "you" if seen.mine else None if seen.asker is None else _who(seen),
        "until": time_text(request.until if not pending else request.answer_by),
        "you could sign as": [str(role) for role in seen.roles] if pending else [],
        "why not": [f"{role}: {r.code}" for role, reasons in seen.against.items() for r in reasons],
        "pattern": None if seen.pattern is None else seen.pattern.sentence,
        "patterns against": [] if seen.pattern is None else list(seen.pattern.against),
    }


def _stands(kept: Kept) -> str:
    standing = kept.standing
    state = _STATES.get(standing.state, str(standing.state))
    if standing.closed is not None and standing.closed.what is What.VOID:
        state = "became void, for somebody who asked or signed has left or was suspended"
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
    held = kept.holder is not None and kept.standing.state is State.APPROVED
    also = (
        " A look holds it that is not on record yet: that look uses it, under its own key, or it runs out."
        if held
        else ""
    )
    return f"It is {times(kept.request)}, {often}.{also}"


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
