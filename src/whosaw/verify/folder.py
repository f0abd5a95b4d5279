# SPDX-License-Identifier: Apache-2.0
"""A published log, verified whole: every leaf, every tile, every file, from the trust file down.

    1 checkpoint   signed by the log
      witnesses    enough of them have seen its beginning: a step of its own where there is something to check
    2 genesis      leaf 0, which fixes the keys that receipts and first labels are checked with
    3 saved head   what this verifier saw last time is the beginning of what it sees now
    4 map log      the log of the index under ``map/``, by the same steps: what it says of the index, size by size
    5 leaves       65 bytes, version 1, no label twice
    6 tiles        built again from the leaves, up to the root that was signed
    7 files        old partial tiles are beginnings of today's; a file that nothing accounts for is named
    8 index        built again from the leaves, at every size that the map log speaks of: the same roots

Later steps run also where an earlier one failed, as far as they can: who looks into it wants to know how much is hurt.
Only without a signed checkpoint there is nothing to hold anything against.

Invariant: "holds" means that every byte below was read, but for what a step says that it left out.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whosaw.errors import ProofFailed, Unavailable, WhosawError
from whosaw.tlog import note
from whosaw.tlog.merkle import Node
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.tile import Bundle, Tile
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify import genesis
from whosaw.verify.after import check_after
from whosaw.verify.blame import blame
from whosaw.verify.head import Head, open_head
from whosaw.verify.history import check_same_log
from whosaw.verify.leaves import Leaves, read_leaves
from whosaw.verify.listing import Listing, split
from whosaw.verify.map_log import (
    MAP,
    MapSource,
    ReadMap,
    check_heads,
    open_map_head,
    read_map,
    read_map_checkpoint,
    seems_ahead,
)
from whosaw.verify.map_log import SINGLE as MAP_SINGLE
from whosaw.verify.older import old_failures
from whosaw.verify.source import Source
from whosaw.verify.state import SavedHead
from whosaw.verify.steps import Failure, Report, Said, Steps
from whosaw.verify.tree import Rebuilt, read_tile, served_nodes
from whosaw.verify.witnessed import MAP_TITLE, WITNESSED, Raw, Which, check_witnessed, read_witnessed
from whosaw.verify.words import counted, moment, printable

SINGLE = frozenset({"checkpoint", "genesis", WITNESSED})
HEADS = ("genesis", WITNESSED, f"{MAP}/checkpoint")  # what a log without a checkpoint still has
KEPT = 8  # files copied into the evidence
TITLES = ("The genesis leaf", "The same log as before", "The log of the index", "Every leaf", "Every tile", "Every file",
          "The index is made of every leaf")  # fmt: skip


def _nothing(*_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Audit:
    """How to verify a folder. `saved` is what was seen before; `progress` counts leaves; `jobs`: processes at once.

    Of statements: `max_age` of the newest cosignature, and `keep`, which remembers a head and says so. `overseers`: the only
    keys that approve as an overseer's; None: whichever a record names.
    """

    trust: TrustPolicy
    now: datetime
    saved: Callable[[str], SavedHead | None] | None = None
    quick: bool = False
    progress: Callable[[int, int], None] = _nothing
    sleep: Callable[[float], None] = time.sleep
    jobs: int = 1
    max_age: timedelta | None = None
    keep: Callable[[Head], str] | None = None
    overseers: frozenset[VerifierKey] | None = None


@dataclass(slots=True)
class Audited:
    """What an audit established, for those who go on from it. None where it could not be established."""

    head: Head | None = None
    witnessed: Head | None = None
    raw_witnessed: Raw = None
    raw_map: Raw = None
    raw_map_witnessed: Raw = None
    genesis: genesis.Genesis | None = None
    map: ReadMap | None = None
    leaves: Leaves | None = None
    whole: Rebuilt | None = None
    listing: Listing | None = None
    map_names: Sequence[str] = ()
    unlisted: Unavailable | None = None  # why the list of files breaks off


def verify_folder(source: Source, audit: Audit) -> tuple[Steps, Audited]:
    """All steps. The caller adds its own and closes the report."""
    steps, found = Steps(), Audited()
    head = steps.take("The checkpoint is signed", lambda said: _checkpoint(source, audit, found, said))
    if head is None:
        for title in TITLES:
            steps.skip(title, "Without a signed checkpoint there is nothing to hold it against.")
        return steps, found
    found.head = head
    found.witnessed = check_witnessed(source, found.raw_witnessed, head, steps, trust=audit.trust, now=audit.now)
    node = served_nodes(source, head.size)
    if head.size:
        found.genesis = steps.take("The genesis leaf", lambda said: genesis.check_served(source, head, node, said))
    else:
        steps.skip("The genesis leaf", "The log is empty: there is no leaf 0 yet.")
    if found.genesis is not None:
        check_after(found.genesis, steps, trust=audit.trust, now=audit.now)
    _same_as_before(source, audit, head, steps)
    _map(source, audit, found, steps)
    if audit.quick:
        for title in TITLES[3:]:
            steps.skip(title, "Left out: --quick checks signatures and proofs only.")
    else:
        found.whole = steps.take("Every leaf", lambda said: _leaves(source, audit, head, found, said))
        _tiles(source, head, found.whole, steps)
        _files(source, head, found, steps)
        _index(head, node, found, steps)
    return steps, found


def close(steps: Steps, audit: Audit, source: Source, head: Head | None) -> Report:
    """The report on a folder that nothing else is asked of."""
    limits(steps, audit, source)
    if head is None:
        return steps.report("")
    counts: dict[str, int] = {}
    for step in steps.done[-5:]:
        counts |= step.said.counts
    witnessed = next((step.said.counts["witnessed"] for step in steps.done if "witnessed" in step.said.counts), None)
    if audit.quick:
        sentence = f"verified in part ({head.as_of}): signatures and proofs hold; leaves and tiles were not read"
    else:
        sentence = f"verified: {counted(head.size, 'leaf', 'leaves')} of {printable(head.origin)}, {head.as_of}"
        if "files" in counts:  # nothing was listed, over HTTP: how many were read is not how many lie there
            sentence += f"; {counted(counts['files'], 'file')} read"
    if witnessed is not None:
        sentence += f"; witnesses have seen size {witnessed:,}"
        counts = counts | {"witnessed": witnessed}
    return steps.report(sentence, origin=head.origin, size=head.size, signed_at=_text(head.signed_at), counts=counts)


def limits(steps: Steps, audit: Audit, source: Source) -> None:
    """What no check of published files can show, as far as it applies to this run."""
    add = steps.cannot_know.append
    add("whether every look was handed to the log: only what was recorded can be checked")
    add("what the records say, and about whom: leaves are blinded. A statement opens those of one person")
    if not audit.trust.witnesses:
        add("whether others were shown another log: the trust file names no witness")
    if audit.saved is None:
        add("whether this log changed since you last looked: nothing is remembered without --state FILE")
    if not source.listed:
        add("which other files lie there: HTTP lists nothing, so old partial tiles were not checked")
    add("whether a newer checkpoint exists: this is the one that was found here")


# Step 1


def _checkpoint(source: Source, audit: Audit, found: Audited, said: Said) -> Head:
    # The list is made before the checkpoint is read, never after: a log that grows while we look writes its tiles
    # first, and a list made later would hold files that this checkpoint knows nothing of.
    names, found.map_names = split(_names(source, found) if source.listed and not audit.quick else (), MAP)
    waits = iter((0.25, 1.0, 2.0))
    while True:
        found.raw_map_witnessed, found.raw_map = read_witnessed(MapSource(source)), read_map_checkpoint(source)
        found.raw_witnessed = read_witnessed(source)
        raw = source.read("checkpoint", note.LIMIT)
        if raw is None:
            raise missing_checkpoint(source)
        said.keep("checkpoint", raw)
        said.sentences.clear()
        head = open_head(raw, audit.trust, audit.now, said, quorum=False)
        found.listing = Listing.of(names, head.size, SINGLE if head.size else SINGLE - {"genesis"})
        # Tiles are published a moment before the checkpoint that needs them. Give it that moment.
        ahead = found.listing.ahead or seems_ahead(found.raw_map, found.map_names)
        if not ahead or (wait := next(waits, None)) is None:
            return head
        audit.sleep(wait)


def _names(source: Source, found: Audited) -> list[str]:
    """The files that lie there, as far as they can be listed. Where that ends early it is the files' step that says so."""
    names = []
    try:
        for name in source.names():
            names.append(name)  # noqa: PERF402 - what was listed before the error counts
    except Unavailable as error:
        found.unlisted = error
    return names


def missing_checkpoint(source: Source) -> WhosawError:
    """There is no checkpoint. In a folder with other heads of a log that is false; elsewhere it may be the wrong place."""
    hint = "give the published folder: the one that holds `checkpoint`"
    if source.listed and any(source.read(name, note.LIMIT) is not None for name in HEADS):
        return ProofFailed("checkpoint: is missing", hint=hint)
    if source.listed:
        return Unavailable("no published log lies here: there is no checkpoint", part=source.place, hint=hint)
    return Unavailable(f"{source.place} has no checkpoint", part=source.place, hint="is it the address of the log?")


# Step 3


def _same_as_before(source: Source, audit: Audit, head: Head, steps: Steps) -> None:
    title = "The same log as before"
    if audit.saved is None:
        steps.skip(title, "No memory of an earlier run: give --state FILE to keep one.")
        return
    saved = audit.saved(head.origin)
    if saved is None:
        steps.skip(title, "This is the first time that this log is seen with this state file.")
        return

    def check(said: Said) -> None:
        old = open_head(saved.note, audit.trust, audit.now, Said(), "saved checkpoint", quorum=False)
        check_same_log(source, old, head, f"saved on {moment(saved.at)}", said)

    steps.take(title, check)


# Step 4


def _map(source: Source, audit: Audit, found: Audited, steps: Steps) -> None:
    made = found.genesis
    if made is None:
        steps.skip(TITLES[2], "Without the genesis leaf nobody knows its keys.")
        return
    found.map = steps.take(TITLES[2], lambda said: _read_map(source, audit, made, found, said))
    if found.map is None:
        return

    def opens(raw: bytes, said: Said, where: str, quorum: bool) -> Head:
        return open_map_head(raw, made, audit.trust, audit.now, said, where=where, quorum=quorum)

    check_witnessed(
        MapSource(source), found.raw_map_witnessed, found.map.head, steps,
        trust=audit.trust, now=audit.now, which=Which(MAP_TITLE, f"{MAP}/", opens),
    )  # fmt: skip


def _read_map(source: Source, audit: Audit, made: genesis.Genesis, found: Audited, said: Said) -> ReadMap:
    raw, where = found.raw_map, f"{MAP}/checkpoint"
    if isinstance(raw, WhosawError):
        raise raw
    if raw is None:
        raise ProofFailed(f"{where}: is missing: nobody can check that a statement is complete", step="map")
    said.keep("map-checkpoint", raw)
    head = open_map_head(raw, made, audit.trust, audit.now, said, where=where, quorum=False)
    saved = None if audit.saved is None else audit.saved(head.origin)
    if saved is not None:
        old = open_map_head(
            saved.note, made, audit.trust, audit.now, Said(), where="saved checkpoint of the map log", quorum=False
        )
        check_same_log(MapSource(source), old, head, f"of the map log saved on {moment(saved.at)}", said)
    if audit.quick:
        return ReadMap(head)
    listed = Listing.of(found.map_names, head.size, MAP_SINGLE) if source.listed else None
    return read_map(source, head, made.log_keys, listed, said)


# Steps 5 to 8


def _leaves(source: Source, audit: Audit, head: Head, found: Audited, said: Said) -> Rebuilt:
    old: Mapping[tuple[int, int], Sequence[Tile | Bundle]] = found.listing.old if found.listing else {}
    claims = () if found.map is None else found.map.claims
    found.leaves = leaves = read_leaves(source, head.size, claims, old, jobs=audit.jobs, progress=audit.progress)
    whole = leaves.whole
    said.count("leaves", head.size)
    said.count("bundles", whole.bundles)
    said.failures += whole.leaf_failures
    said.failures += leaves.shared_labels()
    said.say(
        f"{counted(head.size, 'leaf', 'leaves')} in {counted(whole.bundles, 'bundle')}: each has 65 bytes and "
        "version 1, and no label stands twice."
        if not said.failures
        else f"{counted(head.size, 'leaf', 'leaves')} were looked for."
    )
    return whole


def _tiles(source: Source, head: Head, whole: Rebuilt | None, steps: Steps) -> None:
    if whole is None:
        steps.skip("Every tile", "The leaves could not all be read.")
        return

    def check(said: Said) -> None:
        said.count("tiles", whole.tiles)
        said.failures += whole.tile_failures
        said.failures += blame(source, whole, head.root)
        for tile in whole.torn[:KEPT]:
            for what in (tile, *((Bundle(tile.index, tile.width),) if tile.level == 0 else ())):
                said.keep(what.path, read_tile(source, what) or b"")
        if not said.failures:
            said.say(
                f"{counted(whole.tiles, 'tile')} built again from the leaves: the same bytes, "
                "and the root is the one that was signed."
            )

    steps.take("Every tile, up to the root", check)


def _files(source: Source, head: Head, found: Audited, steps: Steps) -> None:
    whole, listing = found.whole, found.listing
    if whole is None:
        steps.skip("Every file", "The leaves could not all be read.")
        return
    if listing is None or not (listing.names or found.unlisted):
        steps.skip("Every file", "Files cannot be listed over HTTP: only those that the checkpoint promises were read.")
        return

    def check(said: Said) -> None:
        beside = found.map.files if found.map is not None else 0
        old = whole.old + (found.map.old if found.map is not None else 0)
        said.count("files", len(listing.names) + beside)
        said.count("old", old)
        said.failures += old_failures(source, whole, head.root)
        said.failures += [Failure("unaccounted for: ahead of the checkpoint", n) for n in sorted(listing.ahead)]
        said.failures += [
            Failure("unaccounted for: no log has such a file", printable(n)) for n in sorted(listing.unknown)
        ]
        if found.unlisted is not None:
            raise found.unlisted
        if whole.given_up:
            said.leave_out("The log is not there up to its checkpoint: not all files that lie here were read.")
            return
        if not said.failures:
            said.say(f"{counted(len(listing.names) + beside, 'file')} lie there, and each was read.")
        if old and not said.failures:
            said.say(f"{counted(old, 'older partial file')}: each is the beginning of what stands in its place today.")

    steps.take("Every file is accounted for", check)


def _index(head: Head, node: Node, found: Audited, steps: Steps) -> None:
    said_of, leaves, whole = found.map, found.leaves, found.whole
    if said_of is None or leaves is None or whole is None:
        steps.skip(TITLES[-1], "Without the log of the index, or without the leaves, there is nothing to compare.")
        return
    if whole.root != head.root or whole.torn or whole.leaf_failures or whole.tile_failures:
        # What is altered here would make an honest index look false.
        steps.skip(TITLES[-1], "Leaves or tiles are not as they were signed, so they show nothing about an index.")
        return

    def check(said: Said) -> None:
        said.failures += check_heads(said_of.claims, head, node)
        said.failures += [
            Failure(
                f"it says another index for size {claim.of.size:,} than the leaves make", f"{MAP}, leaf {claim.number}"
            )
            for claim in leaves.wrong
        ]
        newest = said_of.claims[-1] if said_of.claims else None
        if newest is not None and newest.of.size > head.size:
            # Two files that are replaced one after the other, by way of caches: it may be so for a moment.
            said.unclear(
                f"the log signed size {newest.of.size:,}, and the checkpoint found here has {head.size:,}",
                f"{MAP}, leaf {newest.number}", "try again in a minute; if it stays so, the log is not shown whole",
            )  # fmt: skip
        if said.failures or said.unclear_about:
            return
        size = said_of.claims[-1].of.size if said_of.claims else 0
        said.count("index", size)
        said.count("indexes", len(leaves.held))
        if not leaves.held:
            said.say("The map log is empty: no statement can have been made yet.")
            return
        said.say(
            f"{counted(len(leaves.held), 'index', 'indexes')} built again from the leaves: the roots that were signed, "
            f"the newest for size {size:,}."
        )
        if size < head.size:
            said.say(f"{counted(head.size - size, 'leaf', 'leaves')} since then are in no index yet.")

    steps.take(TITLES[-1], check)


def _text(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
