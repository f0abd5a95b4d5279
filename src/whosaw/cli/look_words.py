# SPDX-License-Identifier: Apache-2.0
"""What somebody reads of their look: the values; or what is wrong with the question, and what they can do about it.

    rules that may be told ──▶ what is wrong (``policy.told``) ──▶ what may be asked for, of whom this is the work, what to mend
    no rule that may be told ──▶ one plain sentence ──▶ what everybody can check themselves, whatever the cause is

Invariant: what can be done follows from the question, from the table of purposes, and from rules that are told anyway. It is
the same whoever the person is, known or not, protected or not, related or not.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from whosaw.cli.options import again
from whosaw.cli.output import Table
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import LADDER, Look, Mode
from whosaw.model.record import time_text
from whosaw.policy.purposes import Purpose
from whosaw.policy.rules import Policy
from whosaw.policy.told import PLAIN
from whosaw.verify.words import counted

_APPROVALS = frozenset({"approvals-missing", "approval-of-legal-missing"})
_BEYOND = frozenset({"field-beyond-purpose", "detail-beyond-purpose"})
_NOT_YOURS = frozenset({"facts-unavailable", "clock-went-back", "quota-unread"})
_QUOTAS = frozenset({"quota-principal", "quota-unit", "quota-purpose"})


def shown(answer: Shown) -> Table:
    """The values, and that it is on record."""
    rows = tuple(
        {"field": str(v.field), "detail": v.detail, "seen": time_text(v.seen), "value": v.text} for v in answer.values
    )
    caveats = tuple(dict.fromkeys(v.caveat for v in answer.values if v.caveat))
    return Table(
        f"Shown: {counted(len(rows), 'value')}. This look is recorded as leaf {answer.index}; the person can read it.",
        ("field", "detail", "seen", "value"),
        rows,
        {"permitted": True, "look": answer.look_id, "leaf": answer.index},
        caveats or (() if rows else ("Nothing of what was asked for is kept here.",)),
    )


def missing(answer: Refused, policy: Policy) -> bool:
    """Whether approvals are all that is missing, as far as it may be told: the same whether somebody is protected or not."""
    told = _told(answer, policy)
    return bool(told) and told <= _APPROVALS


def refused(answer: Refused, look: Look, policy: Policy, data: Path) -> Table:
    """What is wrong with the question, and what can be done. No rule: ids would tell that a person is protected, or whose
    colleague they are.
    """
    can = _can(answer, look, policy, data)
    cause = (f"What could not be read: {answer.cause}",) if answer.cause else ()
    return Table(
        f"Refused. {answer.told}",
        facts={
            "permitted": False, "look": answer.look_id, "leaf": answer.index, "told": answer.told, "you_can": list(can),
        },
        after=(*can, *cause, f"The attempt is recorded as leaf {answer.index}."),
    )  # fmt: skip


def _told(answer: Refused, policy: Policy) -> set[str]:
    return {rule.id for rule in answer.decision.rules} & policy.told


def _can(answer: Refused, look: Look, policy: Policy, data: Path) -> tuple[str, ...]:
    told, purpose = _told(answer, policy), policy.purposes.get(look.purpose)
    if answer.told == PLAIN:
        return (_check(purpose), *_ask(look, data, everything=True))
    said = []
    if "purpose-unknown" in told:
        said.append(f"The purposes are: {', '.join(policy.purposes)}.")
    if purpose is not None:
        said += _of_purpose(told, purpose)
    if told and told <= _APPROVALS:
        said += _ask(look, data, everything=False)
    if "principal-unknown" in told:
        said.append("Check how the staff id is spelled; whoever loads the staff tables can say whether it is in them.")
    if "principal-suspended" in told:
        said.append("To let somebody look again takes two others: whosaw suspend --lift.")
    if told & _QUOTAS:
        said.append(f"What is left: whosaw quota show ID{again(data)}. More comes back as the hour or the day goes by.")
    if "case-system-silent" in told:
        said.append("Ask again in a minute: nothing is wrong with the question.")
    if told & _NOT_YOURS:
        said.append(f"Nothing is wrong with the question. What is wrong says: whosaw health{again(data)}")
    if any(rule.startswith("directory-") for rule in told):
        said.append(f"Whoever keeps the tables confirms the directory: whosaw directory load TABLES{again(data)}")
    return tuple(said)


def _of_purpose(told: set[str], purpose: Purpose) -> list[str]:
    said = []
    if told & _BEYOND:
        most = ", ".join(
            f"{each.field}:{each.detail}" if len(LADDER[each.field]) > 1 else str(each.field) for each in purpose.most
        )
        said.append(f"For {purpose.code} one may ask for {most}, or less exactly.")
    if "function-not-accepted" in told:
        said.append(f"{purpose.code} is the work of {', '.join(sorted(purpose.functions))}.")
    if "case-missing" in told:
        said.append(f"Name it with --case; it is of one of these types: {', '.join(sorted(purpose.case_types))}.")
    return said


def _check(purpose: Purpose | None) -> str:
    """What everybody can look up about their own question. Said whole, or what is left out would say something."""
    types = "" if purpose is None or not purpose.case_types else f" ({', '.join(sorted(purpose.case_types))})"
    return (
        "Nobody is told more, whatever the cause is. What you can check yourself: that both ids are spelled as the tools "
        f"have them; that the case is open since ten minutes or more, is of a type for this purpose{types}, lies with you or "
        "your queue, and names this account; that you neither opened it, nor asked for it, nor named the account in it; that "
        "the account is of your region, and neither yours nor of anybody at your home, in your unit or your line."
    )


def _ask(look: Look, data: Path, *, everything: bool) -> tuple[str, str]:
    # Said for every such refusal, or it would say that this person is one of those who need it. Not the person's id:
    # what is printed is copied further than what was typed.
    fields = " ".join(f"--field {each.field}:{each.detail}" for each in look.asked)
    case = "" if look.case is None else f" --case {shlex.quote(look.case)}"
    words = f"--person ID {fields} --purpose {look.purpose}{case} --reason TEXT{' --everything' if everything else ''}"
    words += " --export" if look.mode is Mode.EXPORT else ""
    what = "Where others may approve it, ask them with:" if everything else "It needs approvals; ask for them with:"
    return what, f"whosaw approval ask {words} --as {shlex.quote(look.principal)}{again(data)}"
