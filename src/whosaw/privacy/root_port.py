# SPDX-License-Identifier: Apache-2.0
"""Two ports: where the root key lives, and who seals it where it does not lie in the clear.

    RootKeys     load ──▶ Root             a file, a variable, or a sealed file with a service behind it
    KeyService   seal · open · renew       who keeps a key and never gives it away: HashiCorp Vault transit
                                           (``store.transit``), a token by PKCS #11 (``store.hsm``), the KMS of a cloud

Another service is one more file: a class with the three methods below.

Invariant: the root is asked for at the start and by nobody who serves. So a service that is down later stops no gate;
that it is down, its probe says.                                              Specification: docs/spec/keys.md §1
"""

from __future__ import annotations

from typing import Protocol

from whosaw.privacy.root import Root


class KeyService(Protocol):
    """Seals 32 bytes under a key that it alone holds. Each call is one question, over within its time limit.

    Raises Unavailable where it cannot be asked now: down, sealed, on standby, too slow. Misconfigured where asking again
    is of no use: our token, its certificate, the key's name. Damaged where what is to be opened was not sealed there.
    No message holds what was sealed, a token, or words of the other side.
    """

    def seal(self, plain: bytes) -> bytes:
        """`plain` as printable ASCII without spaces, which only this service opens."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """What `seal` sealed."""
        ...

    def renew(self, sealed: bytes) -> bytes:
        """The same, sealed under the newest version of the service's key: opened there, or by a token that knows no other way, here."""
        ...


class RootKeys(Protocol):
    """Where the root key lives."""

    def load(self) -> Root:
        """The root. Raises Misconfigured, Damaged, Unavailable: then nothing is opened."""
        ...

    def probe(self) -> None:
        """Whether it could be loaded again. Raises what `load` raises."""
        ...
