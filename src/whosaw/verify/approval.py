# SPDX-License-Identifier: Apache-2.0
"""The approvals in a look's record, checked by whoever holds the record: nobody has to be believed but the keys.

    record of the look ──▶ exact digest ┐
    each approval: request, by, as, until, uses ┴──▶ approval digest ──▶ the passkey's challenge, the overseer's message

    1 a look that was asked for and permitted     refused and observed ones used nothing
    2 given before, usable still                  given ≤ at < until
    3 by another, and each once                   not by the one who looks; no approver twice
    4 as what                                     an overseer, and only an overseer, signs with an overseer's key
    5 the signature                               over exactly this look
    6 once                                        no second look used what is good for one (``Once``): an approval is of one
                                                  person, so that person's statement has every look that could

What this cannot show: that a key is the one of whom it is said to be (give the overseers' keys to be sure of theirs),
and that an approver was independent: that was computed from a directory that stays in the house.
                                                                        Specification: docs/spec/approval.md
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from whosaw.errors import BadInput, ProofFailed
from whosaw.model.access import Asked, Look
from whosaw.model.approval import Approval, As, Overseen, Passkey, Uses, digest_of
from whosaw.model.ask import exact_digest
from whosaw.model.look_body import LookBody
from whosaw.tlog.note import VerifierKey
from whosaw.verify.overseer import check_overseen
from whosaw.verify.passkey import check_assertion
from whosaw.verify.words import counted, moment, printable

_STEP = "approval"


@dataclass(frozen=True, slots=True)
class Checked:
    """One approval that holds. `pinned`: its key is one of those that the reader gave as an overseer's."""

    approval: Approval
    pinned: bool = False


def check_approvals(look: LookBody, overseers: Collection[VerifierKey] | None, where: str) -> tuple[Checked, ...]:
    """Every approval in `look`. Raises ProofFailed for one that does not hold. `overseers`: the only keys that count as
    an overseer's; None: whichever the record names.
    """
    if not look.approvals:
        return ()
    if look.origin != "asked" or look.decision != "permit":
        raise ProofFailed(f"{where}: approvals stand in a look that used none", step=_STEP)
    if len({each.by for each in look.approvals}) != len(look.approvals):
        raise ProofFailed(f"{where}: an approver counts twice", step=_STEP)
    exact = exact_of(look, where)
    try:
        return tuple(_check(each, look, exact, overseers) for each in look.approvals)
    except ProofFailed as error:
        raise ProofFailed(f"{where}: {error}", step=_STEP) from None


def exact_of(look: LookBody, where: str = "look") -> bytes:
    """The digest of exactly what this record says was asked for. Raises ProofFailed where that is nothing."""
    person = look.person or ""
    try:
        asked = tuple(Asked(field, detail) for field, detail in look.asked)
        made = Look(
            look_id=look.look, principal=look.principal, person=person, asked=asked, purpose=look.purpose or "",
            case=look.case, key="-", mode=look.mode, break_glass=look.break_glass,
        )  # fmt: skip
    except BadInput:
        raise ProofFailed(f"{where}: nobody can have approved this", step=_STEP) from None
    return exact_digest(made, look.principal, person)


def _check(each: Approval, look: LookBody, exact: bytes, overseers: Collection[VerifierKey] | None) -> Checked:
    if not each.given <= look.at < each.until:
        raise ProofFailed("an approval was given after the look, or had run out", step=_STEP)
    if each.by == look.principal:
        raise ProofFailed("the one who looked approved it", step=_STEP)
    if (each.role is As.OVERSEER) is not isinstance(each.proof, Overseen):
        raise ProofFailed("an overseer signs with an overseer's key, and nobody else does", step=_STEP)
    digest = digest_of(each, exact)
    if isinstance(each.proof, Overseen):
        key = check_overseen(each.proof, digest)
        if key.name != each.by:
            raise ProofFailed("the key is another overseer's than the one who is named", step=_STEP)
        if overseers is not None and key not in overseers:
            raise ProofFailed("the key is none of the overseers' that were given", step=_STEP)
        return Checked(each, overseers is not None)
    if isinstance(each.proof, Passkey):
        check_assertion(each.proof, digest)
    return Checked(each)


@dataclass(slots=True)
class Once:
    """Which look used what is good for one, over all looks that are taken one after the other."""

    used: dict[str, str] = field(default_factory=dict)

    def take(self, look: LookBody, where: str) -> None:
        """Raise ProofFailed where another look before used one of these requests."""
        for each in look.approvals:
            if each.uses is Uses.ONCE and self.used.setdefault(each.request, look.look) != look.look:
                raise ProofFailed(f"{where}: an approval that is good for one look was used by two", step=_STEP)


_NUMBERS = ("nobody", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_AS = {
    As.INDEPENDENT: "",
    As.STEWARD: ", a steward of the region",
    As.LEGAL: ", of the legal function",
    As.OVERSEER: "",
}


def approvals_sentence(checked: Collection[Checked]) -> str:
    """`approved by two, one of them an overseer with key 1a2b3c4d: …`; empty for none."""
    if not checked:
        return ""
    number = _NUMBERS[len(checked)] if len(checked) < len(_NUMBERS) else counted(len(checked), "approver")
    keys = [printable(each.approval.proof.key) for each in checked if isinstance(each.approval.proof, Overseen)]
    one = f", one of them an overseer with key {keys[0]}" if len(keys) == 1 < len(checked) else ""
    if len(keys) == 1 == len(checked):
        one = f", an overseer with key {keys[0]}"
    if len(keys) > 1:
        one = f", {_NUMBERS[len(keys)] if len(keys) < len(_NUMBERS) else len(keys)} of them overseers with keys {', '.join(keys)}"
    return f"approved by {number}{one}: {'; '.join(map(_one, checked))}"


def _one(checked: Checked) -> str:
    approval = checked.approval
    who, at = printable(approval.by), moment(approval.given)
    match approval.proof:
        case Overseen():
            sure = ", the key that was given" if checked.pinned else ""
            return f"{who} from outside, at {at}{sure}"
        case Passkey():
            return f"{who}{_AS[approval.role]}, with passkey {approval.proof.key}, at {at}"
        case _:
            return f"{who}{_AS[approval.role]}, by the word of the gate alone, at {at}"
