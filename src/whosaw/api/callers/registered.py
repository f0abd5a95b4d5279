# SPDX-License-Identifier: Apache-2.0
"""A registered caller: what whosaw.toml or the command line says of one tool, in its one spelling.

    [[caller]] ─┐
    command ────┴─▶ Registered ──encode──▶ bytes ──▶ table `callers`, and their digest in the record of the change

Invariant: what decides about a caller is what its digest commits to; the certificates of an authority are in it, not the
name of the file that they once stood in.                                               Use: docs/callers.md
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from cryptography import x509

from whosaw.errors import BadInput, Damaged, Misconfigured, NotCanonical
from whosaw.model.caller import Proof
from whosaw.model.record import Json, canonical, parse_json
from whosaw.settings.callers import CallerSettings, check_caller, expiry, pin_of

LIMIT = 64 * 1024
_TEXTS = tuple(f.name for f in dataclasses.fields(CallerSettings) if f.type == "str")
_LISTS = tuple(f.name for f in dataclasses.fields(CallerSettings) if f.type == "tuple[str, ...]")
_FLAGS = tuple(f.name for f in dataclasses.fields(CallerSettings) if f.type == "bool")


@dataclass(frozen=True, slots=True)
class Registered:
    """A caller as it is registered. `authority`: PEM of the certificates that `said.ca` names; empty without."""

    said: CallerSettings
    authority: str = ""

    @classmethod
    def of(cls, said: CallerSettings, read: Callable[[str], bytes]) -> Registered:
        """With the authority's certificates read from where `said` names them. Raises Misconfigured."""
        check_caller(said)
        if not said.ca:
            return cls(said)
        try:
            pem = read(said.ca)[: LIMIT // 2].decode("ascii")
            x509.load_pem_x509_certificates(pem.encode())
        except OSError as error:
            raise _bad(said.name, f"the authority's file cannot be read: {error.strerror}") from None
        except ValueError:
            raise _bad(said.name, "the authority's file holds no certificates in PEM") from None
        return cls(said, pem)

    @property
    def name(self) -> str:
        return self.said.name

    @property
    def proof(self) -> Proof:
        return Proof(self.said.how)

    def encode(self) -> bytes:
        """Canonical bytes: all that is said, nothing left out."""
        said: dict[str, Json] = {
            f.name: getattr(self.said, f.name) for f in dataclasses.fields(CallerSettings) if f.name not in _LISTS
        }
        said |= {name: list(getattr(self.said, name)) for name in _LISTS}
        return canonical({**said, "authority": self.authority})

    @classmethod
    def parse(cls, raw: bytes, where: str = "callers") -> Registered:
        """What `raw` spells. Raises NotCanonical for anything that does not encode to the same bytes."""
        value = parse_json(raw, where, LIMIT)
        try:
            given = cast("dict[str, Any]", dict(cast("Mapping[str, Json]", value)))
            authority = given.pop("authority")
            texts = all(type(given[name]) is str for name in _TEXTS) and type(authority) is str
            flags = all(type(given[name]) is bool for name in _FLAGS)
            if not texts or not flags or any(type(one) is not str for name in _LISTS for one in given[name]):
                raise NotCanonical("a fact of another type", where=where)
            made = cls(CallerSettings(**(given | {name: tuple(given[name]) for name in _LISTS})), authority)
            check_caller(made.said)
            again = made.encode()
        except (KeyError, TypeError, ValueError, AttributeError, Misconfigured):
            raise NotCanonical("not a registered caller", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a registered caller", where=where)
        return made

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()

    # ── what it may ──

    def expired(self, at: datetime) -> bool:
        """Whether it has ended at `at`; that instant itself is over."""
        end = expiry(self.said.expires)
        return end is not None and at >= end

    def may_use(self, path: str) -> bool:
        """Whether `path` is one of its paths, or lies below one."""
        return any(path == own or path.startswith(f"{own.rstrip('/')}/") for own in self.said.paths)

    def pinned(self, spki: bytes, at: datetime) -> bool:
        """Whether a public key with this SHA-256 is one of its pins at `at`."""
        pins = map(pin_of, self.said.pins)
        return any(pin == spki and (until is None or at < until) for pin, until in pins)

    # ── how it changes ──

    def rotated(self, pin: str, until: str, at: datetime) -> Registered:
        """With one more pin, its others ending at `until`. What ended before `at` is dropped. Raises BadInput."""
        if not self.said.pins:
            raise BadInput(
                "it has no pins to rotate",
                where=self.name,
                hint="with an authority, issue a new certificate; with tokens, rotate the keys at the identity provider",
            )
        new, end = pin_of(pin)
        if end is not None or any(pin_of(old)[0] == new for old in self.said.pins):
            raise BadInput("the new pin is there already, or ends", where=self.name, hint="give a key that is new")
        kept = [old for old in self.said.pins if (ends := pin_of(old)[1]) is None or ends > at]
        ending = [
            old if " until " in old and old.split(" until ")[1] < until else f"{old[:71]} until {until}" for old in kept
        ]
        return replace(self, said=replace(self.said, pins=(*ending, pin)))


def parse_row(raw: bytes, name: str) -> Registered:
    """A row of ours. Raises Damaged: then nobody is admitted."""
    try:
        return Registered.parse(raw)
    except NotCanonical as error:
        raise Damaged(f"the registered caller {name} cannot be read", where="callers") from error


def _bad(name: str, what: str) -> Misconfigured:
    return Misconfigured(
        f"caller.ca: {name}: {what}", setting="caller.ca", hint="a PEM file, beside whosaw.toml or absolute"
    )
