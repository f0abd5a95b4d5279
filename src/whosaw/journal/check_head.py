# SPDX-License-Identifier: Apache-2.0
"""Check 5: the head, the checkpoint and the genesis; and what all other checks hold everything against.

    names of public ─▶ checkpoint ─▶ head ─▶ Pinned      in this order: tiles ≤ head, checkpoint ≤ head, also beside
                                                         a journal that goes on writing while we look

Between the swap of a head and its checkpoint a crash leaves a checkpoint that is one head behind; anything else that
differs is another history, or somebody's hand.

Invariant: nothing is pinned that not every key of the log has signed.         Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

from dataclasses import dataclass

from whosaw.errors import Damaged, Misconfigured, NotCanonical, ProofFailed
from whosaw.journal.findings import Fault, Report
from whosaw.journal.heads import CHECKPOINT, GENESIS, Signers, opened
from whosaw.journal.ports import Folder, HeadState, Stores
from whosaw.journal.published import nodes
from whosaw.journal.recover import agree, no_journal
from whosaw.journal.segments import Segments
from whosaw.journal.witnessed import witnessed_in
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.leaf import GENESIS_LABEL
from whosaw.tlog.merkle import EMPTY_ROOT
from whosaw.tlog.note import VerifierKey, open_note
from whosaw.tlog.vrf import check_key
from whosaw.verify.witnessed import WITNESSED

_AGAIN = 5
HEAD_DB = "head.db"


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a check holds everything against. `shown`: what is published, size 0 where nothing is; `names`: its files."""

    state: HeadState
    head: Checkpoint
    shown: Checkpoint
    names: tuple[str, ...]


def pin(stores: Stores, signers: Signers, report: Report) -> Pinned | None:
    """The head and the checkpoint as they stand now. None where there is no head to believe.

    Raises BadInput where there is no journal, Unavailable where it cannot be read.
    """
    names = tuple(stores.public.names())
    # Before the checkpoint: it is never ahead of that, also beside a journal that writes both.
    witnessed = stores.public.read(WITNESSED)
    keys = signers.keys()
    head = note = state = None
    with report.holding(Fault.HEAD, HEAD_DB):
        stores.head.check()
        note, state = _read(stores)
        if state is None:
            raise no_journal()
        report.looked(5)
        head = opened(state.note, keys, HEAD_DB)
        _state(state, head, keys, report)
    if head is None or state is None:
        return None
    shown = _shown(note, state, head, keys, report)
    if witnessed is not None:
        _check_witnessed(witnessed, stores.public, shown, keys, report)
    return Pinned(state, head, shown, names)


def _check_witnessed(
    raw: bytes, public: Folder, shown: Checkpoint, keys: tuple[VerifierKey, ...], report: Report
) -> None:
    """What witnesses have seen is ours, and the beginning of what is published. Their own lines are for ``verify``."""
    report.looked(5)
    with report.holding(Fault.CHECKPOINT, WITNESSED):
        witnessed_in(raw, keys, shown, nodes(public, shown.size))


def _read(stores: Stores) -> tuple[bytes | None, HeadState | None]:
    """Checkpoint and head, not more than one head apart: no other checkpoint was published while the head was read."""
    note, state = stores.public.read(CHECKPOINT), stores.head.read()
    for _ in range(_AGAIN):
        again = stores.public.read(CHECKPOINT)
        if again == note:
            break
        note, state = again, stores.head.read()
    return note, state


def _state(state: HeadState, head: Checkpoint, keys: tuple[VerifierKey, ...], report: Report) -> None:
    if head.size != state.size or head.size < 1:
        report.find(Fault.HEAD, HEAD_DB, f"it says size {state.size} where its note says {head.size}")
    if any(at != state.signed_at // 1000 for at in open_note(state.note, keys, HEAD_DB).times.values()):
        report.find(Fault.HEAD, HEAD_DB, "it says another time than its note was signed at")


def _shown(
    note: bytes | None, state: HeadState, head: Checkpoint, keys: tuple[VerifierKey, ...], report: Report
) -> Checkpoint:
    """The published checkpoint; the head in its place where it cannot be believed: then files are held against that."""
    report.looked(5)
    if note is None:
        _missing(CHECKPOINT, Fault.CHECKPOINT, head.size, report)
        return Checkpoint(head.origin, 0, EMPTY_ROOT) if head.size == 1 else head
    if note == state.note:
        return head
    try:
        shown = opened(note, keys, CHECKPOINT)
    except Damaged as error:
        report.find(Fault.CHECKPOINT, CHECKPOINT, str(error))
        return head
    if 0 < shown.size < head.size:
        report.untidy(Fault.CHECKPOINT, CHECKPOINT, f"it shows size {shown.size}, the head has {head.size}")
        return shown
    what = (
        "it is not the note of the head, whose size and root it has"
        if shown == head
        else f"it shows size {shown.size}, of another history than the head of size {head.size}"
    )
    report.find(Fault.CHECKPOINT, CHECKPOINT, what)
    return head


def _missing(name: str, kind: Fault, size: int, report: Report) -> None:
    """A log that has just been made may not be shown yet. Later, no crash takes away what was shown."""
    if size == 1:
        report.untidy(kind, name, "it is not shown yet")
    else:
        report.find(kind, name, "it is missing")


def check_genesis(public: Folder, private: Folder, size: int, signers: Signers, report: Report) -> None:
    """Leaf 0 names these keys, its VRF key can have one output only, and everybody is shown exactly it."""
    report.looked(5)
    with report.holding(Fault.GENESIS, "index 0"):
        frame = Segments(private).frame(0)
        try:
            genesis = Genesis.parse(frame.body)
            check_key(int.from_bytes(genesis.vrf_n), genesis.vrf_certificate)
            agree(genesis, signers)
        except (NotCanonical, ProofFailed) as error:
            report.find(Fault.GENESIS, "index 0", f"leaf 0 is no genesis: {error}")
        except Misconfigured as error:
            report.find(Fault.GENESIS, error.setting, str(error))
        if frame.label != GENESIS_LABEL:
            report.find(Fault.GENESIS, "index 0", "leaf 0 has not the label of a genesis")
        shown = public.read(GENESIS)
        if shown is None:
            _missing(GENESIS, Fault.GENESIS, size, report)
        elif shown != _file(frame.nonce, frame.body):
            report.find(Fault.GENESIS, GENESIS, "it does not open leaf 0 as the segments do")


def _file(nonce: bytes, body: bytes) -> bytes | None:
    try:
        return GenesisFile(nonce, body).encode()
    except NotCanonical:
        return None
