# SPDX-License-Identifier: Apache-2.0
"""The published log as one parcel, as of one head, with all that it takes to verify it where there is no network.

    public/…      every file that the head needs, and no older partial       trust         whose signatures count
    README.txt    what it is, and what to type

Each file is checked on its way from the root down (``journal.copies.copying``), so a parcel that comes into being is whole.

Invariant: what is handed out is public. Nothing comes from `private`.          Specification: docs/spec/operator.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whosaw.errors import NotCanonical, ProofFailed, Unavailable
from whosaw.journal.copies.copying import Copying
from whosaw.journal.ports import Folder
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.head import Head
from whosaw.verify.steps import FALSE


class Parcel(Protocol):
    """Where files go, once each."""

    def put(self, name: str, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """``verify.source.Source`` over our own published folder, wherever that lies."""

    folder: Folder
    place: str = "public"
    listed: bool = True

    def read(self, name: str, limit: int) -> bytes | None:
        raw = self.folder.read(name)
        if raw is not None and len(raw) > limit:
            raise NotCanonical(f"longer than {limit:,} bytes", where=name)
        return raw

    def names(self) -> Iterator[str]:
        return self.folder.names()


@dataclass(frozen=True, slots=True)
class Packed:
    """What went into the parcel."""

    origin: str
    size: int
    files: int
    octets: int


def pack(
    public: Folder, trust: bytes, parcel: Parcel, *, now: datetime, progress: Callable[[str, int, int], None]
) -> Packed:
    """Fill `parcel`. Raises ProofFailed, naming the first file that is not what was signed, Unavailable."""
    copying = Copying(Published(public), TrustPolicy.parse(trust, "trust"), now)
    count = octets = 0
    if copying.check():
        for files in copying.files(progress):
            for name, data in files:
                parcel.put(f"public/{name}", data)
                count, octets = count + 1, octets + len(data)
    head = copying.head
    if head is None or not copying.steps.sound:
        report = copying.steps.report("")
        if report.exit == FALSE:
            raise ProofFailed(report.sentence, step="export", hint="whosaw journal fsck says more")
        raise Unavailable(report.sentence, part="public")
    parcel.put("trust", trust)
    parcel.put("README.txt", _readme(head).encode())
    return Packed(head.origin, head.size, count + 2, octets)


def _readme(head: Head) -> str:
    return f"""The transparency log {head.origin}, {head.as_of}.

public/   the log: checkpoints, leaves, tiles, and the log of its index. Nothing in it is about anybody.
trust     whose signatures count. Compare its keys with the organisation over another channel before you rely on it.

Verify it, without a network and without an account:

    pip install whosaw
    whosaw verify public --trust trust --state heads.json

Keep heads.json: with it the next copy that you get must begin with this one, or both are evidence.
"""
