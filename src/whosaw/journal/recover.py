# SPDX-License-Identifier: Apache-2.0
"""Start-up: from whatever a crash left to exactly what the head says, by the code that would have written it.

    find     reads only
    1 genesis   there is a head at all, and leaf 0 names these keys                else: not a journal, or other key files
    2 head      every key of the log signed its note; the checkpoint and the tiles at the right edge are of its history
                checkpoint newer than the head, or another root: somebody else signed with our keys
                head newer than the checkpoint: what is missing is in staging, or follows from frames
                the same of the map log; the label table can be opened
    ─────────── here the witnesses are asked (``core``): a start that is refused leaves every file as it is ───────────
    recover  writes
    3 tail      leaf 0 is shown to everybody; frames beyond the head: found, made durable, torn bytes kept aside;
                segments below it sealed, files of other generations than the manifest's removed
    4 publish   head newer than the checkpoint: staging applied, or what was built again; then the checkpoint
    5 edge      right-edge tiles and the last bundle read from disk; their root is the head's
    6 labels    caught up with the bundles
    7 staging   orphans removed

Invariant: a start never makes a log. A wrong path in the configuration is an error, not a fresh log: two logs under one
key are a fork.                                                                 Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import BadInput, Damaged, Misconfigured, NotCanonical
from whosaw.journal.ahead import ahead_of
from whosaw.journal.entries import entries
from whosaw.journal.heads import GENESIS, MAP, Signers, opened
from whosaw.journal.labels import catch_up
from whosaw.journal.manifest import seal, strays
from whosaw.journal.map_standing import stand_map
from whosaw.journal.ports import Folder, HeadState, Stores
from whosaw.journal.receipts import milliseconds
from whosaw.journal.resume import bring_up
from whosaw.journal.rewrite import replay
from whosaw.journal.segment import Frame
from whosaw.journal.segments import Segments
from whosaw.journal.staging import FOLDER as STAGING
from whosaw.journal.staging import Staged
from whosaw.journal.standing import Standing, edge_of, stand
from whosaw.journal.state import State, Tail
from whosaw.journal.witnessed import check_witnessed
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.leaf import GENESIS_LABEL
from whosaw.tlog.merkle import leaf_hash
from whosaw.tlog.note import VerifierKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A journal as it lies there, before anything of it was touched. `frame`: leaf 0, `genesis`: what it promises."""

    frame: Frame = field(repr=False)
    genesis: Genesis
    log: Standing
    map: Standing


@dataclass(frozen=True, slots=True)
class Recovered:
    """A journal that may go on. `genesis`: what leaf 0 promises."""

    state: State
    genesis: Genesis


def find(stores: Stores, signers: Signers) -> Found:
    """What lies there. Writes nothing. Raises BadInput where there is no journal, Damaged, Misconfigured."""
    keys = signers.keys()
    head = stores.head.read()
    if head is None:
        raise no_journal()
    frame, genesis = _genesis(stores, signers)
    signed = _signed(head, keys)
    _log.info("head: size %d, signed by every key of the log", head.size)
    log = stand(
        stores.public, stores.private, head, signed,
        keys=keys, rebuild=lambda shown: _built_again(stores, shown, signed),
    )  # fmt: skip
    check_witnessed(log, "")
    index = stand_map(stores, signers, log)
    check_witnessed(index, f"{MAP}/")
    # One that cannot be opened, or is a newer version's, ends the start here; whether it fits the bundles is asked later.
    stores.labels.size()
    return Found(frame, genesis, log, index)


def recover(stores: Stores, found: Found, clock: Callable[[], datetime]) -> Recovered:
    """Bring the folders to what the head says. Raises Damaged."""
    head, signed = found.log.state, found.log.signed
    show_genesis(stores.public, found.frame)
    tail = _tail(stores, head, clock)
    _log.info("tail: %d frames beyond the head", len(tail.frames))
    edge = bring_up(found.log, stores.labels)
    _log.info("checkpoint: size %d, right edge read back", head.size)
    catch_up(stores.public, stores.labels, head.size)
    for name in stores.private.names(STAGING):
        _log.info("staging: removing what no head needs")
        stores.private.delete(name)
    return Recovered(State(head, signed.root, edge, tail), found.genesis)


# ── 1 genesis ──


def no_journal() -> BadInput:
    """The answer to a folder without a head."""
    return BadInput(
        "there is no journal here: the head database is missing or empty",
        where="private/head.db",
        hint="check the path; `whosaw init` makes a new log, and nothing else does",
    )


def genesis_of(stores: Stores, signers: Signers) -> Genesis:
    """What leaf 0 promises. Raises Misconfigured unless it names exactly these keys, Damaged, Unavailable."""
    return _genesis(stores, signers)[1]


def _genesis(stores: Stores, signers: Signers) -> tuple[Frame, Genesis]:
    """What leaf 0 promises. Raises Misconfigured unless it names exactly these keys."""
    # Before the head: with exchanged key files no signature fits, and that must not look like a damaged log.
    frame = Segments(stores.private, stores.manifest).record(0)
    try:
        genesis = Genesis.parse(frame.body)
    except NotCanonical as error:
        raise Damaged(f"leaf 0 is no genesis: {error}", where="index 0") from None
    if frame.label != GENESIS_LABEL:
        raise Damaged("leaf 0 has not the label of a genesis", where="index 0")
    agree(genesis, signers)
    return frame, genesis


def agree(genesis: Genesis, signers: Signers) -> None:
    """Raise Misconfigured unless `genesis` names exactly these keys."""
    vkeys = tuple(signer.vkey() for signer in signers.logs)
    if genesis.logs != vkeys or any(key.name != genesis.origin for key in signers.logs):
        raise Misconfigured(
            "the log's signing keys are not those that its first leaf names",
            setting="keys/log-ed25519, keys/log-mldsa44",
            hint="restore the key files that belong to this folder; a log keeps its keys for life",
        )
    if genesis.map_logs != tuple(signer.vkey() for signer in signers.maps):
        raise Misconfigured(
            "the map log's signing keys are not those that the log's first leaf names",
            setting="keys/map-ed25519, keys/map-mldsa44",
            hint="restore the key files that belong to this folder; a log keeps its keys for life",
        )
    if genesis.receipts != signers.receipts.vkey():
        raise Misconfigured(
            "the receipt key is not the one that the log's first leaf names",
            setting="keys/receipts-ed25519",
            hint="restore the key file that belongs to this folder",
        )


# ── 2 head ──


def _signed(head: HeadState, keys: Sequence[VerifierKey]) -> Checkpoint:
    """What the head says."""
    signed = opened(head.note, keys, "head.db")
    if signed.size != head.size or head.size < 1:
        raise Damaged("the head database does not say what its note says", where="head.db")
    return signed


def show_genesis(public: Folder, frame: Frame) -> None:
    """Open leaf 0 to everybody. Raises Contradiction where something else is shown."""
    public.create_or_compare([(GENESIS, GenesisFile(frame.nonce, frame.body).encode())])


# ── 3 tail ──


def _tail(stores: Stores, head: HeadState, clock: Callable[[], datetime]) -> Tail:
    replay(stores)
    for name in strays(stores):
        _log.info("segments: removing one that does not count")
        stores.private.delete(name)
    tail = Tail(head.size)
    # Where a receipt's own time died with its process, one asked for again says this time, and keeps it.
    at = max(milliseconds(clock()), head.signed_at)
    for found in ahead_of(stores).start(head.size):
        hashes = [frame.leaf_hash for frame in found.frames]
        tail.add(found.frames, hashes, at if found.at is None else found.at, found.written)
    seal(stores, head.size)
    return tail


# ── 4 publish ──


def _built_again(stores: Stores, shown: Checkpoint, signed: Checkpoint) -> Staged:
    """What staging held, from frames: the same bytes, because a size determines every one of them."""
    edge = edge_of(stores.public, shown)
    leaves = list(entries(stores, shown.size, signed.size, signed.size))
    grown, files = edge.grow(leaves, [leaf_hash(entry) for entry in leaves])
    if grown.root() != signed.root:
        raise Damaged("the segments do not hold the leaves that the head signs", where=f"index {shown.size} and on")
    return Staged(shown.size, signed.size, signed.root, tuple(files))
