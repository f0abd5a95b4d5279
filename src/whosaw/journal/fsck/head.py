# SPDX-License-Identifier: Apache-2.0
"""Check 5: the head, the checkpoint and the genesis; and what all other checks hold everything against.

    names of public ─▶ checkpoint ─▶ head ─▶ Pinned      in this order: tiles ≤ head, checkpoint ≤ head, also beside
                                                         a journal that goes on writing while we look

Between the swap of a head and its checkpoint a crash leaves a checkpoint that is one head behind; anything else that
differs is another history, or somebody's hand.

Invariant: nothing is pinned that not every key of the log has signed.         Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whosaw.errors import Damaged, Misconfigured, NotCanonical, ProofFailed
from whosaw.journal.fsck.findings import CHECK, Fault, Report
from whosaw.journal.heads import CHECKPOINT, GENESIS, MAP, Signers, opened
from whosaw.journal.ports import Folder, Head, HeadState, Stores
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
class Log:
    """Which of the two logs: where its head stands and its files are, and the size that it is made with."""

    database: str
    folder: str
    least: int

    def name(self, name: str) -> str:
        """A published file of it, as an outsider would call it."""
        return f"{self.folder}{name}"

    def kind(self, kind: Fault) -> Fault:
        """What a finding about it is. The map log has one kind for all."""
        return Fault.MAP if self.folder else kind


MAIN = Log(HEAD_DB, "", 1)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a check holds everything against. `shown`: what is published, size 0 where nothing is; `names`: its files."""

    state: HeadState
    head: Checkpoint
    shown: Checkpoint
    names: tuple[str, ...]


def pin(log: Log, public: Folder, store: Head, keys: Sequence[VerifierKey], report: Report) -> Pinned | None:
    """The head and the checkpoint as they stand now. None where there is no head to believe.

    Raises BadInput where there is no journal, Unavailable where it cannot be read.
    """
    names = tuple(name for name in public.names() if not name.startswith(f"{MAP}/"))
    head = note = state = None
    with report.holding(log.kind(Fault.HEAD), log.database):
        store.check()
        note, state = _read(public, store)
        if state is None and log is MAIN:
            raise no_journal()
        if state is None:
            raise Damaged("the head of this log is missing", where=log.database)
        report.looked(CHECK[log.kind(Fault.HEAD)])
        head = opened(state.note, keys, log.database)
        _state(log, state, head, keys, report)
    if head is None or state is None:
        return None
    return Pinned(state, head, _shown(log, note, state, head, keys=keys, report=report), names)


def _read(public: Folder, store: Head) -> tuple[bytes | None, HeadState | None]:
    """Checkpoint and head, not more than one head apart: no other checkpoint was published while the head was read."""
    note, state = public.read(CHECKPOINT), store.read()
    for _ in range(_AGAIN):
        again = public.read(CHECKPOINT)
        if again == note:
            break
        note, state = again, store.read()
    return note, state


def _state(log: Log, state: HeadState, head: Checkpoint, keys: Sequence[VerifierKey], report: Report) -> None:
    if head.size != state.size or head.size < log.least:
        report.find(log.kind(Fault.HEAD), log.database, f"it says size {state.size} where its note says {head.size}")
    if any(at != state.signed_at // 1000 for at in open_note(state.note, keys, log.database).times.values()):
        report.find(log.kind(Fault.HEAD), log.database, "it says another time than its note was signed at")


def _shown(
    log: Log, note: bytes | None, state: HeadState, head: Checkpoint, *, keys: Sequence[VerifierKey], report: Report
) -> Checkpoint:
    """The published checkpoint; the head in its place where it cannot be believed: then files are held against that."""
    kind, name, new = log.kind(Fault.CHECKPOINT), log.name(CHECKPOINT), head.size == log.least
    report.looked(CHECK[kind])
    if note is None:
        _missing(name, kind, report, new=new)
        return Checkpoint(head.origin, 0, EMPTY_ROOT) if new else head
    if note == state.note:
        return head
    try:
        shown = opened(note, keys, name)
    except Damaged as error:
        report.find(kind, name, str(error))
        return head
    if log.least <= shown.size < head.size:
        report.untidy(kind, name, f"it shows size {shown.size}, the head has {head.size}")
        return shown
    if shown != head:
        report.find(kind, name, f"it shows size {shown.size}, of another history than the head of size {head.size}")
    elif head.size:
        report.find(kind, name, "it is not the note of the head, whose size and root it has")
    else:  # a log without a leaf is signed anew by whoever makes it a second time after a crash
        report.untidy(kind, name, "it is not the note of the head yet")
    return head


def _missing(name: str, kind: Fault, report: Report, *, new: bool) -> None:
    """A log that has just been made may not be shown yet. Later, no crash takes away what was shown."""
    if new:
        report.untidy(kind, name, "it is not shown yet")
    else:
        report.find(kind, name, "it is missing")


def check_witnessed(
    log: Log, raw: bytes | None, public: Folder, head: Checkpoint, *, keys: Sequence[VerifierKey], report: Report
) -> None:
    """What witnesses have seen is of this history. `raw` was read before the head was pinned, which it cannot lead.

    Their own lines are for `whosaw verify`: which keys are theirs stands in the trust file.
    """
    if raw is None:
        return
    kind, where = log.kind(Fault.CHECKPOINT), log.name(WITNESSED)
    report.looked(CHECK[kind])
    with report.holding(kind, where):
        witnessed_in(raw, keys, head, nodes(public, head.size), where)


def check_genesis(stores: Stores, size: int, signers: Signers, report: Report) -> None:
    """Leaf 0 names these keys, its VRF key can have one output only, and everybody is shown exactly it."""
    public = stores.public
    report.looked(5)
    with report.holding(Fault.GENESIS, "index 0"):
        frame = Segments(stores.private, stores.manifest).record(0)
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
            _missing(GENESIS, Fault.GENESIS, report, new=size == 1)
        elif shown != _file(frame.nonce, frame.body):
            report.find(Fault.GENESIS, GENESIS, "it does not open leaf 0 as the segments do")


def _file(nonce: bytes, body: bytes) -> bytes | None:
    try:
        return GenesisFile(nonce, body).encode()
    except NotCanonical:
        return None
