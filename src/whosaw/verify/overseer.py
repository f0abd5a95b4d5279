# SPDX-License-Identifier: Apache-2.0
"""What an overseer does on a machine of their own: read a request, sign it, or not. No log, no network, no organisation.

    overseer.key     OverseerKey     a seed that nobody but the overseer has       ──▶ vkey, given to the organisation
    request file     RequestFile     what the gate exports: exactly what is asked  ──▶ shown, and checked
    signed file      SignedFile      brought back: whosaw approval give --from FILE

    signature over  "whosaw/approval/overseer/v1" ‖ 00 ‖ approval digest        Ed25519, or ML-DSA-44 (empty context)

Invariant: what is shown is what is signed: the digest is made of the fields in the file, never taken from it, and a file
whose digest is of other fields is refused. Persons stand in it by pseudonym.
                                                                        Specification: docs/spec/approval.md
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.model.access import Asked, Field, Look, Mode
from whosaw.model.approval import As, Overseen, Uses, approval_digest, bytes_of, overseer_message, str_of
from whosaw.model.ask import exact_digest
from whosaw.model.record import Json, canonical, parse, parse_time, time_text
from whosaw.tlog.note import ED25519, MLDSA44, VerifierKey

KINDS = {"ed25519": ED25519, "ml-dsa-44": MLDSA44}
_HEAD = b"whosaw overseer key v1 "


@dataclass(frozen=True, slots=True)
class OverseerKey:
    """The private half. Its repr shows whose it is and nothing else."""

    name: str
    kind: int
    seed: bytes = field(repr=False)

    @classmethod
    def make(cls, name: str, kind: str, random: Callable[[int], bytes]) -> OverseerKey:
        """A new key. Raises BadInput for what is no name of a key."""
        made = cls(name, KINDS[kind], random(32))
        VerifierKey(name, made.kind, made._public())  # what could not be verified is not made
        return made

    def encode(self) -> bytes:
        """The file: one line."""
        word = next(word for word, kind in KINDS.items() if kind == self.kind)
        return _HEAD + f"{self.name} {word} ".encode() + b64encode(self.seed) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, where: str = "overseer key") -> OverseerKey:
        """The key that `raw` spells. Raises NotCanonical, with nothing of it."""
        try:
            name, word, seed = raw.removeprefix(_HEAD).removesuffix(b"\n").decode().split(" ")
            made = cls(name, KINDS[word], b64decode(seed, validate=True))
            VerifierKey(made.name, made.kind, made._public())
            again = made.encode()
        except (ValueError, KeyError, BadInput):
            raise NotCanonical("not the key of an overseer", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of an overseer's key", where=where)
        return made

    @property
    def vkey(self) -> str:
        """The public half as text, for `[[overseer]]` in whosaw.toml."""
        return VerifierKey(self.name, self.kind, self._public()).encode()

    def sign(self, request: RequestFile) -> SignedFile:
        """`request`, as this overseer."""
        message = overseer_message(request.digest(self.name))
        return SignedFile(request.id, self.vkey, self._private().sign(message))

    def sign_message(self, message: bytes) -> bytes:
        """`message`, as it is. Whoever calls this has put in front what keeps it from being any other thing."""
        return self._private().sign(message)

    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if len(self.seed) != 32:
            raise ValueError("a seed has 32 bytes")
        if self.kind == ED25519:
            return Ed25519PrivateKey.from_private_bytes(self.seed)
        return MLDSA44PrivateKey.from_seed_bytes(self.seed)

    def _public(self) -> bytes:
        return self._private().public_key().public_bytes_raw()


def check_overseen(overseen: Overseen, digest: bytes, where: str = "approval") -> VerifierKey:
    """The key that signed `digest`. Raises ProofFailed. Whose key it is, a key by itself cannot say."""
    return check_signature(overseen.vkey, overseen.signature, overseer_message(digest), where)


def check_signature(vkey: str, signature: bytes, message: bytes, where: str) -> VerifierKey:
    """The key that signed `message`. Raises ProofFailed."""
    try:
        key = VerifierKey.parse(vkey, where)
        match key.kind:
            case 0x01:
                Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
            case 0x06:
                MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
            case _:
                raise ProofFailed("the overseer's key is of a kind that signs no approvals", step="approval")
    except (InvalidSignature, NotCanonical, ValueError):
        raise ProofFailed("the overseer's signature does not fit", step="approval") from None
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """Exactly what is asked for. `reason`: what the one who asks wrote; it is theirs, and nobody has checked it."""

    id: str
    origin: str
    principal: str
    person: str
    asked: tuple[Asked, ...]
    purpose: str
    case: str | None
    mode: Mode
    at: datetime
    answer_by: datetime
    until: datetime
    uses: Uses
    reason: str | None = field(repr=False)

    @property
    def exact(self) -> bytes:
        return exact_digest(
            Look(
                look_id="-", principal=self.principal, person=self.person, asked=self.asked, purpose=self.purpose,
                case=self.case, key="-", mode=self.mode,
            ), self.principal, self.person,
        )  # fmt: skip

    def digest(self, name: str) -> bytes:
        """What an overseer of this name signs."""
        return approval_digest(self.exact, request=self.id, by=name, role=As.OVERSEER, until=self.until, uses=self.uses)

    def encode(self) -> bytes:
        """Canonical bytes and a newline."""
        said: dict[str, Json] = {
            "v": 1, "kind": "approval_request", "request": self.id, "origin": self.origin,
            "principal": self.principal, "person": self.person,
            "fields": [{"field": str(a.field), "detail": a.detail} for a in sorted(self.asked)],
            "purpose": self.purpose, "case": self.case, "mode": str(self.mode), "at": time_text(self.at),
            "answer_by": time_text(self.answer_by), "until": time_text(self.until), "uses": str(self.uses),
            "reason": self.reason, "exact": b64encode(self.exact).decode(),
        }  # fmt: skip
        return canonical(said) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, where: str = "request") -> RequestFile:
        """The request that `raw` spells. Raises NotCanonical; also where its digest is of other fields."""
        value = parse(raw.removesuffix(b"\n"), where)
        try:
            case, reason = value["case"], value["reason"]
            fields = cast("list[dict[str, str]]", value["fields"])
            made = cls(
                id=str_of(value["request"]),
                origin=str_of(value["origin"]),
                principal=str_of(value["principal"]),
                person=str_of(value["person"]),
                asked=tuple(Asked(Field(each["field"]), each["detail"]) for each in fields),
                purpose=str_of(value["purpose"]),
                case=None if case is None else str_of(case),
                mode=Mode(str_of(value["mode"])),
                at=parse_time(str_of(value["at"])),
                answer_by=parse_time(str_of(value["answer_by"])),
                until=parse_time(str_of(value["until"])),
                uses=Uses(str_of(value["uses"])),
                reason=None if reason is None else str_of(reason),
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError, BadInput):
            raise NotCanonical("not a request for an approval", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a request: its digest may be of other fields", where=where)
        return made


@dataclass(frozen=True, slots=True)
class SignedFile:
    """An overseer's signature over one request."""

    request: str
    vkey: str
    signature: bytes = field(repr=False)

    @property
    def by(self) -> str:
        """The overseer's name, as the key has it."""
        return self.vkey.split("+")[0]

    def encode(self) -> bytes:
        """Canonical bytes and a newline."""
        said: dict[str, Json] = {
            "v": 1, "kind": "approval_signed", "request": self.request, "vkey": self.vkey,
            "signature": b64encode(self.signature).decode(),
        }  # fmt: skip
        return canonical(said) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, where: str = "signed request") -> SignedFile:
        """The signature that `raw` spells. Raises NotCanonical. Whether it holds is ``check_overseen``'s to say."""
        value = parse(raw.removesuffix(b"\n"), where)
        try:
            made = cls(str_of(value["request"]), str_of(value["vkey"]), bytes_of(value["signature"]))
            again = made.encode()
        except (KeyError, TypeError, ValueError):
            raise NotCanonical("not a signed request", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a signed request", where=where)
        return made
