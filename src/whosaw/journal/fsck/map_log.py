# SPDX-License-Identifier: Apache-2.0
"""Check 4: the map log, file by file, and every index that it ever signed, made again.

    bundles ──▶ leaves ──▶ every tile, up to the root of its checkpoint
                  └─ each: a head of the log, larger than the one before ──▶ its own root under the log's tiles
                                                                        └──▶ the index moved to its size: this root

A leaf cannot be made again from the log alone, since which sizes it has was a choice. So what its head needs beyond its
checkpoint stands in staging, or it is lost.

Invariant: it reads, and nothing more.                                            Specification: docs/spec/index.md §3
"""

from __future__ import annotations

from collections.abc import Sequence

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.journal.fsck.files import Files
from whosaw.journal.fsck.findings import Fault, Progress, Report
from whosaw.journal.fsck.head import Log, Pinned
from whosaw.journal.fsck.head import check_witnessed as check_log_witnessed
from whosaw.journal.fsck.head import pin as pin_log
from whosaw.journal.heads import MAP, MAP_DB, Signers
from whosaw.journal.index import Index
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.published import nodes
from whosaw.journal.staging import FOLDER as STAGING
from whosaw.journal.staging import Staged, staged_name
from whosaw.journal.under import Under
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import root_at
from whosaw.tlog.note import VerifierKey
from whosaw.verify.witnessed import WITNESSED
from whosaw.verify.words import printable

LOG = Log(MAP_DB, f"{MAP}/", 0)
_STAGING = f"{MAP}/{STAGING}"


def pin(stores: Stores, signers: Signers, report: Report) -> Pinned | None:
    """The head of the map log as it stands now. Before that of the log: what a leaf is of, is below that then."""
    return pin_log(LOG, Under(stores.public, MAP), stores.map_head, signers.map_keys(), report)


def witnessed(stores: Stores) -> bytes | None:
    """What is shown as seen by witnesses. Before `pin`: it can be behind that head, and never ahead of it."""
    return Under(stores.public, MAP).read(WITNESSED)


def check_witnessed(stores: Stores, signers: Signers, raw: bytes | None, pinned: Pinned, report: Report) -> None:
    """`raw`, as `witnessed` found it."""
    public = Under(stores.public, MAP)
    check_log_witnessed(LOG, raw, public, pinned.shown, keys=signers.map_keys(), report=report)


def check(stores: Stores, keys: Sequence[VerifierKey], pinned: Pinned, report: Report, progress: Progress) -> None:
    """The whole map log. `keys`: of the log itself, whose files check 3 looks at."""
    private = Under(stores.private, MAP)
    files = Files(LOG, Under(stores.public, MAP), pinned, report, _due(private, pinned, report))
    entries: list[bytes] = []
    files.check(lambda _, entry: entries.append(entry), lambda *_: None)
    with report.holding(Fault.MAP, MAP):
        if entries:
            _roots(stores, keys, entries, report, progress)
    for name in private.names(STAGING):
        _staged(private, name, report)


def _due(private: Folder, pinned: Pinned, report: Report) -> dict[str, bytes]:
    """What the head needs beyond its checkpoint."""
    if pinned.shown.size == pinned.head.size:
        return {}
    name = staged_name(pinned.head.size, pinned.head.root)
    try:
        return dict(Staged.parse(private.read(name) or b"", name).files)
    except NotCanonical:
        report.find(Fault.MAP, _STAGING, "what its head needs is neither published nor staged")
        return {}


def _roots(
    stores: Stores, keys: Sequence[VerifierKey], entries: Sequence[bytes], report: Report, progress: Progress
) -> None:
    """Every leaf: of a head of this log, and the index of exactly that."""
    size, covered = report.published, stores.labels.size()
    node, index, last = nodes(stores.public, size), Index(stores.public, stores.labels), 0
    for n, entry in enumerate(entries):
        where = f"{MAP}, leaf {n}"
        try:
            leaf = MapLeaf.parse(entry, where)
            of = leaf.open(keys, where)
        except (NotCanonical, ProofFailed) as error:
            report.find(Fault.MAP, where, f"it is none: {error}")
            continue
        if not last < of.size <= size:
            report.find(Fault.MAP, where, f"it is of size {of.size}, after {last}, in a log of {size}")
        elif root_at(node, of.size) != of.root:
            report.find(Fault.MAP, where, f"it is of another history: size {of.size} has another root")
        else:
            last = of.size
            if last > covered:
                report.skip(4, f"the label table covers {covered} leaves: no larger index was made again")
                continue
            index.move(last)
            if index.root() != leaf.root:
                report.find(Fault.MAP, where, f"the labels below {last} make another index")
            progress("index", last, size)


def _staged(private: Folder, name: str, report: Report) -> None:
    """What is staged is a choice that was made, so half of it is damage: a start would have to choose again."""
    where = f"{MAP}/{printable(name)}"
    try:
        Staged.parse(private.read(name) or b"", name)
    except NotCanonical as error:
        report.find(Fault.MAP, where, str(error))
    else:
        report.untidy(Fault.MAP, where, "it was not removed yet")
