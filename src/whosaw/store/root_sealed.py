# SPDX-License-Identifier: Apache-2.0
"""The root key as a remote key service sealed it: the file holds nothing that opens anything by itself.

    keys/root.sealed    whosaw/root-sealed/v1 ⏎ sealed ⏎       ──open──▶ key service ──▶ 32 bytes, in memory only

Sealing a root that lies in the clear (`whosaw vault root`):

    1 seal at the service      2 write root.sealed      3 read it back, open it, compare      4 remove keys/root

A crash before 4 leaves both, and the same command goes on. Invariant: keys/root is removed only after the service has
opened, from the file, this very root.
"""

from __future__ import annotations

from whosaw.errors import Damaged, Misconfigured
from whosaw.journal.ports import Folder
from whosaw.privacy.root import Root
from whosaw.privacy.root_port import KeyService

SEALED = "keys/root.sealed"
_FIRST = b"whosaw/root-sealed/v1"


class SealedRoot:
    """``privacy.root_port.RootKeys`` in a sealed file, with the service that opens it."""

    def __init__(self, private: Folder, service: KeyService, name: str = SEALED) -> None:
        self._private, self._service, self._name = private, service, name

    def __repr__(self) -> str:
        return "SealedRoot(…)"

    def load(self) -> Root:
        sealed = self._read()
        if sealed is None:
            raise Misconfigured(
                f"the key file private/{self._name} is missing",
                setting=f"private/{self._name}",
                hint="restore it from your backup of the key files; where the root key still lies in private/keys/root, "
                "`whosaw vault root` seals it",
            )
        return self._opened(sealed)

    def probe(self) -> None:
        self.load()

    @property
    def there(self) -> bool:
        """Whether there is a sealed root."""
        return self._read() is not None

    def put(self, root: Root) -> None:
        """Seal `root`, and see that it opens again, from the file. Durable when it returns."""
        self._replace(self._service.seal(root.raw()), root)

    def renew(self) -> None:
        """Have the root sealed under the newest version of the service's key."""
        sealed = self._read()
        if sealed is None:
            raise Misconfigured(f"there is no private/{self._name}", setting=f"private/{self._name}")
        root = self._opened(sealed)
        self._replace(self._service.renew(sealed), root)

    def _replace(self, sealed: bytes, root: Root) -> None:
        # Opened before it takes the place of what opens today: a service that seals and does not open loses us the root.
        if not self._opened(sealed).same(root):
            raise Damaged("the key service opened something else than it sealed", where=f"private/{self._name}")
        self._private.replace(self._name, _FIRST + b"\n" + sealed + b"\n")
        if not self.load().same(root):
            raise Damaged(f"private/{self._name} does not hold what was written", where=f"private/{self._name}")

    def _read(self) -> bytes | None:
        raw = self._private.read(self._name)
        if raw is None:
            return None
        first, _, rest = raw.partition(b"\n")
        sealed = rest.removesuffix(b"\n")
        if first != _FIRST or not sealed or rest != sealed + b"\n" or not all(33 <= each < 127 for each in sealed):
            raise Damaged(
                f"the key file private/{self._name} is damaged",
                where=f"private/{self._name}",
                hint="restore it from your backup of the key files",
            )
        return sealed

    def _opened(self, sealed: bytes) -> Root:
        return Root.opened(self._service.open(sealed), f"private/{self._name}")
