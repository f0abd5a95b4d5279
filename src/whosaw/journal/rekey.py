# SPDX-License-Identifier: Apache-2.0
"""A new key for a stream: whoever holds the old one reads in the public tiles no longer that something was recorded.

    head ─▶ rekeys so far ─▶ row with one more, durable ─▶ rekey, the old key's last record ─▶ places go on under the new key

The row comes first, so no leaf outlives the key to its label; the record decides. A row that is one ahead, because
something stopped in between, changes nothing: its stream goes on under the old key until the record is there.

Invariant: places say under which key a record stands, and only the sequencer gives them out. So records that were on their
way under the old key stand before the rekey or under the new key, and nowhere else.  Specification: docs/spec/leaf.md §5
"""

from __future__ import annotations

from collections.abc import Callable

from whosaw.journal.place import rekey_body, split
from whosaw.journal.ports import Head, StreamKeys
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Stream

CALLER = "journal"


def rekey(
    stream: Stream, keys: StreamKeys, head: Head, publish: Callable[[], bytes], submit: Callable[[Submission], Recorded]
) -> bool:
    """Give `stream` a new key, on record when it returns; False where nothing was ever recorded in it.

    Raises what `submit` raises, and BadInput where somebody else did so at the same moment; asking again is fine.
    """
    publish()  # the head knows places as of itself, and an earlier rekey may still be on its way
    handle = keys.of(stream).handle
    place = head.positions([handle]).get(handle, 0)
    if place == 0:
        return False
    rekeys = split(place)[0] + 1
    key = keys.rekey(stream, rekeys - 1)
    submit(Submission(CALLER, f"rekey-{handle.hex()}-{rekeys}", (Record(stream, rekey_body(key, rekeys)),)))
    return True
