# SPDX-License-Identifier: Apache-2.0
"""The root that takes the place of the present one: where it waits, and how it moves in.

    make      a new key, durable in its waiting place            keys/root.next, keys/root.sealed.next; a variable is the operator's
      ⋮       the key table goes over to it, in one transaction                              (``vault.reroot``)
    settle    it stands where a start looks for it; the root before is removed               keys/root, keys/root.sealed
    done      nothing waits any more

A crash between two of them leaves what the next call finds and goes on with. Invariant: a root is removed only after the key table has
gone over to another, and one that waits is never made anew: the table may be under it already.
"""

from __future__ import annotations

from typing import Protocol

from whosaw.errors import Damaged
from whosaw.privacy.root import Random, Root
from whosaw.privacy.root_port import RootKeys
from whosaw.store.files import FilesFolder
from whosaw.store.root_file import ROOT, RootFile
from whosaw.store.root_sealed import SEALED, SealedRoot

NEXT, SEALED_NEXT = f"{ROOT}.next", f"{SEALED}.next"


class NextRoot(Protocol):
    """A root that waits."""

    def find(self) -> Root | None:
        """The root that waits, or that has just moved in; None where there is none yet. Raises what `RootKeys.load` raises."""
        ...

    def make(self, random: Random) -> Root:
        """Have one wait, durable."""
        ...

    def settle(self) -> None:
        """Let it move in, and remove the root before. Again: nothing changes."""
        ...

    def done(self) -> None:
        """Leave nothing waiting."""
        ...


class NextInFile:
    """In `private`/keys/root."""

    def __init__(self, private: FilesFolder, waiting: RootFile, settled: RootFile) -> None:
        self._private, self._waiting, self._settled = private, waiting, settled

    def find(self) -> Root | None:
        return None if self._private.read(NEXT) is None else self._waiting.load()

    def make(self, random: Random) -> Root:
        self._private.replace(NEXT, Root.make(random).encode())
        return self._waiting.load()

    def settle(self) -> None:
        root = self._waiting.load()
        self._private.replace(ROOT, root.encode())
        _same(self._settled, root, ROOT)
        self._private.delete(SEALED)

    def done(self) -> None:
        self._private.delete(NEXT)


class NextSealed:
    """In `private`/keys/root.sealed, sealed by a key service."""

    def __init__(self, private: FilesFolder, waiting: SealedRoot, settled: SealedRoot) -> None:
        self._private, self._waiting, self._settled = private, waiting, settled

    def find(self) -> Root | None:
        return self._waiting.load() if self._waiting.there else None

    def make(self, random: Random) -> Root:
        root = Root.make(random)
        self._waiting.put(root)
        return root

    def settle(self) -> None:
        root, sealed = self._waiting.load(), self._private.read(SEALED_NEXT) or b""
        self._private.replace(SEALED, sealed)
        _same(self._settled, root, SEALED)
        self._private.delete(ROOT)

    def done(self) -> None:
        self._private.delete(SEALED_NEXT)


class NextGiven:
    """In a variable that the operator set: whoever starts whosaw keeps it."""

    def __init__(self, private: FilesFolder, given: RootKeys) -> None:
        self._private, self._given = private, given

    def find(self) -> Root | None:
        return self._given.load()

    def make(self, random: Random) -> Root:  # noqa: ARG002 - somebody else made it
        return self._given.load()

    def settle(self) -> None:
        self._private.delete(ROOT, SEALED)

    def done(self) -> None:
        """Nothing waits here."""


def _same(settled: RootKeys, root: Root, name: str) -> None:
    if not settled.load().same(root):
        raise Damaged(f"private/{name} does not hold what was written", where=f"private/{name}")
