# SPDX-License-Identifier: Apache-2.0
"""One byte of one leaf, changed on the disk, and put back as it was.

record of a look ──▶ the bundle that holds its leaf ──▶ a byte inside its 65 ──▶ another byte
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from whosaw.tlog.tile import FULL, Bundle, width_at

_LENGTH = 2  # each leaf in a bundle is preceded by its length
_LEAF = 65
_INTO = 40  # inside the commitment: the label, in front, would be found in another way


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed. `file` as the published folder names it."""

    file: str
    offset: int
    before: int
    after: int
    leaf: int


@contextmanager
def changed(public: Path, leaf: int, size: int) -> Iterator[Change]:
    """Change one bit of `leaf` in the published folder of `size` leaves; whatever happens then, put it right again."""
    bundle = _holding(leaf, size)
    path = public / bundle.path
    raw, mode = path.read_bytes(), path.stat().st_mode
    offset = (leaf % FULL) * (_LENGTH + _LEAF) + _LENGTH + _INTO
    change = Change(bundle.path, offset, raw[offset], raw[offset] ^ 1, leaf)
    path.chmod(mode | 0o200)  # published files are read-only, which stops nobody
    try:
        path.write_bytes(raw[:offset] + bytes([change.after]) + raw[offset + 1 :])
        yield change
    finally:
        path.write_bytes(raw)
        path.chmod(mode)


def _holding(leaf: int, size: int) -> Bundle:
    index = leaf // FULL
    return Bundle(index, width_at(0, index, size))
