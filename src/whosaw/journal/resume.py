# SPDX-License-Identifier: Apache-2.0
"""Steps 8 and 9 of a commit that a crash cut short, taken up by a start. The same for both logs.

    checkpoint = head                      nothing to do
    checkpoint older than the head         staging, or what makes it again ──apply, publish──▶ checkpoint = head
    checkpoint newer, or of another root   somebody else signed with our keys, or the head is an old copy: ``standing``

Invariant: what is published was held against the head's root before it is shown. Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

import logging

from whosaw.journal.edge import Edge
from whosaw.journal.ports import Labels
from whosaw.journal.publish import apply, publish
from whosaw.journal.standing import Standing, edge_of

_log = logging.getLogger(__name__)


def bring_up(stood: Standing, labels: Labels | None) -> Edge:
    """Make the checkpoint the head's, with everything below it there before. The right edge as it is read back."""
    if stood.staged is None:
        return edge_of(stood.public, stood.signed)
    _log.info("checkpoint: bringing it to size %d", stood.signed.size)
    if stood.signed.size:
        apply(stood.public, labels, stood.staged)
    edge = edge_of(stood.public, stood.signed)
    publish(stood.public, stood.state)
    return edge
