# SPDX-License-Identifier: Apache-2.0
"""fsck: everything that a log consists of, held against everything else. It reads, and nothing more.

                    ┌──────────── head.db ─── signed by every key of the log ────────────┐
                    │ positions, idempotency rows      note, size            checkpoint ─┤ 5
      frames ───────┤ 6                                 │                                │
    1 every one     │ labels.db                         ▼ root                  genesis ─┘
      │             │                    tiles ◀── built again from bundles              3
      └─ opens ─────┴─── 2 every leaf ───────────────────┘
      └─ of a stream whose key makes its label  6 (with keys)         4 map log ── each root made again from labels

It works on the folder of a stopped journal, on one that a crash left, and beside a running one: then up to the head that
stood when it began. What a crash leaves is *untidy* and no damage: the next start clears it up.

Invariant: whole means that every byte of the log was read, but for what a check says that it left out.
"""

from __future__ import annotations

from whosaw.journal.fsck import frames, head, map_log, public
from whosaw.journal.fsck.erased import Tombs
from whosaw.journal.fsck.findings import Progress, Report, silent
from whosaw.journal.fsck.streams import Census
from whosaw.journal.heads import Signers
from whosaw.journal.ports import Stores, StreamKeys
from whosaw.journal.segment import AnyFrame
from whosaw.verify.witnessed import WITNESSED


def fsck(stores: Stores, signers: Signers, keys: StreamKeys | None = None, *, progress: Progress = silent) -> Report:
    """Check a whole log, with `keys` also that every label is of its stream. Takes no lock and changes nothing.

    Raises BadInput where there is no journal, Misconfigured for one of a newer version, Unavailable where it cannot be
    read. Everything else is in the report: damage makes its `exit` 3.
    """
    report = Report()
    # What follows on the log is read before it: it can be behind, and never ahead of what is pinned then.
    witnessed, map_witnessed = stores.public.read(WITNESSED), map_log.witnessed(stores)
    map_pinned = map_log.pin(stores, signers, report)
    pinned = head.pin(head.MAIN, stores.public, stores.head, signers.keys(), report)
    if pinned is None:
        for number in (1, 2, 3, 4, 6):
            report.skip(number, "there is no head to hold it against")
        return report
    report.size, report.published, report.head = pinned.head.size, pinned.shown.size, pinned.state.note
    census, tombs = Census(stores.labels, keys, report), Tombs(stores.manifest, report)

    def see(frame: AnyFrame, entry: bytes | None) -> None:
        census.see(frame, entry)
        tombs.see(frame)

    frames.check(stores, size=pinned.head.size, published=pinned.shown.size, report=report, see=see, progress=progress)
    frames.check_tail(stores, pinned.head.size, report)
    frames.check_cuts(stores.private, census.recorded, report)
    public.check(stores, pinned, report, progress)
    if map_pinned is not None:
        map_log.check(stores, signers.keys(), map_pinned, report, progress)
        map_log.check_witnessed(stores, signers, map_witnessed, map_pinned, report)
    head.check_genesis(stores, pinned.head.size, signers, report)
    head.check_witnessed(head.MAIN, witnessed, stores.public, pinned.shown, keys=signers.keys(), report=report)
    census.close(stores.head, pinned, tombs.close(pinned.head.size))
    return report
