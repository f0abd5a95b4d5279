# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms: the only names that go past the guard.

    id of a person    ──HMAC──▶ lookup (32 bytes) ──first 10──▶ p-abcdefghijklmnop
    id of a principal ──HMAC──▶                   ──first 10──▶ e-abcdefghijklmnop

Invariant: without the root nobody computes a pseudonym from an id, or tries ids until one fits. The same id has the
same pseudonym for ever, so that looks at one person can be seen together by those who may not know who it is.

A person's pseudonym is the beginning of the lookup of their row in the keyring. So the one who may unseal a name finds
the row, and once the row is gone the pseudonym leads nowhere. 80 bits: two of 100 million ids share one with a chance
of 1 in 200 million.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32decode

from whosaw.errors import BadInput
from whosaw.model.lately import Lately
from whosaw.model.record import Stream, StreamKind
from whosaw.privacy.root import Mac, Root, hmac_sha256

PREFIX = 10
_LATELY = 512  # ids
_KINDS = tuple(
    bytes([kind]) for kind in range(max(StreamKind) + 1)
)  # by number: a kind as the key of a dictionary is slow
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_LETTERS = [one + other for one in _ALPHABET for other in _ALPHABET]
_TENS = range(PREFIX * 8 - 10, -1, -10)
_PERSON = re.compile(r"p-[a-z2-7]{16}")
_PRINCIPAL = re.compile(r"e-[a-z2-7]{16}")


class Pseudonyms:
    """Makes pseudonyms of ids. It cannot turn one back."""

    __slots__ = ("_digests", "_lately", "_lookup", "_principals")

    def __init__(self, root: Root) -> None:
        self._lookup, self._principals, self._digests = Mac(root.lookup), Mac(root.principals), root.digests
        self._lately: Lately[tuple[str, str], str] = Lately(_LATELY)

    def __repr__(self) -> str:
        return "Pseudonyms(…)"

    def person(self, person: str) -> str:
        """`p-` and 16 characters for the account id `person`."""
        return self._lately.find(("p-", person)) or self._made("p-", person)

    def principal(self, principal: str) -> str:
        """`e-` and 16 characters for the staff id `principal`."""
        return self._lately.find(("e-", principal)) or self._made("e-", principal)

    def _made(self, prefix: str, id_: str) -> str:
        if prefix == "p-":
            made = _text(prefix, self._lookup.of(looked_for(Stream.of_person(id_))))
        else:
            made = _text(prefix, self._principals.of(checked_id(id_, "principal")))
        # Guard and vault ask for the same ones, a moment apart. No longer than that: ids are not to lie about.
        self._lately.keep((prefix, id_), made)
        return made

    def digest(self, text: bytes) -> bytes:
        """32 bytes that tell equal texts from unequal ones, and are of no use for guessing at them."""
        return hmac.digest(self._digests, text, hashlib.sha256)


def lookup(key: bytes, stream: Stream) -> bytes:
    """What finds a stream's row: HMAC-SHA256(key, u8 kind ‖ id)."""
    return hmac_sha256(key, looked_for(stream))


def looked_for(stream: Stream) -> bytes:
    """What the lookup of a stream is a digest of."""
    text = stream.id
    # Asked for each look: an id of few plain signs, as they are nearly all, is one that ``checked_id`` has nothing to say of.
    raw = text.encode() if text.isascii() and 1 <= len(text) <= 200 else checked_id(text, "stream")
    return _KINDS[stream.kind] + raw


def lookup_prefix(pseudonym: str) -> bytes:
    """The first ten bytes of the lookup behind a person's pseudonym. Raises BadInput."""
    if not _PERSON.fullmatch(pseudonym):
        raise BadInput("a person's pseudonym is p- and 16 characters", where="pseudonym")
    return b32decode(pseudonym[2:].upper())


def is_principal(pseudonym: str) -> bool:
    return _PRINCIPAL.fullmatch(pseudonym) is not None


def pseudonym_of(lookup_: bytes) -> str:
    """The pseudonym of the person whose row has this lookup."""
    return _text("p-", lookup_)


def checked_id(text: str, where: str) -> bytes:
    """An id as bytes: 1 to 200 of UTF-8. Raises BadInput, without the id."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raw = b""
    if not 1 <= len(raw) <= 200:
        raise BadInput("an identifier has 1 to 200 bytes of UTF-8", where=where)
    return raw


def _text(prefix: str, digest: bytes) -> str:
    # Ten bits make two letters of base 32: the library takes them one by one, and longer than the digest took.
    bits = int.from_bytes(digest[:PREFIX])
    return prefix + "".join([_LETTERS[bits >> at & 1023] for at in _TENS])
