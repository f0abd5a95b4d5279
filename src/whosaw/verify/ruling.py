# SPDX-License-Identifier: Apache-2.0
"""What an overseer rules about a finding, on a machine of their own: read the brief, sign how it ended, bring it back.

    brief    Brief     what the house exports: the finding in sentences, and at which step it is; sealed by it   ──▶ shown
    ruling   Ruling    the brief, and how it ended, signed                                   ──▶ whosaw finding bring FILE

    seal         keyed digest, the house's own, over  ff ‖ "whosaw/finding/brief/v2" ‖ 00 ‖ canonical(the brief without it)
    signature    over  "whosaw/finding/overseer/v2" ‖ 00 ‖ canonical(origin, finding, number, seen, resolution, why, brief)
                 where brief is the SHA-256 of the file that was read

Invariant: a ruling is over one finding at one step of one log, as it was then and as the house told it: it counts once, not after
anything else was done with it, nor when there is more in it than was read, nor where somebody on the way told it otherwise.
Nobody is named in either file but the overseer.                                         Specification: docs/review.md
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.model.approval import bytes_of
from whosaw.model.parsed import text_of, texts_of
from whosaw.model.record import Json, canonical, parse
from whosaw.tlog.note import VerifierKey
from whosaw.verify.overseer import OverseerKey, check_signature

_DOMAIN = b"whosaw/finding/overseer/v2\0"
# No text begins so: of what somebody types the house makes keyed digests, too, and puts them on record.
_SEAL = b"\xffwhosaw/finding/brief/v2\0"
_VERSION = 2
_NOT_OURS = "the brief is not what this house wrote: what was read is not what is known here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A finding for somebody outside. `number`: of the step that the ruling would be; `seen`: keyed digest of what is in it;

    `proposed`: how one here resolved it. `seal`: that the house wrote exactly this, which only the house can tell.
    """

    origin: str
    finding: str
    number: int
    seen: bytes
    sentence: str
    against: tuple[str, ...]
    proposed: str | None
    seal: bytes = b""

    def sealed(self, digest: Callable[[bytes], bytes]) -> Brief:
        """The same, as the house of `digest` gives it out."""
        return replace(self, seal=digest(self._told()))

    def check(self, digest: Callable[[bytes], bytes]) -> None:
        """Raises ProofFailed where the house of `digest` did not write it so."""
        if not hmac.compare_digest(self.seal, digest(self._told())):
            raise ProofFailed(_NOT_OURS, step="brief")

    def _told(self) -> bytes:
        return _SEAL + canonical({name: value for name, value in self.json().items() if name != "seal"})

    def json(self) -> dict[str, Json]:
        return {
            "v": _VERSION, "kind": "finding_brief", "origin": self.origin, "finding": self.finding, "number": self.number,
            "seen": b64encode(self.seen).decode(), "sentence": self.sentence, "against": list(self.against), "proposed": self.proposed,
            "seal": b64encode(self.seal).decode(),
        }  # fmt: skip

    def encode(self) -> bytes:
        """Canonical bytes and a newline."""
        return canonical(self.json()) + b"\n"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file."""
        return hashlib.sha256(self.encode()).digest()

    @classmethod
    def parse(cls, raw: bytes, where: str = "brief") -> Brief:
        """The brief that `raw` spells. Raises NotCanonical."""
        value = parse(raw.removesuffix(b"\n"), where)
        try:
            made = _brief(value)
            again = made.encode()
        except (KeyError, TypeError, ValueError):
            raise NotCanonical("not the brief of a finding, or of another version", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a brief, or of another version", where=where)
        return made


def _brief(value: Json) -> Brief:
    if not isinstance(value, dict):
        raise TypeError("no brief")
    proposed = value["proposed"]
    return Brief(
        origin=text_of(value["origin"]),
        finding=text_of(value["finding"]),
        number=_number(value["number"]),
        seen=bytes_of(value["seen"]),
        sentence=text_of(value["sentence"]),
        against=texts_of(value["against"]),
        proposed=None if proposed is None else text_of(proposed),
        seal=bytes_of(value["seal"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How a finding ended, in an overseer's name. `brief`: what they read. Whether signature and brief hold is ``check``'s to say."""

    brief: Brief
    resolution: str
    why: tuple[str, ...]
    vkey: str
    signature: bytes = field(repr=False)

    @classmethod
    def sign(cls, brief: Brief, resolution: str, why: tuple[str, ...], key: OverseerKey) -> Ruling:
        """How the finding of `brief` ended, as the overseer of `key` says."""
        message = _message(brief, resolution, why)
        return cls(brief=brief, resolution=resolution, why=why, vkey=key.vkey, signature=key.sign_message(message))

    @property
    def by(self) -> str:
        """The overseer's name, as the key has it."""
        return self.vkey.split("+")[0]

    def check(self, digest: Callable[[bytes], bytes]) -> VerifierKey:
        """The key that signed it, over a brief of the house of `digest`. Raises ProofFailed. Whose key it is, a key by itself cannot say."""
        key = check_signature(self.vkey, self.signature, _message(self.brief, self.resolution, self.why), "ruling")
        self.brief.check(digest)
        return key

    def encode(self) -> bytes:
        """Canonical bytes and a newline."""
        said: dict[str, Json] = {
            "v": _VERSION, "kind": "finding_ruling", "brief": self.brief.json(), "resolution": self.resolution, "why": list(self.why),
            "vkey": self.vkey, "signature": b64encode(self.signature).decode(),
        }  # fmt: skip
        return canonical(said) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, where: str = "ruling") -> Ruling:
        """The ruling that `raw` spells. Raises NotCanonical."""
        value = parse(raw.removesuffix(b"\n"), where)
        try:
            made = cls(
                brief=_brief(value["brief"]),
                resolution=text_of(value["resolution"]),
                why=texts_of(value["why"]),
                vkey=text_of(value["vkey"]),
                signature=bytes_of(value["signature"]),
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError):
            raise NotCanonical("not a ruling about a finding, or of another version", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a ruling, or of another version", where=where)
        return made


def _message(brief: Brief, resolution: str, why: tuple[str, ...]) -> bytes:
    said: dict[str, Json] = {
        "origin": brief.origin, "finding": brief.finding, "number": brief.number, "seen": b64encode(brief.seen).decode(),
        "resolution": resolution, "why": list(why), "brief": b64encode(brief.digest).decode(),
    }  # fmt: skip
    return _DOMAIN + canonical(said)


def _number(value: Json) -> int:
    if type(value) is not int or value < 1:
        raise TypeError("not the number of a step")
    return value
