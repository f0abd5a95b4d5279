# SPDX-License-Identifier: Apache-2.0
"""Leaves as their frames make them, for whoever builds tiles again from segments.

An erased frame makes no leaf: label and commitment went with it. Its leaf is in the published bundle, which stood there
before anything was erased; whoever uses it holds the root made of it against a signed one.
"""

from __future__ import annotations

from collections.abc import Iterator

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.ahead import frames_of
from whosaw.journal.ports import Stores
from whosaw.journal.published import reading
from whosaw.journal.segment import Erased
from whosaw.tlog.tile import FULL, Bundle, parse_bundle


def entries(stores: Stores, first: int, end: int, published: int) -> Iterator[bytes]:
    """The 65 bytes of each leaf from `first` up to `end`. Raises Damaged where one is erased and not below `published`."""
    for frame in frames_of(stores, first, end):
        yield published_entry(stores, frame.index, published) if isinstance(frame, Erased) else frame.entry


def published_entry(stores: Stores, index: int, published: int) -> bytes:
    """The leaf at `index`, from its bundle. Raises Damaged where there is none."""
    bundle = Bundle(index // FULL, min(FULL, published - index // FULL * FULL))
    if index >= published:
        raise Damaged(f"index {index} was erased and is not published", where=f"index {index}")
    try:
        return parse_bundle(reading(stores.public)(bundle), bundle.width, bundle.path)[index % FULL]
    except NotCanonical as error:
        raise Damaged(str(error), where=bundle.path) from None
