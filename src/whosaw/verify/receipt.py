# SPDX-License-Identifier: Apache-2.0
"""A receipt, checked by whoever got it: the journal gave its word, and kept it.

    receipt ──signed by──▶ receipt key ──fixed by──▶ genesis = leaf 0 ──under──▶ checkpoint ──signed by──▶ trust file
       │
       └─ leaves, root ──▶ must be what the log has at those indexes, once `by` has passed

Both kinds of file are taken: the signed receipt itself (durable), and a ``.tlog-proof`` with the receipt inside
(published; witnessed where its checkpoint has the quorum that the trust file asks for). The kind is never claimed; it is what verifies.

A receipt that a signed checkpoint contradicts is portable proof of wrongdoing: another leaf at that index, or a size
that does not reach it in a checkpoint signed after `by`. Receipt, checkpoint and inclusion proof go into the evidence.

Invariant: the receipt key is believed only from leaf 0 of a log that the trust file names.
                                                                          Specification: docs/spec/receipt.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.errors import ProofFailed
from whosaw.tlog.merkle import Node, check_inclusion, prove_inclusion, root
from whosaw.tlog.note import LIMIT, parse_note
from whosaw.tlog.proof import HEADER, TlogProof
from whosaw.tlog.receipt import Receipt, open_receipt
from whosaw.verify.folder import Audit, missing_checkpoint
from whosaw.verify.genesis import Genesis, check_served
from whosaw.verify.head import Head, open_head
from whosaw.verify.source import Source
from whosaw.verify.steps import Report, Said, Steps
from whosaw.verify.tree import served_nodes
from whosaw.verify.witnessed import Raw, check_witnessed, read_witnessed
from whosaw.verify.words import moment

KEPT = 4  # inclusion proofs copied into the evidence

NEED = "give --folder with the published folder or its URL"


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A receipt as somebody holds it; `proof` where it came inside a proof file."""

    raw: bytes = field(repr=False)
    receipt: Receipt
    proof: TlogProof | None

    @classmethod
    def parse(cls, raw: bytes) -> ReceiptFile:
        """Either kind. Nothing about it is verified."""
        proof = TlogProof.parse(raw) if raw.startswith(HEADER) else None
        if proof is not None and proof.extra is None:
            raise ProofFailed("the proof file carries no receipt", hint="check it with `whosaw verify proof`")
        signed = raw if proof is None or proof.extra is None else proof.extra
        receipt = Receipt.parse(parse_note(signed, "receipt").text)
        if proof is not None and proof.index not in receipt.indexes:
            raise ProofFailed("the proof is for a leaf that the receipt inside does not name")
        return cls(signed, receipt, proof)


def verify_receipt(raw: bytes, audit: Audit, source: Source | None) -> Report:
    """All steps. Without `source`, what a proof file carries is checked, and the rest is left undecided."""
    steps = Steps()
    file = steps.take("The receipt reads as one", lambda said: _read(raw, said))
    inside = None
    if file is not None and file.proof is not None:
        inside = steps.take("The proof inside", lambda said: _inside(file, audit, said))
    published = inside is not None
    _kept(file, published, audit, source, steps)
    steps.cannot_know.append("what was recorded: a receipt names leaves, and a leaf is blinded")
    if file is None:
        return steps.report("")
    receipt = file.receipt
    return steps.report(
        f"verified: {_leaves(receipt)} of {receipt.origin}: "
        + ("the journal gave its word, and kept it" if source else "published, under a signed checkpoint"),
        origin=receipt.origin,
        first=receipt.first,
        count=receipt.count,
        at=moment(receipt.at),
        by=moment(receipt.by),
        kind=_kind(inside, source),
    )


def _kind(inside: Head | None, source: Source | None) -> str:
    """What was shown about the leaves. It is never claimed in the file: it is what verified."""
    if inside is not None and inside.quorum and inside.cosigned:
        return "witnessed"
    return "published" if inside or source else "durable"


def _kept(file: ReceiptFile | None, published: bool, audit: Audit, source: Source | None, steps: Steps) -> None:
    """The steps that need the published log."""
    titles = ("The checkpoint is signed", "The genesis leaf", "The receipt is signed", "The promise was kept")
    if file is None:
        for title in titles:
            steps.skip(title, "There is no receipt to check.")
        return
    if source is None:
        # A proof file proves publication without the log; a bare receipt proves nothing without the key in leaf 0.
        if published:
            steps.skip(titles[2], f"Its key is fixed by the log's first leaf: {NEED}.")
        else:
            steps.take(titles[2], lambda said: said.unclear("its key is fixed by the log's first leaf", hint=NEED))
        return
    witnessed: list[Raw] = []
    head = steps.take(titles[0], lambda said: _head(source, audit, witnessed, said))
    if head is not None:
        check_witnessed(source, witnessed[0], head, steps, trust=audit.trust, now=audit.now)
    node = None if head is None else served_nodes(source, head.size)
    genesis = None
    if head is not None and node is not None:
        genesis = steps.take(titles[1], lambda said: check_served(source, head, node, said))
    if head is None or node is None or genesis is None:
        for title in titles[2 if head else 1 :]:
            steps.skip(title, "Without what comes before there is nothing to hold it against.")
        return
    if steps.take(titles[2], lambda said: _signed(file, genesis, said)) is None:
        steps.skip(titles[3], "A receipt that nobody signed promises nothing.")
        return
    steps.take(titles[3], lambda said: _promise(file, head, node, audit, said))


def _read(raw: bytes, said: Said) -> ReceiptFile:
    file = ReceiptFile.parse(raw)
    receipt = file.receipt
    said.say(f"{_leaves(receipt)} of {receipt.origin}, durable since {moment(receipt.at)},")
    said.say(f"to be published not later than {moment(receipt.by)}.")
    return file


def _inside(file: ReceiptFile, audit: Audit, said: Said) -> Head | None:
    """The head under which the proof file alone shows publication; None where it does not."""
    proof, receipt = file.proof, file.receipt
    if proof is None:
        return None
    head = open_head(proof.note, audit.trust, audit.now, said, "checkpoint in the proof")
    if head.origin != receipt.origin:
        raise ProofFailed("the checkpoint in the proof is of another log than the receipt")
    if receipt.count > 1:
        said.say("The receipt is for several leaves, so it does not say which leaf the proof is for.")
        return None
    said.keep("receipt", file.raw)
    said.keep("checkpoint", head.note)
    check_inclusion(receipt.root, receipt.first, head.size, proof.path, head.root)
    seen = "published, and seen by witnesses" if head.cosigned else "published"
    said.say(f"Leaf {receipt.first} is under it ({head.as_of}): {seen}.")
    return head


def _head(source: Source, audit: Audit, witnessed: list[Raw], said: Said) -> Head:
    witnessed.append(read_witnessed(source))
    raw = source.read("checkpoint", LIMIT)
    if raw is None:
        raise missing_checkpoint(source)
    said.keep("checkpoint", raw)
    # The promise is about what is published; whether witnesses have seen it is a step of its own.
    return open_head(raw, audit.trust, audit.now, said, quorum=False)


def _signed(file: ReceiptFile, genesis: Genesis, said: Said) -> bool:
    if file.receipt.origin != genesis.origin:
        raise ProofFailed("the receipt is of another log than the folder")
    open_receipt(file.raw, genesis.receipt_key)
    said.keep("receipt", file.raw)
    said.say("By the key for receipts that leaf 0 of this log fixes.")
    return True


def _promise(file: ReceiptFile, head: Head, node: Node, audit: Audit, said: Said) -> None:
    receipt = file.receipt
    if head.size < receipt.first + receipt.count:
        _late(receipt, head, audit, said)
        return
    hashes = [node(0, index) for index in receipt.indexes]
    for index, hash_ in zip(receipt.indexes, hashes, strict=True):
        path = prove_inclusion(node, index, head.size)
        try:
            check_inclusion(hash_, index, head.size, path, head.root)
        except ProofFailed as error:
            # Not the receipt's contradiction: this folder disagrees with its own checkpoint.
            raise ProofFailed(f"leaf {index} of the folder does not lead to its root: {error}") from None
        if index - receipt.first < KEPT:
            said.keep(f"leaf-{index}.tlog-proof", TlogProof(index, tuple(path), head.note, file.raw).encode())
    if root(hashes) != receipt.root:
        raise ProofFailed(
            f"the log has other leaves than promised at {_leaves(receipt)}: the receipt and the checkpoint, both signed, "
            "contradict each other",
            ours=file.raw,
            theirs=head.note,
        )
    said.say(f"The log ({head.as_of}) has at {_leaves(receipt)} exactly what the receipt names.")


def _late(receipt: Receipt, head: Head, audit: Audit, said: Said) -> None:
    """The log does not reach the leaves yet. Wrong only once a checkpoint was signed after the promised time."""
    missing = f"the log has size {head.size:,} and does not reach {_leaves(receipt)}"
    if head.signed_at is not None and head.signed_at > receipt.by:
        said.fail(f"{missing}, promised by {moment(receipt.by)} and signed at {moment(head.signed_at)}")
    elif audit.now > receipt.by:
        said.unclear(
            f"{missing}, promised by {moment(receipt.by)}; this checkpoint may be older", hint="fetch the newest"
        )
    else:
        said.unclear(f"{missing} yet; promised by {moment(receipt.by)}", hint="check again then")


def _leaves(receipt: Receipt) -> str:
    indexes: Sequence[int] = receipt.indexes
    return f"leaf {indexes[0]}" if len(indexes) == 1 else f"leaves {indexes[0]} to {indexes[-1]}"
