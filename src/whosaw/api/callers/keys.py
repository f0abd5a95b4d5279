# SPDX-License-Identifier: Apache-2.0
"""The keys of an identity provider: a JWKS (RFC 7517) from a file or an address, read again when it must be.

    kid ──▶ known and fresh?  ──▶ key
              │ unknown: read once more, at most every few seconds: the provider may have rotated
              └ too old: read; no answer, no key

Only the settings say where keys come from; what a token says of it (`jku`, `x5u`, `jwk`) is never followed. A key brings its
own algorithms: an RSA key checks no ES256, and a secret that stands in a JWKS checks nothing.

Invariant: keys older than `keys_for_s` check nothing. A provider that does not answer stops its tokens, and health says so.
"""

from __future__ import annotations

import json
import ssl
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from whosaw.errors import Unavailable
from whosaw.wire import wire, within

LIMIT = 128 * 1024
PATIENCE = 3.0
AGAIN = timedelta(seconds=5)
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Mapping[str, tuple[type[ec.EllipticCurve], str]] = {
    "P-256": (ec.SECP256R1, "ES256"),
    "P-384": (ec.SECP384R1, "ES384"),
    "P-521": (ec.SECP521R1, "ES512"),
}


class Unfit(Exception):
    """What was read is no JWKS, or not one that can be believed. Its text is ours and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the algorithms that it is for."""

    public: PublicKey = field(repr=False)
    algorithms: frozenset[str]


class Source(Protocol):
    """Where a JWKS is read."""

    def read(self) -> bytes:
        """At most LIMIT bytes. Raises OSError, Unfit."""
        ...


class Keys:
    """The keys of one issuer. Safe to share; one thread reads, the others wait for it."""

    def __init__(self, source: Source, lasts: timedelta, clock: Callable[[], datetime]) -> None:
        self._source, self._lasts, self._clock, self._lock = source, lasts, clock, threading.Lock()
        self._keys: Mapping[str, Key] = {}
        self._read: datetime | None = None  # when what we have was read
        self._tried: datetime | None = None
        self._wrong = ""

    @property
    def wrong(self) -> str:
        """What is wrong with them; empty where nothing is, or nobody has asked yet."""
        return self._wrong

    def find(self, kid: str) -> Key | None:
        """The key of this name; None where the provider has none. Raises Unavailable where it cannot be asked."""
        with self._lock:
            now = self._clock()
            fresh = self._read is not None and timedelta(0) <= now - self._read < self._lasts
            if not fresh or (kid not in self._keys and self._may_try(now)):
                self._again(now, fresh)
            return self._keys.get(kid)

    def _may_try(self, now: datetime) -> bool:
        # A token with an invented kid must not make us ask the provider once for each request.
        return self._tried is None or not timedelta(0) <= now - self._tried < AGAIN

    def _again(self, now: datetime, fresh: bool) -> None:
        # Keys that ran out after a good answer are asked for at once; whoever did not answer is given time.
        if self._may_try(now) or not (fresh or self._wrong):
            self._tried = now
            try:
                self._keys, self._read, self._wrong = parse_jwks(self._source.read()), now, ""
                fresh = True
            except Unfit as error:
                self._wrong = str(error)
            except (OSError, HTTPException, ValueError) as error:
                self._wrong = f"no answer ({type(error).__name__})"
        if not fresh:
            raise Unavailable(f"the issuer's keys cannot be read: {self._wrong}", part="issuer")


# ── where they stand ──


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file, read again each time: it is small, and whoever replaces it wants it to count."""

    path: Path

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            return file.read(LIMIT + 1)


@dataclass(frozen=True, slots=True)
class KeyAddress:
    """An address, asked without proxies and redirects, for `patience` seconds in all."""

    url: str
    patience: float = PATIENCE

    def read(self) -> bytes:
        there = urlsplit(self.url)
        tls = ssl.create_default_context() if there.scheme == "https" else None
        connection = wire(there.hostname or "", there.port, self.patience, tls)
        target = f"{there.path or '/'}{'?' if there.query else ''}{there.query}"
        with closing(connection), within(connection, self.patience):
            connection.request("GET", target, headers={"Accept": "application/json", "User-Agent": "whosaw"})
            with connection.getresponse() as answer:
                raw = answer.read(LIMIT + 1)
        # The settings name one address. Where it would send us is somebody else's choice.
        if answer.status != 200:
            raise Unfit(f"it answered {answer.status}")
        if answer.length and len(raw) <= LIMIT:
            raise Unfit("its answer was cut off")
        return raw


# ── what stands there ──


def parse_jwks(raw: bytes) -> Mapping[str, Key]:
    """Signing keys by name. Raises Unfit for what is no JWKS, or has two keys of one name. Other kinds are passed over."""
    if len(raw) > LIMIT:
        raise Unfit("longer than any JWKS")
    try:
        given = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Unfit("not JSON") from None
    if type(given) is not dict or type(given.get("keys")) is not list:
        raise Unfit("no JWKS")
    found: dict[str, Key] = {}
    for each in given["keys"]:
        if type(each) is not dict:
            raise Unfit("a key that is no object")
        kid, key = each.get("kid"), _key(each)
        if key is None or type(kid) is not str or not kid:
            continue
        # Which of two would count, the order would say; and whoever can append one would be the provider.
        if kid in found:
            raise Unfit("two keys have one name")
        found[kid] = key
    if not found:
        raise Unfit("no key that can check a signature")
    return found


def _key(given: Mapping[str, Any]) -> Key | None:
    if given.get("use", "sig") != "sig" or "verify" not in given.get("key_ops", ["verify"]) or "d" in given:
        return None
    try:
        public, algorithms = _public(given)
    except (KeyError, TypeError, ValueError):
        return None
    alg = given.get("alg")
    return Key(public, algorithms if alg is None else algorithms & {alg})


def _public(given: Mapping[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    match given["kty"]:
        case "RSA":
            key = rsa.RSAPublicNumbers(_number(given["e"]), _number(given["n"])).public_key()
            if key.key_size < 2048:
                raise ValueError
            return key, _RSA
        case "EC":
            curve, alg = _CURVES[given["crv"]]
            numbers = ec.EllipticCurvePublicNumbers(_number(given["x"]), _number(given["y"]), curve())
            return numbers.public_key(), frozenset({alg})
        case "OKP" if given["crv"] == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(unb64(given["x"])), frozenset({"EdDSA"})
    raise ValueError


def _number(text: str) -> int:
    return int.from_bytes(unb64(text), "big")


def unb64(text: str) -> bytes:
    """base64url without padding, in its one spelling. Raises ValueError."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ValueError("not the one spelling")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made
