# SPDX-License-Identifier: Apache-2.0
"""A signed checkpoint, opened under a trust file: from here on, and only from here on, there is a root to believe.

    trust file ──▶ keys of this origin ──▶ signature ──▶ checkpoint ──▶ size, root
                   witnesses, quorum   ──▶ enough verified cosignatures

Invariant: nobody makes a ``Head`` but ``open_head``, and only when a trusted key of the log has signed. A proof against a
root that nobody signed proves nothing. The quorum must be met too, unless the caller looks for it in another file.
                                                                          Specification: docs/spec/checkpoint.md §2
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from whosaw.errors import ProofFailed
from whosaw.tlog import note
from whosaw.tlog.trust import TrustedHead, TrustPolicy
from whosaw.verify.steps import Said
from whosaw.verify.words import counted, moment, printable

KINDS = {note.ED25519: "Ed25519", note.COSIGNATURE: "Ed25519 cosignature", note.MLDSA44: "ML-DSA-44"}
_LAST_SECOND = 253402300799  # of the year 9999, where datetime ends


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint that its log signed and enough witnesses saw. `note` is the file as found.

    `signed_at` is the newest time that a verified signature states: a witness's, or else the log's own. None where
    none states one. `cosigned`: by how many trusted witnesses; `quorum`: whether those are enough.
    """

    origin: str
    size: int
    root: bytes
    note: bytes = field(repr=False)
    signed_at: datetime | None
    cosigned: int = 0
    quorum: bool = True

    @property
    def as_of(self) -> str:
        """`as of 2026-11-22 10:15:30 UTC, size 600`."""
        when = f"as of {moment(self.signed_at)}" if self.signed_at else "at a time that no signature states"
        return f"{when}, size {self.size:,}"


def open_head(
    raw: bytes, trust: TrustPolicy, now: datetime, said: Said, where: str = "checkpoint", *, quorum: bool = True
) -> Head:
    """The head in the signed note `raw`. Raises NotCanonical or ProofFailed; says what was checked.

    `quorum`: demand it. Without it the caller must see to it that the quorum is met elsewhere.
    """
    try:
        opened = trust.open(raw, int(now.timestamp()), where)
    except ProofFailed as error:
        hint = error.hint or "is this the trust file of this log?"
        listed = f"; it lists {', '.join(map(printable, trust.origins[:3]))}" if error.step == "origin" else ""
        raise ProofFailed(f"{where}: {error}{listed}", step=error.step, theirs=raw, hint=hint) from None
    checkpoint = opened.checkpoint
    kinds = " and ".join(KINDS[key.kind] for key in trust.keys_of(checkpoint.origin) if key in opened.opened.keys)
    said.say(f"{printable(checkpoint.origin)} signed size {checkpoint.size:,} ({kinds}).")
    if opened.opened.unknown:
        lines = counted(opened.opened.unknown, "more signature line")
        said.say(f"{lines} of keys that the trust file does not list: not checked, and worth nothing here.")
    had, of = len(opened.witnesses), len(trust.witnesses)
    if quorum and not opened.quorum:
        raise no_quorum(where, had, trust, opened.opened.note())
    if opened.quorum and of:
        said.say(f"{had} of {_witnesses(of)} cosigned; the quorum is met.")
    at = _time(opened)
    if at is not None:
        said.say(f"Signed at {moment(at)}.")
        if at > now:
            said.say("That is ahead of this computer's clock: one of the two is wrong.")
    return Head(checkpoint.origin, checkpoint.size, checkpoint.root, raw, at, had, opened.quorum)


def no_quorum(where: str, had: int, trust: TrustPolicy, note: bytes) -> ProofFailed:
    """Not enough of the trusted witnesses cosigned."""
    of = _witnesses(len(trust.witnesses))
    return ProofFailed(f"{where}: no quorum: {had} of {of} cosigned", step="quorum", theirs=note)


def _witnesses(count: int) -> str:
    return counted(count, "trusted witness", "trusted witnesses")


def _time(opened: TrustedHead) -> datetime | None:
    own = max(opened.opened.times.values(), default=None)
    at = own if opened.newest is None else opened.newest
    return datetime.fromtimestamp(at, UTC) if at is not None and 0 < at <= _LAST_SECOND else None
