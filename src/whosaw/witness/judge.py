# SPDX-License-Identifier: Apache-2.0
"""What a witness answers. c2sp.org/tlog-witness, one check after the other, the first that fails decides.

    read     400  not a request            404  no log of this origin is trusted
             403  no trusted key of the log signed, or the line of one fails
             400  the old size is above the size, or there is no room for our lines
    decide   409  the old size is not the one that we cosigned last, which is told
             422  another root at the same size; a proof that is wrong, or given where nothing can be proven;
                  nothing with a root
             503  our clock is behind our last cosignature of this log          (not in the standard)
             200  cosigned

`read` needs no state and comes first; `decide` is called inside the transaction that keeps what it returns, or two
requests could be checked against one head and the larger of them be rolled back.

Stricter than the standard: every text has one spelling, a line of a trusted key that fails is never passed over, and time
never goes back: "the largest head that I had seen at this time" would be said of a smaller one later.

Invariant: nothing is signed but a checkpoint that is consistent with the one signed before.
                                                                          Specification: docs/spec/witness.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import EMPTY_ROOT, check_consistency
from whosaw.tlog.note import Opened, Signature, Signer, VerifierKey, open_note, parse_note
from whosaw.tlog.spelling import parse_hash, render_base64
from whosaw.tlog.witness import SIZE_TYPE, AddCheckpoint, Cosigned, render_cosignatures, render_size

TEXT = "text/plain; charset=utf-8"

Logs = Mapping[str, Sequence[VerifierKey]]
"""The keys of each origin; any of them suffices."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `evidence`: a trusted key signed something that contradicts what it signed before."""

    status: int
    body: bytes = field(repr=False)
    media: str = TEXT
    evidence: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a log that is trusted. `checkpoint.root` is not `root` where nothing is said to have a root."""

    request: AddCheckpoint
    checkpoint: Checkpoint
    root: bytes = field(repr=False)
    opened: Opened = field(repr=False)


def read(raw: bytes, logs: Logs) -> Asked | Answer:
    """The request in `raw`, if a log that is trusted made it; else what to answer."""
    try:
        request = AddCheckpoint.parse(raw)
        checkpoint, root = _claimed(parse_note(request.note).text)
    except NotCanonical as error:
        return refused(400, str(error))
    keys = logs.get(checkpoint.origin)
    if not keys:
        return refused(404, "no log of this origin is known here")
    try:
        opened = open_note(request.note, keys)
    except ProofFailed as error:
        return refused(403, str(error))
    if request.old > checkpoint.size:
        return refused(400, "the old size is above the size of the checkpoint")
    return Asked(request, checkpoint, root, opened)


def _claimed(text: bytes) -> tuple[Checkpoint, bytes]:
    """The checkpoint, and the root that it states: a size 0 with a root is no spelling mistake, but a false claim."""
    lines = text.split(b"\n")
    if len(lines) > 3 and lines[1] == b"0":
        root = parse_hash(lines[2], "checkpoint, line 3")
        lines[2] = render_base64(EMPTY_ROOT)
        return Checkpoint.parse(b"\n".join(lines), foreign=True), root
    checkpoint = Checkpoint.parse(text, foreign=True)
    return checkpoint, checkpoint.root


def decide(
    asked: Asked, last: Cosigned | None, signers: Sequence[Signer], now_s: int
) -> tuple[Answer, Cosigned | None]:
    """The answer, and what is to be kept before it is given; None where nothing changes.

    `last`: what was cosigned last for this origin. `now_s`: seconds since 1970.
    """
    known = last.size if last else 0
    if asked.request.old != known:
        return Answer(409, render_size(known), SIZE_TYPE), None
    try:
        _consistent(asked, last)
    except ProofFailed as error:
        return refused(422, str(error), evidence=True), None
    if now_s < (last.time_s if last else 1):
        return refused(503, "the clock of this witness is behind its last cosignature"), None
    text = asked.opened.text
    ours = tuple(Signature(s.name, s.key_id, s.sign(text, now_s)) for s in signers)
    lines = render_cosignatures(ours)
    try:
        # The log's verified lines and ours, and no others: whoever fetches it gets nothing that we did not look at.
        note = asked.opened.note() + lines
        parse_note(note)
    except NotCanonical:
        return refused(400, "the checkpoint leaves no room for a cosignature"), None
    return Answer(200, lines), Cosigned(asked.checkpoint.size, asked.root, note, now_s)


def _consistent(asked: Asked, last: Cosigned | None) -> None:
    """Raise ProofFailed unless what was cosigned last is the beginning of what is asked."""
    old, size, root, proof = asked.request.old, asked.checkpoint.size, asked.root, asked.request.proof
    if size == 0 and root != EMPTY_ROOT:
        raise ProofFailed("nothing has the root of nothing", step="consistency")
    if last is None or last.size == 0:
        # RFC 6962 has no proof from 0, and the standard wants none: any hash here would stand unchecked.
        if proof:
            raise ProofFailed("a proof from size 0 proves nothing", step="consistency")
        return
    check_consistency(old, size, proof, last.root, root)


def refused(status: int, sentence: str, *, evidence: bool = False) -> Answer:
    """No, and why. The sentence says where something is wrong, and quotes nothing."""
    return Answer(status, f"{sentence}\n".encode(), evidence=evidence)
