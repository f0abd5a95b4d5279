# SPDX-License-Identifier: Apache-2.0
"""A witness says that another history of us exists. Does it?

    AHEAD, CONTRADICTS ──▶ its monitoring head ──▶ compare ──FORK──▶ both checkpoints kept, the log stops
                                                          ├─UNSIGNED▶ what was said is kept, alarm
                                                          └─KNOWN───▶ the same: it claims what it does not show

Invariant: evidence is kept before anything is stopped, and a fork stops the log also where it cannot be kept.
"""

from __future__ import annotations

import logging

from whosaw.errors import WhosawError
from whosaw.witness.client import Client, Reply, Says
from whosaw.witness.fork import Found, compare, evidence_of_claim, evidence_of_fork
from whosaw.witness.ports import Keep, Log

_log = logging.getLogger(__name__)


def look_into(name: str, client: Client, reply: Reply, log: Log, keep: Keep) -> str:
    """Find out what is behind `reply`, which is AHEAD or CONTRADICTS; returns what is known then, as a sentence."""
    # What it shows is fetched first, and only then what we have now: a head of ours that came meanwhile is no fork.
    shown = client.shown(log.ours().head.checkpoint.origin)
    ours = log.ours()
    if shown.says is not Says.SHOWN:
        return f"{reply.sentence}; {shown.sentence}{_kept(keep, 'claim', evidence_of_claim(name, reply, b''))}"
    found = compare(shown.note, ours)
    if found.found is not Found.FORK:
        return f"{reply.sentence}; {found.sentence}{_kept(keep, 'claim', evidence_of_claim(name, reply, shown.note))}"
    kept = _kept(keep, "fork", evidence_of_fork(name, found, shown.note, ours.head))
    sentence = f"{found.sentence}{kept}"
    log.stop(f"witness {name}: {sentence}")
    return sentence


def _kept(keep: Keep, kind: str, raw: bytes) -> str:
    try:
        return f" (kept in {keep.evidence(kind, raw)})"
    except WhosawError as error:
        _log.error("evidence could not be kept: %s", error)
        return " (and it could not be kept)"
