# SPDX-License-Identifier: Apache-2.0
"""Has the record of this look come as far as it must? Asked after the match, and before any row is read.

    durable     nothing more: the match has seen the receipt, and the journal holds the leaf
    published   a proof file of this very leaf, under a checkpoint that every key of the log signed
    witnessed   the same with the quorum of the trust file

Invariant: the kind of a receipt is never claimed; it is what verifies. What is demanded stands in the record.
                                                                        Specification: docs/spec/receipt.md §5
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.model.stage import Stage
from whosaw.tlog import leaf, merkle
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.trust import TrustedHead, TrustPolicy
from whosaw.vault.match import Request
from whosaw.vault.ports import OpenedLeaf, RecordedLook


@dataclass(frozen=True, slots=True)
class Heads:
    """Whose signatures make a head of this log: all keys of `trust` its own, and enough of its witnesses."""

    trust: TrustPolicy

    def stage(self, head: TrustedHead, origin: str) -> Stage:
        """How far the leaves under `head` have come."""
        if head.checkpoint.origin != origin or not head.opened.keys.issuperset(self.trust.keys_of(origin)):
            raise ProofFailed("not signed by every key of this log", step="signature")
        seen = self.trust.quorum is not None and head.quorum
        return Stage.WITNESSED if seen else Stage.PUBLISHED


def check_stage(
    request: Request, found: OpenedLeaf, given: bytes, *, recorded: RecordedLook, heads: Heads, at: datetime
) -> None:
    """Raise WrongReceipt unless `given` shows `found` at the stage that was decided. `recorded`: with the durable receipt."""
    demanded = request.decision.stage
    if demanded is Stage.DURABLE:
        return
    try:
        proof = TlogProof.parse(given)
        head = heads.trust.open(proof.note, int(at.timestamp()))
        reached = heads.stage(head, request.origin)
        entry = leaf.entry(found.label, leaf.commitment(found.nonce, found.body))
        proof.check(merkle.leaf_hash(entry), head.checkpoint)
    except (NotCanonical, ProofFailed, BadInput) as error:
        raise request.wrong(f"its record is not shown to be {demanded}") from error
    if proof.index != found.index or proof.extra != recorded.receipt:
        raise request.wrong("the proof is of another record")
    if reached.rank < demanded.rank:
        raise request.wrong(f"its record is {reached}, and must be {demanded}")
