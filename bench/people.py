# SPDX-License-Identifier: Apache-2.0
"""Rows of a key table for people whose labels nobody proves: a proof takes milliseconds, and no figure here is of it."""

import os
from collections.abc import Iterable, Iterator

from whosaw.model.record import Stream
from whosaw.privacy.data_key import DataKey, wrap
from whosaw.privacy.epochs import Epochs
from whosaw.privacy.keyring import KeyRow
from whosaw.privacy.pseudonym import lookup
from whosaw.privacy.root import Root


def key_rows(root: Root, epochs: Epochs, streams: Iterable[Stream]) -> Iterator[KeyRow]:
    """A row as the keyring makes it for each stream, but for its label, which is noise."""
    epoch = epochs.newest()
    under = epochs.key(epoch)
    for stream in streams:
        k, handle, label_0 = os.urandom(32), os.urandom(16), os.urandom(32)
        wrapped = wrap(under, k, handle, generation=0, epoch=epoch, random=os.urandom)
        sealed_id = DataKey(k, handle, 0, 0, label_0).seal_id(stream.kind, stream.id, os.urandom)
        yield KeyRow(lookup(root.lookup, stream), handle, 0, 0, epoch, wrapped, label_0, sealed_id)
