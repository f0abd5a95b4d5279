# SPDX-License-Identifier: Apache-2.0
"""Is this receipt for exactly this look? Seven checks, and no key that opens a value is needed for any of them.

    receipt (signed note) ─1─▶ this log ─2─▶ leaves under its root ─3─▶ one leaf under a label of this person's stream
       ─4─▶ the log holds it, the stream is enrolled, no gap ─5─▶ a look ─6─▶ of this request ─7─▶ permitted so

Invariant: whatever differs, WrongReceipt says which check failed and nothing was opened. There is no partial answer.

Why the person's *enrolled* stream: the person's statement lists that stream and no other. A look recorded under any
other label, valid as a leaf, would be a look that the person never hears of.      Specification: docs/spec/keys.md §5
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from whosaw.errors import BadInput, NotCanonical, ProofFailed, WrongReceipt
from whosaw.journal.place import OF_ONE_KEY, enrolment, label_of, rekey_body, split
from whosaw.journal.receipts import Promised, promised
from whosaw.model.access import Look
from whosaw.model.ask import ask_digest
from whosaw.model.decision import Decision
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind
from whosaw.privacy.data_key import StreamSecret
from whosaw.tlog import leaf, merkle
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt
from whosaw.tlog.spelling import BIGGEST
from whosaw.vault.chain import Chains
from whosaw.vault.ports import Leaves, OpenedLeaf, RecordedLook


@dataclass(frozen=True, slots=True)
class Request:
    """A look with its two pseudonyms, the stream of its person, and what was decided. `origin`: of the log."""

    look: Look
    principal: str
    person: str
    stream: StreamSecret
    decision: Decision
    origin: str

    def wrong(self, why: str) -> WrongReceipt:
        return wrong(self.look, why)


def wrong(look: Look, why: str) -> WrongReceipt:
    """The one answer to whatever does not match."""
    return WrongReceipt(
        f"the receipt does not open this look: {why}",
        look=look.look_id,
        hint="nothing was released; ask the guard again, which records a look of its own",
    )


def matching(
    request: Request, recorded: RecordedLook, key: VerifierKey, journal: Leaves, chains: Chains
) -> tuple[OpenedLeaf, LookBody]:
    """The leaf that records exactly `request`, and its body. Raises WrongReceipt for anything else."""
    leaves = tuple(recorded.leaves)
    _under_receipt(request, recorded, leaves, key)
    found = _own_leaf(request, leaves)
    _enrolled(request, found, journal, chains)
    body = _look_body(request, found.body)
    _same_request(request, body)
    _permitted(request, body)
    return found, body


def _under_receipt(request: Request, recorded: RecordedLook, leaves: Sequence[OpenedLeaf], key: VerifierKey) -> None:
    """1 and 2: signed by this log's receipt key, and the leaves are the receipt's, all of them, opened as they say."""
    try:
        root = merkle.root([merkle.leaf_hash(leaf.entry_of(f.label, f.nonce, f.body)) for f in leaves])
    except BadInput as error:
        raise request.wrong("a label or nonce has not its width") from error
    # What nobody has asked for is not signed yet, and this process knows by itself what it would sign of exactly these leaves.
    said = (promised(root, key) if recorded.signed is None else None) or _signed(request, recorded.receipt, root, key)
    if said.origin != request.origin:
        raise request.wrong("it is of another log")
    if [found.index for found in leaves] != list(said.indexes):
        raise request.wrong("these are not its leaves")


def _signed(request: Request, raw: bytes, root: bytes, key: VerifierKey) -> Promised:
    """What a receipt says, if `key` signed it and it is for the leaves under `root`."""
    try:
        receipt = open_receipt(raw, key)
    except (NotCanonical, ProofFailed) as error:
        raise request.wrong("it is not signed by this log's receipt key") from error
    if not hmac.compare_digest(root, receipt.root):
        raise request.wrong("these are not its leaves, bit for bit")
    return Promised(receipt.origin, receipt.indexes)


def _own_leaf(request: Request, leaves: Sequence[OpenedLeaf]) -> OpenedLeaf:
    """3: one leaf stands under label_i of the person's stream, i ≥ 1. What the caller says of i is recomputed."""
    mine = [
        found
        for found in leaves
        if type(found.i) is int
        and 1 <= found.i <= BIGGEST
        and found.handle == request.stream.handle
        and split(found.i)[0] <= request.stream.rekeys
        and hmac.compare_digest(found.label, label_of(request.stream, found.i))
    ]
    if len(mine) != 1:
        raise request.wrong("it has no leaf, or more than one, in the stream of this person")
    return mine[0]


def _enrolled(request: Request, found: OpenedLeaf, journal: Leaves, chains: Chains) -> None:
    """4: the journal holds this very leaf; its stream was enrolled before, with the key that labels it; no gap.

    The leaf itself is asked for each time. What stands before it is not, where `chains` has found it there.

    Asked of the journal, although the receipt is signed: a receipt says that the leaf *was* durable. After a restored
    backup, or with a stolen receipt key, there are signed receipts for leaves that no statement will ever hold.
    """

    def durable(label: bytes, until: int) -> OpenedLeaf:
        leaf_ = journal.find(label)
        if leaf_ is None or leaf_.label != label or leaf_.index > until:
            raise request.wrong("the stream of this person has no such place in the log")
        return leaf_

    kept = durable(found.label, found.index)
    if (kept.index, kept.nonce, kept.body) != (found.index, found.nonce, found.body):
        raise request.wrong("the log holds another record in its place")
    if chains.reach(request.stream, found):
        return
    enrolled = durable(request.stream.label_0, found.index - 1)
    if enrolled.body != enrolment(request.stream):
        raise request.wrong("the stream of this person is enrolled with another key")
    rekeys, i = split(found.i)
    if i > 1:
        durable(label_of(request.stream, found.i - 1), found.index - 1)
    for n in range(1, rekeys + 1):
        last = _last(journal, request.stream, n - 1)
        if last is None or last.index >= found.index or last.body != rekey_body(request.stream, n):
            raise request.wrong("a key of the stream of this person does not follow on the one before it")
    chains.found(request.stream, found)


def stands(journal: Leaves, leaf_: OpenedLeaf) -> bool:
    """Whether the log holds this very leaf. For records in streams of ours, which no person's key labels."""
    kept = journal.find(leaf_.label)
    return kept is not None and (kept.index, kept.label, kept.nonce, kept.body) == (
        leaf_.index, leaf_.label, leaf_.nonce, leaf_.body,
    )  # fmt: skip


def _last(journal: Leaves, stream: StreamSecret, rekeys: int) -> OpenedLeaf | None:
    """The last leaf under one of the keys of a stream. Places have no gaps, so it is searched for by halves."""
    first, some = rekeys * OF_ONE_KEY + 1, 1

    def at(i: int) -> OpenedLeaf | None:
        return journal.find(label_of(stream, first + i))

    while at(some) is not None:
        some *= 2
    low, high = -1, some  # `low` is there, or none is; `high` is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) is not None else (low, middle)
    return None if low < 0 else at(low)


def _look_body(request: Request, raw: bytes) -> LookBody:
    """5: the leaf's body is one look, asked at the gate."""
    try:
        body = LookBody.decode(raw)
    except NotCanonical as error:
        raise request.wrong("what it records is not a look") from error
    if body.kind is not Kind.LOOK or body.origin != "asked":
        raise request.wrong("what it records is not a look asked at the gate")
    return body


def _same_request(request: Request, body: LookBody) -> None:
    """6: of exactly this request. The digest says it all; the rest says what differs."""
    look = request.look
    if body.look != look.look_id:
        raise request.wrong("it is another look's")
    if body.person != request.person or body.principal != request.principal:
        raise request.wrong("it is of another principal or person")
    digest = ask_digest(look, request.principal, request.person)
    if body.ask is None or not hmac.compare_digest(body.ask, digest):
        raise request.wrong("what was recorded is not what is asked")


def _permitted(request: Request, body: LookBody) -> None:
    """7: permitted, by the decision at hand, at the detail recorded and asked and at no other."""
    decision, asked = request.decision, {(a.field, a.detail) for a in request.look.asked}
    if body.decision != "permit" or not decision.permitted:
        raise request.wrong("the look was refused")
    if body.facts != decision.facts or body.policy != decision.policy or body.stage is not decision.stage:
        raise request.wrong("the decision recorded is another one")
    granted = {(a.field, a.detail) for a in decision.detail}
    if len(decision.detail) != len(granted) or granted != asked or set(body.asked) != granted:
        raise request.wrong("the detail granted is not the detail recorded")
