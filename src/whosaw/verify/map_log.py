# SPDX-License-Identifier: Apache-2.0
"""The map log, verified as a log of its own: what it says of the index, for each size that it speaks of.

    genesis ──keys──▶ map/checkpoint ──▶ bundles, tiles up to its root ──▶ leaves: root of an index ‖ head of the log
                                                                                │
                                         claims, at sizes that strictly grow ◀──┘──▶ held against the log's own leaves

Its checkpoint is read before the log's: then no leaf of it is of a head that was not there yet. Whether the roots are true
is found out by whoever sees all labels go by (``verify.leaves``); here they are only read.

Invariant: a claim is a leaf under a head that every key of the map log signed, about a head that the log itself signed.
                                                                      Specification: docs/spec/index.md §3 and §4
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import BadInput, NotCanonical, ProofFailed, WhosawError
from whosaw.tlog import note
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import Node, root_at
from whosaw.tlog.note import VerifierKey, open_note, parse_note
from whosaw.tlog.tile import Bundle
from whosaw.tlog.trust import TrustedLog, TrustPolicy
from whosaw.verify.blame import blame
from whosaw.verify.frames import MAPS
from whosaw.verify.genesis import Genesis
from whosaw.verify.head import Head, open_head
from whosaw.verify.leaves import Claim
from whosaw.verify.listing import Listing
from whosaw.verify.older import old_failures
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure, Said
from whosaw.verify.tree import Rebuild
from whosaw.verify.words import counted, printable

MAP = "map"
SINGLE = frozenset({"checkpoint", "checkpoint.witnessed"})
Raw = bytes | WhosawError | None


class MapSource:
    """``verify.source.Source`` below ``map/`` of another one."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.place, self.listed = f"{source.place}/{MAP}", source.listed

    def read(self, name: str, limit: int) -> bytes | None:
        return self._source.read(f"{MAP}/{name}", limit)

    def names(self) -> Iterator[str]:
        inside = f"{MAP}/"
        return (name.removeprefix(inside) for name in self._source.names() if name.startswith(inside))


def read_map_checkpoint(source: Source) -> Raw:
    """The file, where there is one. Read it before the log's own checkpoint, never after."""
    try:
        return MapSource(source).read("checkpoint", note.LIMIT)
    except WhosawError as error:
        return error  # of its own step: without it the log is still one


def seems_ahead(raw: Raw, names: Sequence[str]) -> bool:
    """Whether files lie there that this checkpoint does not need yet. Believes it, for once: it is only about waiting."""
    try:
        size = Checkpoint.parse(parse_note(raw).text).size if isinstance(raw, bytes) else 0
    except (NotCanonical, BadInput):
        return False
    return bool(Listing.of(names, size, SINGLE).ahead)


def open_map_head(
    raw: bytes, genesis: Genesis, trust: TrustPolicy, now: datetime, said: Said, *, where: str, quorum: bool
) -> Head:
    """The head of the map log in the note `raw`, signed by all the keys that leaf 0 of the log fixes for it.

    Witnesses and quorum are those of the trust file; its keys are leaf 0's, and need not stand there.
    """
    derived = dataclasses.replace(trust, logs=tuple(TrustedLog(key) for key in genesis.map_keys))
    head = open_head(raw, derived, now, said, where, quorum=quorum)
    if missing := set(genesis.map_keys) - open_note(raw, genesis.map_keys, where).keys:
        raise ProofFailed(
            f"{where}: {len(missing)} of the {len(genesis.map_keys)} keys that the genesis leaf fixes did not sign it",
            step="map",
            theirs=raw,
            hint="a signature line was altered or removed",
        )
    return head


@dataclass(slots=True)
class ReadMap:
    """What the map log says. `claims` have strictly growing sizes; `files` and `old` count what was read."""

    head: Head
    claims: list[Claim] = field(default_factory=list)
    files: int = 0
    old: int = 0


def read_map(
    source: Source, head: Head, log_keys: Sequence[VerifierKey], listing: Listing | None, said: Said
) -> ReadMap:
    """Every leaf, tile and file of the map log under `head`. What is wrong becomes a failure, with its place."""
    inside = MapSource(source)
    made, reader = ReadMap(head), _Reader(log_keys)
    old = {} if listing is None else listing.old
    whole = Rebuild(inside, head.size, old, see=reader.see, frames=MAPS).run()
    made.claims, made.old = reader.claims, whole.old
    made.files = 0 if listing is None else len(listing.names)
    failures = [*whole.leaf_failures, *whole.tile_failures, *blame(inside, whole, head.root)]
    failures += old_failures(inside, whole, head.root)
    if listing is not None:
        failures += [Failure("unaccounted for: ahead of the checkpoint", n) for n in sorted(listing.ahead)]
        failures += [Failure("unaccounted for: no log has such a file", printable(n)) for n in sorted(listing.unknown)]
    said.failures += [Failure(one.sentence, f"{MAP}/{one.where}", one.hint) for one in failures]
    said.count("map_leaves", head.size)
    if not said.failures:
        said.say(
            f"{counted(head.size, 'leaf', 'leaves')}, {counted(whole.bundles + whole.tiles, 'file')} under its root: "
            "each leaf holds the root of an index and a head that the log signed, of growing sizes."
            if head.size
            else "It is empty: nothing was said of any index yet."
        )
    return made


class _Reader:
    """Makes claims of leaves, bundle by bundle."""

    def __init__(self, log_keys: Sequence[VerifierKey]) -> None:
        self._keys = log_keys
        self.claims: list[Claim] = []

    def see(self, bundle: Bundle, raw: bytes) -> Iterator[Failure]:
        for i, entry in enumerate(MAPS.entries(raw, bundle.width)):
            number = bundle.first + i
            place = f"{bundle.path}, {MAPS.place(i)}"
            try:
                leaf = MapLeaf.parse(entry)
                of = leaf.open(self._keys)
            except (NotCanonical, ProofFailed) as error:
                yield Failure(f"leaf {number} is no leaf of a map log: {error}", place)
                continue
            last = self.claims[-1].of.size if self.claims else 0
            if of.size <= last:
                yield Failure(
                    f"leaf {number} is of size {of.size:,} after one of size {last:,}: sizes must grow", place
                )
                continue
            self.claims.append(Claim(number, leaf.root, of))


def check_heads(claims: Sequence[Claim], head: Head, node: Node) -> Iterator[Failure]:
    """A failure for each claim about a head that is not one of this very log, up to `head`, whose tree is `node`."""
    for claim in claims:
        where = f"{MAP}, leaf {claim.number}"
        if claim.of.origin != head.origin:
            yield Failure("it is of another log than the checkpoint", where)
        elif claim.of.size <= head.size and root_at(node, claim.of.size) != claim.of.root:
            yield Failure(f"two histories: the log signed another root for size {claim.of.size:,}", where)
