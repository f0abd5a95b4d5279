# SPDX-License-Identifier: Apache-2.0
"""A mirror: another log's public files, kept in a folder of one's own, with a memory that no fork gets past.

    SOURCE ──verified, file by file──▶ FOLDER/public     served as it is; `whosaw verify` reads it as the log itself
                 └─ what is false ───▶ FOLDER/private/evidence/<digest>.json, and nothing is kept

A tile or bundle is written once it hashes to the signed root; a checkpoint once everything below it is there. So a mirror
that is broken off is whole at its older head, and goes on where it was.

Invariant: it never goes back, and never shows two histories.                  Specification: docs/spec/operator.md §3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from whosaw.errors import ProofFailed, Unavailable
from whosaw.journal.copies.copying import Copying
from whosaw.journal.heads import CHECKPOINT, MAP
from whosaw.journal.partials import Partials
from whosaw.journal.ports import Folder
from whosaw.journal.under import Under
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.evidence import evidence_of
from whosaw.verify.source import Source
from whosaw.verify.steps import FALSE
from whosaw.verify.witnessed import WITNESSED

EVIDENCE = "evidence"
_HEADS = frozenset(f"{below}{name}" for below in ("", f"{MAP}/") for name in (CHECKPOINT, WITNESSED))


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a mirror holds now, how many leaves are new, and how many files were written. `witnessed`: size, 0: none."""

    origin: str
    size: int
    grown: int
    files: int
    map_size: int
    witnessed: int
    sentences: tuple[str, ...]


def mirror(
    source: Source,
    public: Folder,
    private: Folder,
    trust: TrustPolicy,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str, int, int], None],
) -> Mirrored:
    """Bring the mirror in these folders up to what `source` serves.

    Raises ProofFailed where something is false: the evidence is kept then, and the mirror is as it was. Unavailable where
    nobody can tell, Busy, BadInput for a folder of another log, Contradiction for a file of the mirror that is damaged.
    """
    held = private.hold("lock")
    try:
        copying = Copying(source, trust, clock(), public)
        written = 0
        if copying.check():
            for files in copying.files(progress):
                written += _keep(public, files)
        _raise(copying, private)
        return _done(copying, public, written, clock)
    finally:
        held.release()


def _keep(public: Folder, files: list[tuple[str, bytes]]) -> int:
    """Write what is not there. Files that never change first: a checkpoint stands behind what it needs."""
    new = [(name, data) for name, data in files if public.read(name) != data]
    public.create_or_compare([(name, data) for name, data in new if name not in _HEADS])
    for name, data in new:
        if name in _HEADS:
            public.replace(name, data)
    return len(new)


def _raise(copying: Copying, private: Folder) -> None:
    steps = copying.steps
    if steps.sound:
        return
    report = steps.report("")
    if report.exit != FALSE:
        raise Unavailable(report.sentence, part=copying.source.place, hint="nothing false was found; try again later")
    raw = evidence_of(report)
    name = f"{EVIDENCE}/{sha256(raw).hexdigest()[:16]}.json"
    private.create_or_compare([(name, raw)])
    raise ProofFailed(
        report.sentence, step="mirror", hint=f"the mirror is as it was; the evidence is in private/{name} of its folder"
    )


def _done(copying: Copying, public: Folder, written: int, clock: Callable[[], datetime]) -> Mirrored:
    head, map_head, seen = copying.head, copying.map_head, copying.witnessed
    if head is None:
        raise Unavailable("no head was found", part=copying.source.place)
    logs = [(public, head.size), *([] if map_head is None else [(Under(public, MAP), map_head.size)])]
    for folder, size in logs:
        partials = Partials(folder, clock)
        while partials.collect(size):
            pass
    return Mirrored(
        origin=head.origin,
        size=head.size,
        grown=head.size - copying.had,
        files=written,
        map_size=0 if map_head is None else map_head.size,
        witnessed=0 if seen is None else seen.size,
        sentences=tuple(sentence for step in copying.steps.done for sentence in step.said.sentences),
    )
