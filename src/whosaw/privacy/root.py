# SPDX-License-Identifier: Apache-2.0
"""The root: 32 random bytes in one file, from which every key of this installation is derived.

    root ──HKDF──▶ epochs key    wraps the epoch keys, which wrap the data keys of persons and streams
                   lookup key    finds a person's row without storing the id
                   principal key makes the pseudonyms of principals
                   names key     seals the ids behind those pseudonyms
                   digest key    digests of texts that must not be guessable
                   resources key seals what an identity provider must get back
                   tickets key   seals what ticket systems push
                   wishes key    seals what a command asks of an open gate, and its answer
                   pseudonyms key makes the keys of IP pseudonyms, one for each purpose and epoch
                   facts key     tells the tables that this house made from its journal from any others
                   carried key   seals what a root took over from the one before it (``privacy.carried``)
                   check value   tells the right root from another one

Invariant: a key file that is missing or damaged stops the start. It is never made anew: a new root would open
nothing that is stored, find nobody, and give every person a second stream in the log.

Reading and writing files is wiring's; here are only their contents.          Specification: docs/spec/keys.md
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256

from whosaw.errors import Misconfigured

SIZE = 32
Random = Callable[[int], bytes]


# What stands in records, or was sealed outside of the key table, goes on under these keys when the root is exchanged. Their
# order is that in which they are carried.
CARRIED = ("lookup", "principal", "names", "digest", "resources", "tickets", "wishes")

# What HMAC makes of each byte of a key (RFC 2104), for `translate`.
INNER, OUTER = (bytes(each ^ pad for each in range(256)) for pad in (0x36, 0x5C))


def expand(key: bytes, info: bytes) -> bytes:
    """HKDF-Expand-SHA256 (RFC 5869, section 2.3) to 32 bytes: one block. `key`: at most 64 bytes."""
    return hmac_sha256(key, info + b"\x01")


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) under a key of at most 64 bytes."""
    # Written out, because `hmac.digest` spends most of its time setting itself up, and a cold key derives three times.
    block = key.ljust(64, b"\0")
    return sha256(block.translate(OUTER) + sha256(block.translate(INNER) + text).digest()).digest()


class Mac:
    """HMAC-SHA256 under one key, set up once: for whoever asks for many."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner, self._outer = sha256(block.translate(INNER)), sha256(block.translate(OUTER))

    def __repr__(self) -> str:
        return "Mac(…)"

    def of(self, text: bytes) -> bytes:
        """The same bytes as ``hmac_sha256`` of this key."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.digest()


class Root:
    """The root key. It derives; nobody reads it back but the one who writes its file."""

    __slots__ = ("_carried", "_key")

    def __init__(self, key: bytes, carried: Sequence[bytes] = ()) -> None:
        """`carried`: what it took over from the root before it, where there was one."""
        if type(key) is not bytes or len(key) != SIZE:
            raise Misconfigured(f"the root key has {SIZE} bytes", setting="keys/root")
        self._key, self._carried = key, dict(zip(CARRIED, carried, strict=True)) if carried else {}

    @classmethod
    def make(cls, random: Random) -> Root:
        """A new root. Only a new, empty data folder may ask for one."""
        return cls(random(SIZE))

    @classmethod
    def parse(cls, raw: bytes | None, where: str = "keys/root") -> Root:
        """The root that a key file holds; `raw` is None where there is no file. Raises Misconfigured."""
        return cls(parse_seed(raw, where))

    @classmethod
    def opened(cls, raw: bytes, where: str) -> Root:
        """The root that a key service opened. Raises Misconfigured, never with contents."""
        if len(raw) != SIZE:
            raise Misconfigured(f"{where}: what the key service opened is no root key", setting=where)
        return cls(raw)

    def encode(self) -> bytes:
        """The key file: one line of base64."""
        return encode_seed(self._key)

    def raw(self) -> bytes:
        """The 32 bytes, for a key service to seal and for nobody else: a test holds the list of who asks."""
        return self._key

    def same(self, other: Root) -> bool:
        return hmac.compare_digest(self._key, other._key)

    def carries(self) -> bytes:
        """The keys that a root which takes this one's place goes on with, one behind the other."""
        return b"".join(map(self._going_on, CARRIED))

    def carrying(self, keys: bytes) -> Root:
        """The same root, going on with the `keys` of the one before it."""
        return Root(self._key, [keys[at : at + SIZE] for at in range(0, len(keys), SIZE)])

    def _going_on(self, name: str) -> bytes:
        return self._carried.get(name) or expand(self._key, f"whosaw/{name}/v1".encode())

    def __repr__(self) -> str:
        return "Root(…)"

    @property
    def epochs(self) -> bytes:
        """What wraps epoch keys."""
        return expand(self._key, b"whosaw/epochs/v1")

    def epoch(self, number: int) -> bytes:
        """The key of an epoch that was begun before epochs had keys of their own."""
        return expand(self._key, b"whosaw/epoch/v1" + number.to_bytes(4, "big"))

    @property
    def lookup(self) -> bytes:
        return self._going_on("lookup")

    @property
    def principals(self) -> bytes:
        return self._going_on("principal")

    @property
    def names(self) -> bytes:
        return self._going_on("names")

    @property
    def digests(self) -> bytes:
        return self._going_on("digest")

    @property
    def resources(self) -> bytes:
        return self._going_on("resources")

    @property
    def tickets(self) -> bytes:
        return self._going_on("tickets")

    @property
    def wishes(self) -> bytes:
        return self._going_on("wishes")

    @property
    def pseudonyms(self) -> bytes:
        return expand(self._key, b"whosaw/pseudonyms/v1")

    @property
    def facts(self) -> bytes:
        """What marks the facts as made by this house. Not carried: under another root they are made anew."""
        return expand(self._key, b"whosaw/facts/v1")

    @property
    def carried(self) -> bytes:
        """What seals the keys that it carries."""
        return expand(self._key, b"whosaw/carried/v1")

    @property
    def check(self) -> bytes:
        """Kept beside the keyring. It tells the right root from another and reveals nothing of it."""
        return expand(self._key, b"whosaw/root-check/v1")


def parse_seed(raw: bytes | None, where: str) -> bytes:
    """The 32 bytes that a key file holds as one line of base64; `raw` is None where there is no file.

    One spelling: a file that an editor has "repaired" is a damaged file. Raises Misconfigured, never with contents.
    """
    if raw is None:
        raise Misconfigured(
            f"the key file {where} is missing",
            setting=where,
            hint=f"restore {where} from your backup of the key files; a new key would open nothing, so none is made",
        )
    try:
        key = b64decode(raw.removesuffix(b"\n"), validate=True)
    except ValueError:
        key = b""
    if len(key) != SIZE or encode_seed(key) != raw:
        raise Misconfigured(
            f"the key file {where} is damaged: not one line of base64 of {SIZE} bytes",
            setting=where,
            hint=f"restore {where} from your backup of the key files",
        )
    return key


def encode_seed(key: bytes) -> bytes:
    """The contents of a key file."""
    return b64encode(key) + b"\n"
