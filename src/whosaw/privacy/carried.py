# SPDX-License-Identifier: Apache-2.0
"""What a new root takes over from the one before it: the keys by which things are named, and sealed outside of the key table.

    old root ──▶ lookup, principal, names … ──sealed under the new root──▶ beside the epochs ──▶ whole ──▶ new root, carrying them

Pseudonyms stand in the log, which nobody rewrites. So the keys that make them outlive their root; what opens persons' keys
does not. The root before is not carried, only keys derived from it: they lead to no epoch key.

Invariant: a root is used only as ``whole`` gives it. One that forgot what it carries would find nobody, and give each
person a second stream in the log.                                         Specification: docs/spec/keys.md §2
"""

from __future__ import annotations

import hmac
from typing import Protocol

from whosaw.errors import Damaged, Misconfigured
from whosaw.privacy.data_key import seal, unseal
from whosaw.privacy.root import CARRIED, SIZE, Random, Root

CARRIES = "carried"
_ABOUT = b"whosaw/carried/v1"


class CheckRows(Protocol):
    """What stands beside the rows of the key table. Raises Unavailable."""

    def kept(self, name: str) -> bytes | None:
        """The check value `name`, or what is carried; None where there is none."""
        ...


def carry(old: Root, new: Root, random: Random) -> bytes:
    """What `new` takes over from `old`, sealed under it."""
    return seal(new.carried, old.carries(), _ABOUT, random)


def whole(root: Root, rows: CheckRows) -> Root:
    """`root` with what it carries in this key table. Raises Misconfigured where the table is under another root."""
    check = rows.kept("root")
    if check is not None and not hmac.compare_digest(check, root.check):
        raise refused("the key file keys/root", "keys/root")
    sealed = rows.kept(CARRIES)
    if sealed is None:
        return root
    keys = unseal(root.carried, sealed, _ABOUT, "what the root carries")
    if len(keys) != SIZE * len(CARRIED):
        raise Damaged("the root carries another number of keys", where="keyring_check")
    return root.carrying(keys)


def refused(what: str, setting: str) -> Misconfigured:
    """A key or a name that is not this key table's."""
    return Misconfigured(
        f"{what} is not the one that this data folder was made with",
        setting=setting,
        hint="restore it from the backup that belongs to this folder; if `whosaw vault reroot` was cut short, the same command "
        "goes on; nothing was changed",
    )
