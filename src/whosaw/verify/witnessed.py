# SPDX-License-Identifier: Apache-2.0
"""What witnesses have seen of a log: ``checkpoint.witnessed``, held against the checkpoint beside it.

    checkpoint              signed by the log; newer, most of the time, than what witnesses have seen
    checkpoint.witnessed    the same log's, with enough cosignatures; the beginning of the other one

A log goes on while its witnesses are asked, so the two differ by design. What must hold: the quorum of the trust file is
met by one of the two, and they are one history. Leaves behind the witnessed size are signed by the log alone.

The log of the index has a file of its own, ``map/checkpoint.witnessed``, and the same is asked of it.

Where no witness of the trust file cosigned, only that it is one history is checked, and the step is "not checked": anybody
can write cosignatures of keys that nobody knows.

Invariant: with a quorum in the trust file, a log that no quorum has seen never verifies; without a verified cosignature
nothing here says that witnesses have seen anything.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from whosaw.errors import ProofFailed, WhosawError
from whosaw.tlog.note import LIMIT
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.head import Head, no_quorum, open_head
from whosaw.verify.history import check_same_log
from whosaw.verify.source import Source
from whosaw.verify.steps import Said, Steps
from whosaw.verify.words import counted, moment

WITNESSED = "checkpoint.witnessed"
TITLE = "Witnesses have seen it"
MAP_TITLE = "Witnesses have seen the log of the index"
OLD = timedelta(hours=24)


Raw = bytes | WhosawError | None
"""The file as found; why it could not be read; None where there is none."""


def read_witnessed(source: Source) -> Raw:
    """The file, where there is one. Read it before the checkpoint, never after: it is never ahead of that."""
    try:
        return source.read(WITNESSED, LIMIT)
    except WhosawError as error:
        return error  # of its own step: without it the checkpoint is still one


Opens = Callable[[bytes, Said, str, bool], Head]
"""``opens(raw, said, where, quorum)``: the head in a note of this log. Raises NotCanonical, ProofFailed."""


@dataclass(frozen=True, slots=True)
class Which:
    """One of the two logs: what its step is called, what stands before its files' names, how its heads are opened."""

    title: str
    folder: str
    opens: Opens


def check_witnessed(
    source: Source, raw: Raw, head: Head, steps: Steps, *, trust: TrustPolicy, now: datetime, which: Which | None = None
) -> Head | None:
    """The step, where the file is there or the trust file asks for more than the checkpoint has; its head, if it holds.

    `which`: the log of the index, whose files `source` reads then; the log itself without it.
    """
    if raw is None and head.quorum:
        return None
    log = which or Which(TITLE, "", lambda *a: open_head(a[0], trust, now, a[1], a[2], quorum=a[3]))
    return steps.take(log.title, lambda said: _check(source, raw, head, said, trust=trust, now=now, log=log))


def _check(source: Source, raw: Raw, head: Head, said: Said, *, trust: TrustPolicy, now: datetime, log: Which) -> Head:
    where = f"{log.folder}{WITNESSED}"
    if isinstance(raw, WhosawError):
        raise raw
    if raw is None:
        raise no_quorum(f"{log.folder}checkpoint", head.cosigned, trust, head.note)
    said.keep(where.replace("/", "-"), raw)
    # A checkpoint that has the quorum itself, as other people's logs serve it, needs no second one that has it too.
    seen = log.opens(raw, said, where, not head.quorum)
    if seen.origin != head.origin:
        raise ProofFailed(f"{where} is of another log than the checkpoint", step="origin")
    check_same_log(source, seen, head, "that witnesses have seen", said)
    if not seen.cosigned and not head.cosigned:
        said.leave_out(
            "No witness of the trust file cosigned: nobody else's word was checked."
            if trust.witnesses
            else "The trust file names no witness: nobody else's word was checked."
        )
        return seen
    said.count("map_witnessed" if log.folder else "witnessed", seen.size)
    if behind := head.size - seen.size:
        said.say(f"{counted(behind, 'leaf', 'leaves')} behind it: signed by the log alone so far.")
    if seen.signed_at is not None and now - seen.signed_at > OLD:
        said.say(
            f"The newest signature on it is of {moment(seen.signed_at)}, more than 24 hours ago: "
            "what witnesses have seen since is not shown here."
        )
    return seen
