# SPDX-License-Identifier: Apache-2.0
"""Check 1, its last part: what is erased was erased on record, exactly that, and nothing on record was left lying.

    erased frame ──cites──▶ tombstone, a record of kind `erasure`: how many, and the digest of their indexes
    table `erasing`         an erasure that goes on: some of its frames are erased already, and some are not yet

Beside a running journal an erasure may begin, go on or end while we walk. Of frames that it is at, either state is right.

Invariant: an erased frame that no record accounts for is damage: somebody removed a record.
                                                                              Specification: docs/spec/erasure.md §5
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict

from whosaw.errors import NotCanonical
from whosaw.journal.fsck.findings import Fault, Report
from whosaw.journal.ports import Erasing, Manifest
from whosaw.journal.segment import AnyFrame, Erased
from whosaw.model.record import Kind, parse

_SAYS_SO = b'"kind":"erasure"'


class Tombs:
    """Erased frames and tombstones, seen one by one; `close` holds them against each other."""

    __slots__ = ("_before", "_erased", "_manifest", "_report", "_stones")

    def __init__(self, manifest: Manifest, report: Report) -> None:
        self._manifest, self._report = manifest, report
        self._before = {job.first for job in manifest.erasing() if job.done}
        self._erased: defaultdict[int, list[int]] = defaultdict(list)
        self._stones: dict[int, tuple[object, object]] = {}

    def see(self, frame: AnyFrame) -> None:
        """Take the next frame."""
        if isinstance(frame, Erased):
            self._erased[frame.tombstone].append(frame.index)
        elif _SAYS_SO in frame.body:
            try:
                body = parse(frame.body)
            except NotCanonical:
                return  # check 2 says so
            if body["kind"] == Kind.ERASURE:
                self._stones[frame.index] = body.get("count"), body.get("frames")

    def close(self, size: int) -> frozenset[int]:
        """Hold all against each other. Returns the indexes that an erasure was at while we looked."""
        jobs = self._manifest.erasing()
        going_on = {_said(job): job for job in jobs if job.first not in self._before}
        for tombstone, indexes in self._erased.items():
            self._tomb(tombstone, indexes, going_on, size)
        for tombstone, said in self._stones.items():
            if tombstone not in self._erased and said not in going_on:
                self._report.find(Fault.ERASED, f"index {tombstone}", "what it says was erased is still there")
        for job in jobs:
            if not job.done:
                self._report.untidy(
                    Fault.ERASED, "head.db", f"an erasure of {len(job.indexes)} records is not finished"
                )
        return frozenset(index for job in going_on.values() for index in job.indexes)

    def _tomb(
        self, tombstone: int, indexes: list[int], going_on: dict[tuple[object, object], Erasing], size: int
    ) -> None:
        where = f"index {indexes[0]}"
        job = next((job for job in going_on.values() if job.tombstone == tombstone), None)
        stone = self._stones.get(tombstone)
        if stone is None and not (job is not None and tombstone >= size):
            self._report.find(Fault.ERASED, where, f"it was erased, and no erasure is on record at index {tombstone}")
        elif job is not None:
            if not set(indexes) <= set(job.indexes) or (stone is not None and stone != _said(job)):
                self._report.find(Fault.ERASED, where, f"erased is not what was to be erased by index {tombstone}")
        elif stone != _said(Erasing(tuple(indexes))):
            self._report.find(
                Fault.ERASED, where, f"the {len(indexes)} records erased are not those that index {tombstone} says"
            )


def _said(job: Erasing) -> tuple[object, object]:
    """What the tombstone of `job` says: how many, and their digest."""
    return len(job.indexes), b64encode(job.digest).decode()
