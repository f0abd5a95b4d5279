# SPDX-License-Identifier: Apache-2.0
"""Making a log: leaf 0 and the first head. Done once, by `whosaw init`, and by nothing else.

    segment 0 with the genesis frame ──▶ staging ──▶ head.create ──▶ tiles, public/genesis ──▶ checkpoint of size 1
                                                     from here on there is a log; a start does the rest

A crash before the head row leaves no log, and `create` may be run again. It refuses every folder in which anything but
the remains of such a run stands: segments without their head are a log whose head database was lost, and a new head
over them would be a fork.

Invariant: the first head is signed over a leaf that fixes the keys it is signed with. Specification: docs/spec/leaf.md
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from whosaw.errors import Contradiction, NotCanonical
from whosaw.journal.edge import Edge
from whosaw.journal.heads import CHECKPOINT, GENESIS, MAP, MAP_DB, Signers, opened, signed
from whosaw.journal.ports import Folder, Head, HeadState, Placed, Stores
from whosaw.journal.publish import apply, publish
from whosaw.journal.receipts import milliseconds
from whosaw.journal.recover import agree, show_genesis
from whosaw.journal.segment import Erased, Frame, Mark, parse_frame
from whosaw.journal.segments import listed
from whosaw.journal.staging import Staged
from whosaw.journal.under import Under
from whosaw.model.genesis import Genesis
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.leaf import GENESIS_LABEL
from whosaw.tlog.merkle import EMPTY_ROOT
from whosaw.tlog.receipt import idem
from whosaw.tlog.spelling import HASH

CALLER, KEY = "journal", "genesis"
_NO_STREAM = bytes(16)
_HINT = "a journal is made in an empty folder; this one was left as it is"


def create(
    stores: Stores, signers: Signers, genesis: Genesis, clock: Callable[[], datetime], random: Callable[[int], bytes]
) -> None:
    """Make the log that `genesis` describes. Raises Contradiction where any log, or a part of one, stands."""
    agree(genesis, signers)
    held = stores.private.hold("lock")
    try:
        _check_empty(stores)
        body, mark = genesis.encode(), Mark(0)
        left = _left(stores.private)
        # The frame of a run that died is taken over: it may have signed a head over it, and no size gets two roots.
        frame = left if left is not None and left.body == body else _first_frame(body, random(HASH))
        stores.private.replace(mark.name, frame.encode(mark))
        edge, files = Edge().grow([frame.entry], [frame.leaf_hash])
        staged = Staged(0, edge.size, edge.root(), tuple(files))
        stores.private.replace(staged.name, staged.encode())
        at = milliseconds(clock())
        # Before the head, so that whoever has a head has both: no start ever makes a map log.
        map_head = _map_head(stores.map_head, signers, genesis, at)
        head = signed(Checkpoint.of(genesis.origin, edge.size, edge.root()), signers.logs, at)
        stores.head.create(head, {frame.idem: Placed(0, 1, at)})
        stores.labels.clear()
        show_genesis(stores.public, frame)
        apply(stores.public, stores.labels, staged)
        publish(stores.public, head)
        publish(Under(stores.public, MAP), map_head)
        stores.private.delete(staged.name)
    finally:
        held.release()


def _first_frame(body: bytes, nonce: bytes) -> Frame:
    return Frame(0, _NO_STREAM, 0, GENESIS_LABEL, nonce, body, 0, 0, idem(CALLER, KEY))


def _map_head(store: Head, signers: Signers, genesis: Genesis, at: int) -> HeadState:
    """The head of a map log without a leaf. One that a run left which died then is taken over: size 0 has one root."""
    there = store.read()
    if there is None:
        there = signed(Checkpoint.of(genesis.map_origin, 0, EMPTY_ROOT), signers.maps, at)
        store.create(there, {})
    elif opened(there.note, signers.map_keys(), MAP_DB).size:
        raise Contradiction("a map log stands here whose log is missing", where=f"private/{MAP_DB}", hint=_HINT)
    return there


def _check_empty(stores: Stores) -> None:
    if stores.head.read() is not None:
        raise Contradiction("a log stands here already", where="private/head.db", hint=_HINT)
    for name in (CHECKPOINT, GENESIS, f"{MAP}/{CHECKPOINT}"):
        if stores.public.read(name) is not None:
            raise Contradiction("a log is published here whose head is missing", where=f"public/{name}", hint=_HINT)
    if not _only_remains(stores.private):
        raise Contradiction("segments stand here without their head", where="private/segments", hint=_HINT)


def _only_remains(private: Folder) -> bool:
    """Whether the segments are none, or what a run of `create` leaves that died before the head: at most a genesis."""
    if listed(private) not in ([], [(0, 0)]):
        return False
    return not private.read(Mark(0).name) or _left(private) is not None


def _left(private: Folder) -> Frame | None:
    """The genesis frame of a run of `create` that died before the head; None where there is anything else, or nothing."""
    mark = Mark(0)
    raw = private.read(mark.name) or b""
    try:
        frame, end = parse_frame(raw, 0, mark)
    except NotCanonical:
        return None
    if isinstance(frame, Erased) or frame.label != GENESIS_LABEL or end != len(raw):
        return None
    return frame
