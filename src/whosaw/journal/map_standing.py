# SPDX-License-Identifier: Apache-2.0
"""How the map log stands beside the log when a start finds both: of this history, or of another one.

    map.db ──▶ size, root ──▶ last leaf ──▶ a head of the log: the beginning of the one in head.db      else: an old copy

Invariant: nothing here writes.                                       Specification: docs/spec/index.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from whosaw.errors import Damaged, NotCanonical, ProofFailed
from whosaw.journal.heads import MAP, MAP_DB, Signers, opened
from whosaw.journal.ports import Stores
from whosaw.journal.published import Reads, reading
from whosaw.journal.staging import FOLDER as STAGING
from whosaw.journal.staging import Staged
from whosaw.journal.standing import Standing, stand
from whosaw.journal.under import Under
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import Node, root_at
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.tile import FULL, Bundle, parse_bundle


@dataclass(frozen=True, slots=True)
class Last:
    """The last leaf, and the size of the log that it is of. Of a map log without a leaf: size 0."""

    size: int = 0
    entry: bytes = field(default=b"", repr=False)
    root: bytes = b""


def stand_map(stores: Stores, signers: Signers, log: Standing) -> Standing:
    """How the map log stands beside the log. Writes nothing. Raises Damaged where it is not one, or not of this log."""
    head = stores.map_head.read()
    if head is None:
        raise Damaged(
            "the head of the map log is missing",
            where=f"private/{MAP_DB}",
            hint="restore it only if it is the very file that was last in use; an old copy signs old sizes anew",
        )
    keys = signers.map_keys()
    signed = opened(head.note, keys, MAP_DB)
    if signed.size != head.size:
        raise Damaged("the head database does not say what its note says", where=MAP_DB)
    made = stand(
        Under(stores.public, MAP), Under(stores.private, MAP), head, signed, keys=keys, rebuild=_nothing_staged
    )
    last_leaf(made.reads, signed.size, lambda entry: said_by(entry, log.keys, log.signed.size, log.head().node))
    return made


def last_leaf(public: Reads, size: int, said: Callable[[bytes], Last]) -> Last:
    """What the last leaf says, of a map log of this size."""
    if not size:
        return Last()
    bundle = Bundle((size - 1) // FULL, (size - 1) % FULL + 1)
    try:
        return said(parse_bundle(reading(public)(bundle), bundle.width, bundle.path)[-1])
    except NotCanonical as error:
        raise Damaged(str(error), where=bundle.path) from None


def said_by(entry: bytes, keys: Sequence[VerifierKey], size: int, node: Node) -> Last:
    """What a leaf says of a log of `size` with this tree. Raises Damaged where it is of another history."""
    try:
        leaf = MapLeaf.parse(entry)
        of = leaf.open(keys)
    except (NotCanonical, ProofFailed) as error:
        raise Damaged(f"a leaf of the map log is none: {error}", where=MAP) from None
    if not 0 < of.size <= size or root_at(node, of.size) != of.root:
        raise Damaged(
            f"the map log has an index of size {of.size} of another history than the log's, of size {size}",
            where=MAP,
            hint="one of head.db and map.db may be an old copy; do not start this log again from it",
        )
    return Last(of.size, entry, leaf.root)


def _nothing_staged(_: Checkpoint) -> Staged:
    raise Damaged(
        "the map log's head is ahead of what is published, and what was staged for it is gone",
        where=f"private/{MAP}/{STAGING}",
        hint="restore the file from a copy of this very folder",
    )
