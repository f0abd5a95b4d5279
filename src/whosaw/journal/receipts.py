# SPDX-License-Identifier: Apache-2.0
"""Durable receipts of one log: made from leaves that are on stable storage, and from nothing else.

Ed25519 signs without chance, so the same leaves, key and time give the same bytes for ever. The time stands in the head
beside the submission's place. Between the write and the next head it stands in memory only: if the process dies in
between, the start gives the submission its own time, and a receipt asked for again says the same with a later promise.

Invariant: only the sequencer's thread and a start make `Recorded` values; both hold durable frames when they do.
                                                                      Specification: docs/spec/receipt.md
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from whosaw.journal.ports import Placed
from whosaw.journal.submission import Opened, Recorded
from whosaw.model.lately import Lately
from whosaw.model.stage import Stage
from whosaw.tlog import merkle
from whosaw.tlog.note import Ed25519Signer, Note, Signature, Signer, VerifierKey
from whosaw.tlog.receipt import Receipt, signing_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_FEW = 8  # leaves; a look has one, and the first one of a person two


class Promised(NamedTuple):
    """What the receipt of some leaves says, signed or not: of which log, and which indexes they have."""

    origin: str
    indexes: range


class Receipts:
    """Signs receipts for the log `origin`, each of which promises publication within `promise_s` seconds."""

    __slots__ = ("_key", "_origin", "_promise", "_signer")

    def __init__(self, origin: str, signer: Signer, promise_s: int) -> None:
        self._origin, self._signer, self._promise = origin, signer, timedelta(seconds=promise_s)
        # Of a key that lies elsewhere nobody here can say that it will sign.
        self._key = signer.key if type(signer) is Ed25519Signer and signer.name == signing_name(origin) else None

    def recorded(
        self, leaves: Sequence[Opened], idem: bytes, at: int, hashes: Sequence[bytes] | None = None
    ) -> Recorded:
        """What the caller gets for these durable leaves. `hashes` are their leaf hashes, where somebody has them."""
        hashes = hashes or [opened.leaf_hash for opened in leaves]
        placed = Placed(leaves[0].index, len(leaves), at)
        if self._key is not None and placed.count <= _FEW:
            _promised.keep(hashes[0] if placed.count == 1 else merkle.root(hashes), (self, placed))
        return Recorded(tuple(leaves), partial(self.sign, placed, idem, hashes))

    def left(self, leaves: Sequence[Opened], placed: Placed, idem: bytes, hashes: Sequence[bytes]) -> Recorded:
        """The same for a submission of which only these `leaves` are left. `hashes` are those of all of them."""
        sign = partial(self.sign, placed, idem, hashes)
        return Recorded(tuple(leaves), sign, erased=placed.count - len(leaves))

    def sign(self, placed: Placed, idem: bytes, hashes: Sequence[bytes]) -> bytes:
        """The signed receipt for leaves with these hashes."""
        at, root = moment(placed.at), merkle.root(hashes)
        text = Receipt(self._origin, placed.first, placed.count, root, idem, at, at + self._promise).encode()
        signer = self._signer
        return Note(text, (Signature(signer.name, signer.key_id, signer.sign(text, placed.at // 1000)),)).encode()

    def says(self, placed: Placed, key: VerifierKey) -> Promised | None:
        """What the receipt for these leaves says, if it is that very key that signs it here; None else."""
        if self._key != key:
            return None
        return Promised(self._origin, range(placed.first, placed.first + placed.count))


_promised: Lately[bytes, tuple[Receipts, Placed]] = Lately(4096)  # by this process, by the root of the leaves


def promised(root: bytes, key: VerifierKey) -> Promised | None:
    """What this process has found durable under `root` lately, and signs with that very key when it is asked; None of all else."""
    found = _promised.find(root)
    return None if found is None else found[0].says(found[1], key)


def moment(ms: int) -> datetime:
    """Milliseconds since 1970 as an instant."""
    return _EPOCH + ms * _MS


def milliseconds(at: datetime) -> int:
    """An instant as milliseconds since 1970, cut and never rounded up into the future."""
    return (at - _EPOCH) // _MS


class Waited(Protocol):
    """A log that can be waited for."""

    def wait_published(self, index: int, timeout: float) -> bytes: ...
    def wait_witnessed(self, index: int, timeout: float) -> bytes: ...
    def proof(self, index: int, *, witnessed: bool) -> bytes: ...


def receipt_at(log: Waited, recorded: Recorded, stage: Stage, timeout: float) -> bytes:
    """The receipt of the last leaf of a submission at this stage. Raises Unavailable after `timeout`."""
    if stage is Stage.DURABLE:
        return recorded.receipt
    index, witnessed = recorded.leaves[-1].index, stage is Stage.WITNESSED
    wait = log.wait_witnessed if witnessed else log.wait_published
    wait(index, timeout)
    return log.proof(index, witnessed=witnessed)
