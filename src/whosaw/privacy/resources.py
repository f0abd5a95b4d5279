# SPDX-License-Identifier: Apache-2.0
"""What an identity provider gave and must get back as it gave it: sealed, each under its own random id.

    resource ──seal──▶ AES-256-GCM under the resources key, bound to its id ──open──▶ the same bytes

A provider compares what we hold with what it has: user names, display names, addresses. Nothing else needs them: decisions
take pseudonyms, and no look, detector or page comes by here.

Invariant: a sealed resource opens for its own id and for no other; without the root it is random bytes.
                                                                            Specification: docs/spec/keys.md
"""

from __future__ import annotations

from whosaw.privacy.data_key import seal, unseal
from whosaw.privacy.root import Random, Root


class Resources:
    """Seals and opens. It keeps nothing."""

    __slots__ = ("_key", "_random")

    def __init__(self, root: Root, random: Random) -> None:
        self._key, self._random = root.resources, random

    def __repr__(self) -> str:
        return "Resources(…)"

    def seal(self, id_: str, raw: bytes) -> bytes:
        """`raw`, sealed for the resource with this id."""
        return seal(self._key, raw, _about(id_), self._random)

    def open(self, id_: str, sealed: bytes) -> bytes:
        """What was sealed for this id. Raises Damaged for anything else."""
        return unseal(self._key, sealed, _about(id_), "resources")


def _about(id_: str) -> bytes:
    return b"whosaw/resource/v1" + id_.encode()
