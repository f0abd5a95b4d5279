# SPDX-License-Identifier: Apache-2.0
"""A published log of any size, made in a minute or two: genuine in all that an outsider can see.

    shake_128(number of the bundle) ──▶ labels, commitments ──the product's encoders──▶ bundles, tiles, index, map log
                                                                  real keys ──▶ genesis, checkpoint, map/checkpoint

Its leaves are of nobody: labels and commitments are noise, as those of real records are. What opens them does not exist, so
it is no log to make statements from. The map log has five leaves, a minute of 1,000 records a second apart.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from whosaw.journal.published import nodes
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.privacy.vrf import VrfKey
from whosaw.store.files import FilesFolder
from whosaw.tlog import leaf, merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf, map_origin
from whosaw.tlog.note import Ed25519Signer, MlDsaSigner, VerifierKey, sign_note
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, Bundle, Tile, encode_bundle
from whosaw.tlog.trust import trust_text
from whosaw.verify import heaps, trie
from whosaw.verify.heaps import Heaps
from whosaw.verify.workers import cores, spans, workers

ORIGIN = "log.example.org/big"
SHARE = 256  # bundles that one process makes at a time
MAPS = 5
MINUTE = 60_000  # leaves between two leaves of the map log


@dataclass(frozen=True)
class BigLog:
    """`public`: what an outsider gets. `checkpoint`: signed; `keys` of the log, whose trust file is `trust`."""

    public: Path
    size: int
    checkpoint: bytes
    keys: tuple[VerifierKey, ...]
    trust: Path


@dataclass(frozen=True)
class _Keys:
    logs: tuple
    maps: tuple
    genesis: Genesis

    @classmethod
    def make(cls) -> "_Keys":
        logs, maps = (
            (Ed25519Signer.from_seed(name, os.urandom(32)), MlDsaSigner.from_seed(name, os.urandom(32)))
            for name in (ORIGIN, map_origin(ORIGIN))
        )
        vrf = VrfKey.generate(os.urandom)
        receipts = Ed25519Signer.from_seed(f"{ORIGIN}/receipts", os.urandom(32))
        vkeys = [tuple(signer.vkey() for signer in signers) for signers in (logs, maps)]
        return cls(logs, maps, Genesis(ORIGIN, vkeys[0], map_origin(ORIGIN), vkeys[1], receipts.vkey(), 60,
                                       vrf.public(), vrf.certificate()))  # fmt: skip


def big_log(folder: Path, size: int) -> BigLog:
    """A log of `size` leaves, at least one, in this new folder."""
    public, keys = folder / "public", _Keys.make()
    public.mkdir(parents=True)
    opened = GenesisFile(os.urandom(32), keys.genesis.encode())
    (public / "genesis").write_bytes(opened.encode())
    first = leaf.entry(leaf.GENESIS_LABEL, leaf.commitment(opened.nonce, opened.body))
    sizes = sorted({max(1, size - n * min(MINUTE, size // MAPS)) for n in range(MAPS)})
    with heaps.temporary() as aside, workers(cores(), aside) as each:
        row = b"".join(each(_Bundles(public, aside, size, first), spans(-(-size // FULL), SHARE)))
        _upper(public, row)
        found = each(heaps.InFiles(aside, sizes), heaps.files(aside).items())
        changes = {number: one.changes for number, _, one in found}
    roots = trie.roots(trie.joined(changes), len(sizes))
    node, at = nodes(FilesFolder(public), size), int(datetime.now(UTC).timestamp())
    notes = [sign_note(Checkpoint.of(ORIGIN, s, merkle.root_at(node, s)).encode(), keys.logs, at) for s in sizes]
    vkeys = tuple(VerifierKey.parse(signer.vkey()) for signer in keys.logs)
    _map(public / "map", [MapLeaf.of(r, n, vkeys).encode() for r, n in zip(roots, notes, strict=True)], keys, at)
    (public / "checkpoint").write_bytes(notes[-1])
    (folder / "trust").write_bytes(trust_text(keys.genesis.logs))
    return BigLog(public, size, notes[-1], vkeys, folder / "trust")


@dataclass(frozen=True)
class _Bundles:
    """Makes the bundles of a share with their tiles, puts their labels aside, and gives the hash of each full tile."""

    public: Path
    aside: Path
    size: int
    first: bytes

    def __call__(self, share: tuple[int, int]) -> bytes:
        into, above = Heaps(self.aside, str(os.getpid())), []
        for index in range(*share):
            entries = list(self._entries(index))
            raw = encode_bundle(entries)
            into.add(index * FULL, raw)
            hashes = b"".join(map(merkle.leaf_hash, entries))
            _write(self.public, Bundle(index, len(entries)).path, raw)
            _write(self.public, Tile(0, index, len(entries)).path, hashes)
            if len(entries) == FULL:
                above.append(merkle.root_of_row(hashes))
        into.flush()
        return b"".join(above)

    def _entries(self, index: int) -> Iterator[bytes]:
        noise = hashlib.shake_128(b"whosaw big log" + index.to_bytes(8)).digest(FULL * 2 * HASH)
        for n in range(min(FULL, self.size - index * FULL)):
            at = n * 2 * HASH
            entry = leaf.entry(noise[at : at + HASH], noise[at + HASH : at + 2 * HASH])
            yield entry if index or n else self.first


def _upper(public: Path, row: bytes) -> None:
    """The tiles above level 0, from the hashes of all full tiles there."""
    level = 1
    while row:
        tiles = [row[at : at + FULL * HASH] for at in range(0, len(row), FULL * HASH)]
        for index, tile in enumerate(tiles):
            _write(public, Tile(level, index, len(tile) // HASH).path, tile)
        row = b"".join(merkle.root_of_row(tile) for tile in tiles if len(tile) == FULL * HASH)
        level += 1


def _map(public: Path, entries: list[bytes], keys: _Keys, at: int) -> None:
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    _write(public, Bundle(0, len(entries)).path, encode_bundle(entries))
    _write(public, Tile(0, 0, len(entries)).path, b"".join(hashes))
    text = Checkpoint.of(map_origin(ORIGIN), len(entries), merkle.root(hashes)).encode()
    _write(public, "checkpoint", sign_note(text, keys.maps, at))


def _write(public: Path, name: str, raw: bytes) -> None:
    """Plainly: what is measured is how it is read, and a sync for each file would take an hour."""
    path = public / name
    try:
        path.write_bytes(raw)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
