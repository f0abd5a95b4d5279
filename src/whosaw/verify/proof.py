# SPDX-License-Identifier: Apache-2.0
"""A proof file, checked by whoever holds the leaf: this leaf is in that log.

    what you hold ──▶ leaf hash ──path──▶ root ◀── checkpoint ◀── signature ◀── trust file

    --record FILE …   the opened record (label, nonce, body): the leaf hash is computed from it
    --leaf HASH       the leaf hash itself, from wherever you have it
    neither           the receipt inside names the leaf, where it is for one leaf only; believed as far as it is checked

Several records are the leaves of one submission, in order: then the receipt inside must be for exactly these.

Invariant: the leaf never comes from the proof's own lines. Who takes it from there is shown a proof about something
else.                                                                     Specification: docs/spec/receipt.md §4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.model.record import LIMIT as BODY_LIMIT
from whosaw.model.record import canonical, parse, parse_json
from whosaw.tlog import leaf
from whosaw.tlog.merkle import check_inclusion, leaf_hash, root
from whosaw.tlog.note import parse_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import Receipt
from whosaw.tlog.spelling import HASH
from whosaw.verify.folder import Audit
from whosaw.verify.head import Head, open_head
from whosaw.verify.shape import base64_of, number, object_of, raw_bytes
from whosaw.verify.steps import Report, Said, Steps
from whosaw.verify.words import counted, moment

RECORD_LIMIT = BODY_LIMIT + 1024


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record with what opens its leaf. As a file: canonical JSON."""

    label: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def leaf_hash(self) -> bytes:
        """The hash of its leaf."""
        return leaf_hash(leaf.entry(self.label, leaf.commitment(self.nonce, self.body)))

    def encode(self) -> bytes:
        """``{"body":{…},"kind":"opened","label":…,"nonce":…,"v":1}``"""
        label, nonce = base64_of(self.label), base64_of(self.nonce)
        return canonical({"v": 1, "kind": "opened", "label": label, "nonce": nonce, "body": parse(self.body)})

    @classmethod
    def parse(cls, raw: bytes, where: str = "record") -> OpenedRecord:
        """The record that `raw` spells. Raises NotCanonical."""
        given = object_of(parse_json(raw, where, RECORD_LIMIT), ("v", "kind", "label", "nonce", "body"), where)
        if given["kind"] != "opened" or number(given["v"], where) != 1:
            raise NotCanonical("not an opened record of version 1", where=where)
        body = canonical(object_of(given["body"], None, where))
        parse(body, where)
        return cls(raw_bytes(given["label"], HASH, where), raw_bytes(given["nonce"], HASH, where), body)


def leaf_of_text(text: str) -> bytes:
    """A leaf hash as somebody types it: 64 hexadecimal digits or 44 characters of base64. Raises BadInput."""
    try:
        if len(text) == 2 * HASH:
            return bytes.fromhex(text)
        return raw_bytes(text, HASH, "--leaf")
    except (ValueError, NotCanonical):
        raise BadInput("not a hash of 32 bytes in base64 or hexadecimal", where="--leaf") from None


def verify_proof(raw: bytes, audit: Audit, leaf_given: bytes | None, records: Sequence[bytes]) -> Report:
    """All steps. At most one of `leaf_given` and `records` is used; `records` are files' bytes."""
    steps = Steps()
    proof = steps.take("The proof reads as one", lambda said: _read(raw, said))
    head = None
    if proof is not None:
        head = steps.take(
            "The checkpoint is signed",
            lambda said: open_head(proof.note, audit.trust, audit.now, said, "checkpoint in the proof"),
        )
    if proof is None or head is None:
        steps.skip("The leaf is in the log", "Without what comes before there is nothing to hold it against.")
        return steps.report("")
    steps.take("The leaf is in the log", lambda said: _check(proof, head, leaf_given, records, said))
    steps.cannot_know.append("whether the log has more about the same person: that is what a statement is for")
    if not audit.trust.witnesses:
        steps.cannot_know.append("whether others are shown another log: the trust file names no witness")
    return steps.report(
        f"verified: leaf {proof.index} of {head.origin}, {head.as_of}",
        origin=head.origin,
        index=proof.index,
        size=head.size,
        signed_at=None if head.signed_at is None else moment(head.signed_at),
    )


def _read(raw: bytes, said: Said) -> TlogProof:
    proof = TlogProof.parse(raw)
    said.say(f"Leaf {proof.index}, {counted(len(proof.path), 'hash', 'hashes')}.")
    return proof


def _check(proof: TlogProof, head: Head, leaf_given: bytes | None, records: Sequence[bytes], said: Said) -> None:
    receipt = None if proof.extra is None else Receipt.parse(parse_note(proof.extra, "receipt inside").text)
    if records:
        mine = _of_records(proof, receipt, records, said)
    elif leaf_given is not None:
        mine = leaf_given
        said.say("The leaf is the one whose hash was given.")
    elif receipt is not None and receipt.count == 1 and receipt.first == proof.index:
        mine = receipt.root
        said.say("The leaf is the one that the receipt inside names; that receipt's signature was not checked here.")
    else:
        said.unclear("which leaf is meant is not in a proof", hint="give --record FILE or --leaf HASH: what you hold")
        return
    check_inclusion(mine, proof.index, head.size, proof.path, head.root)
    said.say(f"It is leaf {proof.index} under the signed root.")


def _of_records(proof: TlogProof, receipt: Receipt | None, records: Sequence[bytes], said: Said) -> bytes:
    hashes = [OpenedRecord.parse(one, f"record {n}").leaf_hash for n, one in enumerate(records, 1)]
    if len(hashes) == 1:
        said.say("The leaf is the one that the record, its nonce and its label make.")
        return hashes[0]
    if receipt is None or len(hashes) != receipt.count or proof.index not in receipt.indexes:
        raise ProofFailed("these are not the records of the receipt inside: it has another number of leaves")
    if root(hashes) != receipt.root:
        raise ProofFailed("the records are not, in this order, those that the receipt inside names")
    said.say(
        f"{counted(len(hashes), 'record')}: exactly those of the receipt inside (its signature was not checked here)."
    )
    return hashes[proof.index - receipt.first]
