# SPDX-License-Identifier: Apache-2.0
"""Prefixes of addresses as tokens: whether two people share a network can be counted by whoever cannot say which it is.

    203.0.113.77 ──each length that may be shown──▶ 203.0.113.0/24 ──HMAC──▶ token (16 bytes)      one for each length

The key is one of its own below the root's key for digests. Without it a token is noise: the four billion addresses cannot be tried,
tokens of a network and of its parts have nothing in common, and nobody can make the token of a network they think of.

Invariant: a token says which prefix it is of, to the key alone, and nothing of the rest of the address.
"""

from __future__ import annotations

from whosaw.model.lately import Lately
from whosaw.privacy.fields.ip import Address, lengths
from whosaw.privacy.root import Mac, Root, expand

TOKEN = 16
_REMEMBERED = 8_192  # networks that were asked for lately


class Prefixes:
    """Makes tokens."""

    __slots__ = ("_lately", "_mac")

    def __init__(self, root: Root) -> None:
        self._mac = Mac(expand(root.digests, b"whosaw/prefix/v1"))
        self._lately: Lately[tuple[int, bytes], tuple[tuple[int, bytes, int], ...]] = Lately(_REMEMBERED)

    def __repr__(self) -> str:
        return "Prefixes(…)"

    def tokens(self, address: Address, known: dict[bytes, bytes] | None = None) -> tuple[tuple[int, bytes], ...]:
        """Each length of prefix that may be shown of `address`, longest first, with its token.

        `known`: tokens that were made just now, of the caller; made ones are added.
        """
        known = {} if known is None else known
        number, bits = int(address), address.max_prefixlen
        made = []
        for length in lengths(address):
            which = _network(number, bits, length)
            token = known.get(which)
            if token is None:
                token = known[which] = self._digest(b"token", which)
            made.append((length, token))
        return tuple(made)

    @staticmethod
    def longest(address: Address) -> bytes:
        """Which is the longest of them: addresses that agree in it have the same tokens."""
        return _network(int(address), address.max_prefixlen, lengths(address)[0])

    def shared_by(self, address: Address, people: int) -> tuple[tuple[int, bytes, int], ...]:
        """Each of `tokens`, with how many are `enough` of it."""
        which = people, self.longest(address)
        made = self._lately.find(which)
        if made is None:
            made = tuple([(length, token, self.enough(token, people)) for length, token in self.tokens(address)])
            self._lately.keep(which, made)
        return made

    def enough(self, token: bytes, people: int) -> int:
        """How many must share this prefix: `people`, or up to a quarter more, by a secret of the prefix.

        Whoever adds accounts of their own until a network appears counts the others by it. So the number is known to nobody.
        """
        return people + int.from_bytes(self._digest(b"enough", token)) % (people // 4 + 1)

    def _digest(self, what: bytes, of: bytes) -> bytes:
        return self._mac.of(what + b"\x00" + of)[:TOKEN]


def _network(number: int, bits: int, length: int) -> bytes:
    """The same bytes as of ``network_of``, which takes longer for them than all else here."""
    network = (number >> (bits - length) << (bits - length)).to_bytes(bits // 8)
    return bytes([len(network), length]) + network
