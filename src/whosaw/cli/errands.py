# SPDX-License-Identifier: Apache-2.0
"""Every errand that a gate does for a command which found the folder open, and the thread that does them.

What is not here ends beside a gate with 6, busy: what holds the log for long (`erase`), writes much (`directory load`,
`vault import`), or waits for a network (`ticket check`), for which nobody who looks should wait.
"""

from __future__ import annotations

import os
from contextlib import closing

from whosaw.cli import (
    approval,
    approval_answer,
    caller,
    finding,
    nudge,
    passkey,
    quota,
    sample,
    suppression,
    suspend,
    ticket,
)
from whosaw.wiring import House
from whosaw.wishes.taking import Taking
from whosaw.wishes.wish import Wishes

ERRANDS = (
    approval.ASK, approval.LIST, approval.SHOW, approval_answer.GIVE, approval_answer.BRING, approval_answer.REFUSE,
    approval_answer.WITHDRAW, approval_answer.REVIEW, passkey.CHALLENGE, passkey.ADD, passkey.LIST, passkey.REMOVE,
    caller.CHANGE, suspend.SUSPEND, sample.DRAW, quota.SHOW, ticket.STATUS,
    *finding.ERRANDS, *nudge.ERRANDS, *suppression.ERRANDS,
)  # fmt: skip


def wishes(here: House) -> closing[Taking]:
    """What takes up wishes in an open house, until it is closed."""
    made = Wishes(here.engine, here.root.wishes, here.clock, os.urandom)
    return closing(Taking(made, {errand.name: errand.doer(here) for errand in ERRANDS}))
