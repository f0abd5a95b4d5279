# SPDX-License-Identifier: Apache-2.0
"""One signature of an approval: what exactly is signed, with what, and how it stands in the record of a look.

    exact_digest(look) ‖ request ‖ by ‖ as ‖ until ‖ uses ──▶ approval_digest ──▶ a passkey's challenge
                                                                        └──────▶ overseer_message ──▶ an overseer signs

Whoever holds the record of the look can make the digest again from it: the exact look is the record's own, the rest
stands in the approval. So a signature moved to another look, another person, one field more or a later hour fits nothing.

Invariant: ``Approval.of(a.json()) == a``; one spelling; principals by pseudonym, overseers by the name of their key.
                                                                        Specification: docs/spec/approval.md
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import cast

from whosaw.model.record import Json, canonical, parse_time, time_text

_DIGEST, _OVERSEER = b"whosaw/approval/v1", b"whosaw/approval/overseer/v1\0"
_ID = re.compile(r"[a-z]-[a-z2-7]{16}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_LONGEST = 16_384


class As(StrEnum):
    """What somebody signs as. One of these a request; whatever it is, it counts among the independent ones, too."""

    INDEPENDENT = "independent"
    STEWARD = "steward"  # of the region that the person is of
    OVERSEER = "overseer"  # from outside, with a key that the organisation does not hold
    LEGAL = "legal"  # of the legal function, in another unit


class Uses(StrEnum):
    """How often an approval can be used before its time is over."""

    ONCE = "once"
    WINDOW = "window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many have signed, or must, by what they signed as. `independent`: all of them, each once."""

    independent: int = 0
    stewards: int = 0
    overseers: int = 0
    legal: int = 0

    def reach(self, needed: Counts) -> bool:
        """All groups, and never any two of them: AND across groups."""
        return all(getattr(self, name) >= getattr(needed, name) for name in GROUPS)

    def json(self) -> dict[str, Json]:
        return {name: getattr(self, name) for name in GROUPS}

    @classmethod
    def of(cls, value: Mapping[str, Json]) -> Counts:
        """What `value` says. Raises ValueError."""
        if value.keys() != set(GROUPS) or any(type(n) is not int or not 0 <= n <= 9 for n in value.values()):
            raise ValueError("not a count of each group")
        return cls(**cast("dict[str, int]", dict(value)))


GROUPS = ("independent", "stewards", "overseers", "legal")


def counted_as(signed: Iterable[As]) -> Counts:
    """Counts of those who signed so."""
    given = list(signed)
    return Counts(
        independent=len(given),
        stewards=given.count(As.STEWARD),
        overseers=given.count(As.OVERSEER),
        legal=given.count(As.LEGAL),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey's assertion, as the authenticator gave it. `public`: 65 bytes for ES256 (04 ‖ x ‖ y), 32 for EdDSA."""

    alg: str
    public: bytes = field(repr=False)
    rp: str
    authenticator: bytes = field(repr=False)
    client: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def json(self) -> dict[str, Json]:
        return {
            "kind": "passkey", "alg": self.alg, "public": _b64(self.public), "rp": self.rp,
            "authenticator": _b64(self.authenticator), "client": _b64(self.client), "signature": _b64(self.signature),
        }  # fmt: skip

    @property
    def key(self) -> str:
        """Sixteen letters that tell keys apart; no proof of anything."""
        return hashlib.sha256(self.public).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overseen:
    """An overseer's signature over ``overseer_message``. `vkey`: their verifier key as text, name included."""

    vkey: str
    signature: bytes = field(repr=False)

    def json(self) -> dict[str, Json]:
        return {"kind": "overseer", "vkey": self.vkey, "signature": _b64(self.signature)}

    @property
    def key(self) -> str:
        """The eight letters of the key's id."""
        return self.vkey.split("+")[1] if self.vkey.count("+") >= 2 else ""


Proof = Passkey | Overseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One approver's signature as it stands in the record of a look. `proof` None: by the word of the gate alone.

    `by`: a pseudonym, or the name of an overseer. `given`: when the gate took it. `until`: excluded.
    """

    request: str
    by: str = field(repr=False)
    role: As
    given: datetime
    until: datetime
    uses: Uses
    proof: Proof | None = None

    def json(self) -> dict[str, Json]:
        """As it stands in a body."""
        return {
            "request": self.request, "by": self.by, "as": str(self.role), "given": time_text(self.given),
            "until": time_text(self.until), "uses": str(self.uses), "proof": None if self.proof is None else self.proof.json(),
        }  # fmt: skip

    @classmethod
    def of(cls, value: Json) -> Approval:
        """What `value` says. Raises KeyError, TypeError, ValueError; whoever decodes compares the spelling besides."""
        if type(value) is not dict:
            raise TypeError("not an object")
        request, by = str_of(value["request"]), str_of(value["by"])
        if not _ID.fullmatch(request) or not (_ID.fullmatch(by) or _NAME.fullmatch(by)):
            raise ValueError("not an id")
        proof = value["proof"]
        return cls(
            request=request,
            by=by,
            role=As(str_of(value["as"])),
            given=parse_time(str_of(value["given"])),
            until=parse_time(str_of(value["until"])),
            uses=Uses(str_of(value["uses"])),
            proof=None if proof is None else proof_of(proof),
        )


def approval_digest(exact: bytes, *, request: str, by: str, role: As, until: datetime, uses: Uses) -> bytes:
    """What is signed, 32 bytes: this exact look, for this request, by this approver, as this, until then."""
    said = canonical(
        {
            "as": str(role),
            "by": by,
            "exact": _b64(exact),
            "request": request,
            "until": time_text(until),
            "uses": str(uses),
        }
    )
    return hashlib.sha256(_DIGEST + said).digest()


def digest_of(approval: Approval, exact: bytes) -> bytes:
    """What the signature in `approval` must be over, where the look is this one."""
    return approval_digest(
        exact, request=approval.request, by=approval.by, role=approval.role, until=approval.until, uses=approval.uses
    )


def overseer_message(digest: bytes) -> bytes:
    """What an overseer's key signs. The words in front keep it from being any other thing that such a key might sign."""
    return _OVERSEER + digest


def proof_of(value: Json) -> Proof:
    """A proof from its JSON. Raises KeyError, TypeError, ValueError."""
    if type(value) is not dict:
        raise TypeError("not an object")
    match value["kind"]:
        case "passkey":
            return Passkey(
                alg=str_of(value["alg"]),
                public=bytes_of(value["public"]),
                rp=str_of(value["rp"]),
                authenticator=bytes_of(value["authenticator"]),
                client=bytes_of(value["client"]),
                signature=bytes_of(value["signature"]),
            )
        case "overseer":
            return Overseen(vkey=str_of(value["vkey"]), signature=bytes_of(value["signature"]))
        case _:
            raise ValueError("no such proof")


def str_of(value: Json) -> str:
    if type(value) is not str:
        raise TypeError("not a text")
    return value


def bytes_of(value: Json) -> bytes:
    text = str_of(value)
    if len(text) > _LONGEST:
        raise ValueError("longer than any signature")
    return b64decode(text, validate=True)


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode()
