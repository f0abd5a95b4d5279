# SPDX-License-Identifier: Apache-2.0
"""The gate's side of an overseer: a request goes out as a file, a signature comes back as one.

    request ──exported──▶ FILE ──(the overseer's machine: verify.overseer)──▶ FILE ──check_signed──▶ a grant like others

Invariant: only a key that stands in `[[overseer]]` at this moment counts. The organisation holds none of them, and a key
that was taken out is revoked: nothing it signed and nobody used counts from then on.
"""

from __future__ import annotations

from collections.abc import Sequence

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Request
from whosaw.model.approval import As, Overseen, approval_digest
from whosaw.tlog.note import VerifierKey
from whosaw.verify.overseer import RequestFile, SignedFile, check_overseen


def exported(desk: Desk, kept: Kept, origin: str) -> RequestFile:
    """The request for somebody outside. The reason goes with it, labelled as what it is."""
    request = kept.request
    return RequestFile(
        id=request.id,
        origin=origin,
        principal=request.principal,
        person=request.person,
        asked=request.asked,
        purpose=request.purpose,
        case=request.case,
        mode=request.mode,
        at=request.at,
        answer_by=request.answer_by,
        until=request.until,
        uses=request.uses,
        reason=desk.people.open(request.person, request.at, kept.sealed),
    )


def check_signed(signed: SignedFile, request: Request, overseers: Sequence[VerifierKey]) -> None:
    """Raise ProofFailed unless a key that counts signed exactly this request."""
    if not counts(signed.vkey, signed.by, overseers):
        raise ProofFailed("this key is no overseer's, or it was revoked", step="approval")
    digest = approval_digest(
        request.exact, request=request.id, by=signed.by, role=As.OVERSEER, until=request.until, uses=request.uses
    )
    check_overseen(Overseen(vkey=signed.vkey, signature=signed.signature), digest)


def counts(vkey: str, name: str, overseers: Sequence[VerifierKey]) -> bool:
    """Whether this key is one of those that count at this moment, under this name."""
    try:
        key = VerifierKey.parse(vkey)
    except NotCanonical:
        return False
    return key in overseers and key.name == name
