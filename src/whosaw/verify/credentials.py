# SPDX-License-Identifier: Apache-2.0
"""Keys of approvers as the log registered them: which passkey is whose, from when until when.

    records `credential`, in the order of the log ──take──▶ which keys count ◀──check── approvals of a look after them

In a file of all streams nothing is missing, so a passkey that approved and was never registered, or for somebody else, or
was taken away before, convicts the gate. A key that was just taken away is forgiven a minute: a look may have been on its
way. Overseers' keys are recorded, too, and are told to the reader by the overseer.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.model.approval import Passkey, str_of
from whosaw.model.record import parse, parse_time
from whosaw.verify.approval import Checked

FORGIVEN = timedelta(minutes=1)


@dataclass(slots=True)
class Credentials:
    """`keys`: of the passkeys registered up to this point of the log, whose each is, and when it was taken away."""

    keys: dict[bytes, tuple[str, datetime | None]] = field(default_factory=dict, repr=False)

    def take(self, body: bytes, where: str) -> None:
        """The next record of a credential. Raises NotCanonical for what is none."""
        said = parse(body, where)
        if said.get("of") != "approver":
            return
        public, principal, what = said.get("public"), said.get("principal"), said.get("what")
        if type(public) is not str or type(principal) is not str or what not in ("added", "removed"):
            raise NotCanonical("not the record of a credential", where=where)
        try:
            key, at = b64decode(public, validate=True), parse_time(str_of(said.get("at")), where)
        except (ValueError, TypeError):
            raise NotCanonical("not the record of a credential", where=where) from None
        self.keys[key] = principal, None if what == "added" else at

    def check(self, checked: Iterable[Checked], look: datetime, where: str) -> None:
        """Raise ProofFailed for a passkey that was not registered for its approver when this look was asked for."""
        for each in checked:
            proof = each.approval.proof
            if not isinstance(proof, Passkey):
                continue
            whose, until = self.keys.get(proof.public, ("", None))
            if whose != each.approval.by or (until is not None and look > until + FORGIVEN):
                raise ProofFailed(
                    f"{where}: a passkey approved that was not registered for this approver", step="approval"
                )
