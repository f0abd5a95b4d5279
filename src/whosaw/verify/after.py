# SPDX-License-Identifier: Apache-2.0
"""A successor, and the log before it: leaf 0 quotes the last head of a log that is closed, for good and in public.

    genesis ──after──▶ a note of the other log ──trust file──▶ its keys, its witnesses ──▶ "closed at size n"

Whoever holds a statement or a receipt of the old log checks it under the old keys, as before; here it is only said where
that log ended. A leaf of it beyond that size is of no log: nobody has promised to show it.

Invariant: the link is told as far as the trust file reaches. Keys that it does not list are nobody's, and the step then
says that it was not checked.                                             Specification: docs/spec/genesis.md
"""

from __future__ import annotations

from datetime import datetime

from whosaw.errors import ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.genesis import Genesis
from whosaw.verify.head import open_head
from whosaw.verify.steps import Said, Steps
from whosaw.verify.words import counted, printable

TITLE = "The log before it"


def check_after(made: Genesis, steps: Steps, *, trust: TrustPolicy, now: datetime) -> None:
    """The step, where leaf 0 quotes another log."""
    note = made.after
    if note is not None:
        steps.take(TITLE, lambda said: _check(made, note, said, trust=trust, now=now))


def _check(made: Genesis, note: bytes, said: Said, *, trust: TrustPolicy, now: datetime) -> None:
    where = "the head that leaf 0 quotes"
    said.keep("after", note)
    before = Checkpoint.parse(parse_note(note, where).text, where)
    name = printable(before.origin)
    if before.origin == made.origin:
        raise ProofFailed("it quotes a head of its own name: one name is one log", step="after", theirs=note)
    said.say(f"It goes on from {name}, which is closed at size {before.size:,}.")
    if not trust.keys_of(before.origin):
        said.leave_out(f"The trust file does not list {name}: whose head that is was not checked.")
        return
    head = open_head(note, trust, now, said, where, quorum=False)
    said.count("before", head.size)
    if not head.quorum:
        said.say(f"{counted(head.cosigned, 'trusted witness', 'trusted witnesses')} had seen that head: no quorum.")
