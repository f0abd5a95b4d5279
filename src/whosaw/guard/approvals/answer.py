# SPDX-License-Identifier: Apache-2.0
"""Answering a request: sign it as one thing, or refuse it. Who cannot sign is told why, and that they tried is on record.

    staff     known, at work, independent of the one who asks, of that group ──▶ passkey, where there is one ──▶ given
    overseer  a key of theirs in whosaw.toml, over exactly this request      ─────────────────────────────────▶ given

Invariant: a signature is taken only with every reason against it computed and empty, and only over the digest of this
request by this approver as this; a reason is never waived, by nobody.          Specification: docs/spec/approval.md
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whosaw.errors import ProofFailed
from whosaw.guard.approvals.ground import why_not
from whosaw.guard.approvals.life import Kept, find, happen, moment, refused
from whosaw.guard.approvals.overseer import check_signed, counts
from whosaw.guard.approvals.passkeys import assertion
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Event, No, Request, State, What
from whosaw.model.approval import As, Overseen, Passkey, Proof, approval_digest
from whosaw.policy.independence import Reason
from whosaw.verify.overseer import SignedFile


@dataclass(frozen=True, slots=True)
class Refused:
    """They cannot sign, and that they tried is recorded. `index`: its leaf, where there is one."""

    reasons: tuple[Reason, ...]
    index: int | None = None

    @property
    def sentence(self) -> str:
        return " ".join(reason.sentence for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """Who signs what, as what. `nonce`: random, for the record of an attempt. `assertion`: of a passkey, as JSON."""

    request: str
    staff: str = field(repr=False)
    role: As = As.INDEPENDENT
    assertion: str | None = field(default=None, repr=False)
    nonce: str = field(repr=False)


def give(desk: Desk, giving: Giving) -> Kept | No | Refused:
    """Sign as one of the staff. The same answer for whoever signed before, as the same thing."""
    kept, by, at = find(desk, giving.request), desk.people.principal(giving.staff), moment(desk.clock)
    if any(grant.by == by and grant.role is giving.role for grant in kept.standing.grants):
        return kept
    if giving.role is As.OVERSEER:
        return No("An overseer signs with a key of their own: whosaw overseer sign.")
    if kept.standing.state is not State.PENDING:
        return happen(desk, kept, Event(what=What.GIVEN, at=at, by=by, role=giving.role))
    reasons = why_not(desk, kept.request, by, giving.role, at)
    proof: Proof | None = None
    if not reasons:
        reasons, proof = _signed(desk, kept.request, by, giving)
    if reasons:
        codes = tuple(reason.code for reason in reasons)
        tried = Event(what=What.GIVEN, at=at, by=by, role=giving.role, reasons=codes)
        recorded = refused(desk, kept, tried, giving.nonce)
        return Refused(reasons, None if recorded is None else recorded.leaves[-1].index)
    return happen(desk, kept, Event(what=What.GIVEN, at=at, by=by, role=giving.role, proof=proof))


def give_signed(desk: Desk, signed: SignedFile, nonce: str) -> Kept | No | Refused:
    """Bring an overseer's signature back. Raises BadInput for a request that is not here."""
    kept, at = find(desk, signed.request), moment(desk.clock)
    by = signed.by
    event = Event(
        what=What.GIVEN, at=at, by=by, role=As.OVERSEER, proof=Overseen(vkey=signed.vkey, signature=signed.signature)
    )
    if kept.standing.gives(by):
        return kept
    try:
        check_signed(signed, kept.request, desk.house.overseers)
    except ProofFailed:
        code = "signature" if counts(signed.vkey, by, desk.house.overseers) else "no-overseer"
        tried = Event(what=What.GIVEN, at=at, by="overseer", role=As.OVERSEER, reasons=(code,))
        recorded = refused(desk, kept, tried, nonce)
        return Refused((Reason(code),), None if recorded is None else recorded.leaves[-1].index)
    return happen(desk, kept, event)


def refuse(desk: Desk, request: str, staff: str) -> Kept | No:
    """Say no, or take back what one gave and nobody has used. Only whoever could sign a request, or has, refuses it: anybody
    else could keep an honest look from being approved by a word.
    """
    by, kept, at = desk.people.principal(staff), find(desk, request), moment(desk.clock)
    # Who can sign as a steward or as of legal can sign as independent, too.
    if not kept.standing.gives(by) and why_not(desk, kept.request, by, As.INDEPENDENT, at):
        return No("Only whoever could sign this request, or has signed it, refuses it.")
    return happen(desk, kept, Event(what=What.REFUSED, at=at, by=by))


def digest_for(request: Request, by: str, role: As) -> bytes:
    """What `by` signs: the challenge of their passkey."""
    return approval_digest(request.exact, request=request.id, by=by, role=role, until=request.until, uses=request.uses)


def _signed(desk: Desk, request: Request, by: str, giving: Giving) -> tuple[tuple[Reason, ...], Passkey | None]:
    if giving.assertion is None:
        return ((Reason("no-passkey"),), None) if desk.house.passkeys else ((), None)
    try:
        return (), assertion(desk, by, giving.assertion, digest_for(request, by, giving.role))
    except ProofFailed:
        return (Reason("signature"),), None
