# SPDX-License-Identifier: Apache-2.0
"""Tokens (RFC 7519) of one identity provider: what they must say before anything of them is believed.

    token ──form──▶ header ──algorithm, kid──▶ key ──signature──▶ claims ──iss aud exp nbf iat──▶ Claims

The signature is PyJWT's. Everything around it stands here, because the clock is an argument, and because each check that
was forgotten somewhere has a name: `alg: none`, HS256 under a public key, a kid that is a path, the audience of another.

Invariant: a refusal says which check refused, by a code, and nothing of what the token holds.     Specification: RFC 8725
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from whosaw.api.callers.keys import Key, Keys, unb64
from whosaw.errors import MissingExtra
from whosaw.settings.callers import IssuerSettings

LIMIT = 16 * 1024
_HEADER = frozenset({"alg", "kid", "typ", "cty", "x5t", "x5t#S256"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_PARTS = 3
_LONGEST = 200
First = Callable[[bytes, datetime, datetime], bool]


class BadToken(Exception):
    """Refused; `code` says by which check."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, verified. `principal`: the staff id of whose it is; `client`: to whom it was issued."""

    issuer: str
    subject: str = field(repr=False)
    principal: str | None = field(repr=False)
    client: str = field(repr=False)


class Issuer:
    """An identity provider. `first(digest, until, at)`: whether a token was never seen; asked where it counts once."""

    def __init__(self, said: IssuerSettings, keys: Keys, clock: Callable[[], datetime], first: First) -> None:
        self._said, self._keys, self._clock, self._first = said, keys, clock, first
        self._verifies = _verifier()

    @property
    def name(self) -> str:
        return self._said.name

    @property
    def url(self) -> str:
        return self._said.url

    @property
    def wrong(self) -> str:
        """What is wrong with its keys; empty where nothing is."""
        return self._keys.wrong

    def verify(self, token: str) -> Claims:
        """What `token` says. Raises BadToken; Unavailable where the keys cannot be read."""
        header, claims = parts(token)
        if unknown := header.keys() - _HEADER:
            # `crit`, `b64`, `jku`, `jwk`, `x5u`, `x5c`: each asks us to do something that we do not.
            raise BadToken("header" if "crit" not in unknown else "crit")
        if str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise BadToken("typ")
        alg, kid = header.get("alg"), header.get("kid")
        if type(alg) is not str or alg not in self._said.algorithms:
            raise BadToken("alg")
        if type(kid) is not str or not 1 <= len(kid) <= _LONGEST:
            raise BadToken("kid")
        key = self._keys.find(kid)
        if key is None:
            raise BadToken("kid")
        if alg not in key.algorithms:
            raise BadToken("alg")
        if not self._verifies(token, key, alg):
            raise BadToken("signature")
        return self._claims(claims)

    def _claims(self, claims: Mapping[str, Any]) -> Claims:
        said, now = self._said, self._clock()
        leeway = timedelta(seconds=said.leeway_s)
        if claims.get("iss") != said.url:
            raise BadToken("iss")
        audience = claims.get("aud")
        if said.audience not in ([audience] if type(audience) is str else _texts(audience)):
            raise BadToken("aud")
        ends = _time(claims, "exp")
        if ends is None or now >= ends + leeway:
            raise BadToken("exp")
        begins, issued = _time(claims, "nbf"), _time(claims, "iat")
        if (begins is not None and now < begins - leeway) or (issued is not None and now < issued - leeway):
            raise BadToken("nbf")
        if ends - (issued or now) > timedelta(seconds=said.longest_s) + leeway:
            raise BadToken("longest")
        subject = _text(claims, "sub")
        if subject is None:
            raise BadToken("sub")
        if said.once and not self._once(claims, ends + leeway, now):
            raise BadToken("jti")
        client = _text(claims, "azp") or _text(claims, "client_id") or ""
        return Claims(said.name, subject, self._principal(claims), client)

    def _principal(self, claims: Mapping[str, Any]) -> str | None:
        found, suffix = _text(claims, self._said.principal_claim), self._said.principal_suffix
        if found is None or not found.endswith(suffix):
            return None
        return found.removesuffix(suffix) or None

    def _once(self, claims: Mapping[str, Any], until: datetime, now: datetime) -> bool:
        jti = _text(claims, "jti")
        if jti is None:
            return False
        return self._first(hashlib.sha256(f"{self._said.name}\0{jti}".encode()).digest(), until, now)


def parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token, of which nothing is believed yet. Raises BadToken."""
    if len(token) > LIMIT:
        raise BadToken("too long")
    pieces = token.split(".")
    if len(pieces) != _PARTS or not token.isascii():
        raise BadToken("form")
    return _object(pieces[0]), _object(pieces[1])


def _object(piece: str) -> Mapping[str, Any]:
    try:
        made = json.loads(unb64(piece), object_pairs_hook=_no_twins)
    except (ValueError, RecursionError):
        raise BadToken("form") from None
    if type(made) is not dict:
        raise BadToken("form")
    return made


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if type(value) is str and value.isprintable() and 1 <= len(value.encode()) <= _LONGEST else None


def _texts(value: Any) -> list[str]:
    return value if type(value) is list and all(type(one) is str for one in value) else []


def _time(claims: Mapping[str, Any], name: str) -> datetime | None:
    """A NumericDate; None where there is none. Raises BadToken for what is no time."""
    value = claims.get(name)
    if value is None:
        return None
    # bool is an int to Python, and NaN is a number that is before and after nothing.
    if type(value) not in (int, float) or not 0 <= value < 2**36:
        raise BadToken("exp" if name == "exp" else "nbf")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise BadToken("exp" if name == "exp" else "nbf") from None


def _verifier() -> Callable[[str, Key, str], bool]:
    try:
        from jwt import PyJWS
        from jwt.exceptions import PyJWTError
    except ModuleNotFoundError:
        raise MissingExtra("api", "reading tokens") from None
    jws = PyJWS()

    def verifies(token: str, key: Key, alg: str) -> bool:
        try:
            jws.decode_complete(token, key.public, algorithms=[alg])
        except (PyJWTError, ValueError, TypeError):
            return False
        return True

    return verifies
