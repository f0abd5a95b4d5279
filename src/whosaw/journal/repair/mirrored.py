# SPDX-License-Identifier: Apache-2.0
"""Leaves from a mirror: another copy of the published files, behind a folder or a URL, in which nothing is believed.

    mirror ──bundle──▶ entries ──▶ hashed, held against our own signed root (rebuild) ──▶ kept, or not

Invariant: a mirror gives bytes. Whether they are right is decided by what we signed, never by it.
"""

from __future__ import annotations

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.repair.rebuild import Leaves
from whosaw.tlog.map_leaf import LIMIT
from whosaw.tlog.tile import FULL, Bundle, cut_bundle, parse_bundle
from whosaw.verify.source import Source

_LIMIT = FULL * (2 + LIMIT)


def mirrored(source: Source, below: str = "") -> Leaves:
    """Leaves from the bundles that `source` serves; of the log in its folder `below`."""

    def leaves(bundle: Bundle) -> list[bytes] | None:
        try:
            raw = _read(source, f"{below}/" if below else "", bundle)
            return None if raw is None else parse_bundle(raw, bundle.width, bundle.path)
        except (Damaged, NotCanonical):
            return None

    return leaves


def _read(source: Source, prefix: str, bundle: Bundle) -> bytes | None:
    raw = source.read(prefix + bundle.path, _LIMIT)
    if raw is None and bundle.width < FULL:
        whole = source.read(prefix + bundle.full.path, _LIMIT)
        raw = None if whole is None else cut_bundle(whole, bundle.width, bundle.full.path)
    return raw
