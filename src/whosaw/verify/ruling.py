# SPDX-License-Identifier: Apache-2.0
"""What an overseer rules about a finding, on a machine of their own: read the brief, sign how it ended, bring it back.

    brief    Brief     what the house exports: the finding in sentences, and at which step it is   ──▶ shown
    ruling   Ruling    how it ended, signed                                                        ──▶ whosaw finding bring FILE

    signature over  "whosaw/finding/overseer/v1" ‖ 00 ‖ canonical(origin, finding, number, seen, resolution, why)

Invariant: a ruling is over one finding at one step of one log, as it was then: it counts once, and not after anything else was done with
it, nor when there is more in it than was read.
Nobody is named in either file but the overseer.                                         Specification: docs/review.md
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical
from whosaw.model.approval import bytes_of
from whosaw.model.parsed import text_of, texts_of
from whosaw.model.record import Json, canonical, parse
from whosaw.tlog.note import VerifierKey
from whosaw.verify.overseer import OverseerKey, check_signature

_DOMAIN = b"whosaw/finding/overseer/v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A finding for somebody outside. `number`: of the step that the ruling would be; `seen`: keyed digest of what is in it;

    `proposed`: how one here resolved it.
    """

    origin: str
    finding: str
    number: int
    seen: bytes
    sentence: str
    against: tuple[str, ...]
    proposed: str | None

    def encode(self) -> bytes:
        """Canonical bytes and a newline."""
        said: dict[str, Json] = {
            "v": 1, "kind": "finding_brief", "origin": self.origin, "finding": self.finding, "number": self.number,
            "seen": b64encode(self.seen).decode(), "sentence": self.sentence, "against": list(self.against), "proposed": self.proposed,
        }  # fmt: skip
        return canonical(said) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, where: str = "brief") -> Brief:
        """The brief that `raw` spells. Raises NotCanonical."""
        value = parse(raw.removesuffix(b"\n"), where)
        try:
            proposed = value["proposed"]
            made = cls(
                origin=text_of(value["origin"]),
                finding=text_of(value["finding"]),
                number=_number(value["number"]),
                seen=bytes_of(value["seen"]),
                sentence=text_of(value["sentence"]),
                against=texts_of(value["against"]),
                proposed=None if proposed is None else text_of(proposed),
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError):
            raise NotCanonical("not the brief of a finding", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a brief", where=where)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How a finding ended, in an overseer's name. Whether the signature holds is ``check``'s to say."""

    origin: str
    finding: str
    number: int
    seen: bytes
    resolution: str
    why: tuple[str, ...]
    vkey: str
    signature: bytes = field(repr=False)

    @classmethod
    def sign(cls, brief: Brief, resolution: str, why: tuple[str, ...], key: OverseerKey) -> Ruling:
        """How the finding of `brief` ended, as the overseer of `key` says."""
        message = _message(brief.origin, brief.finding, brief.number, brief.seen, resolution=resolution, why=why)
        return cls(
            origin=brief.origin, finding=brief.finding, number=brief.number, seen=brief.seen, resolution=resolution, why=why,
            vkey=key.vkey, signature=key.sign_message(message),
        )  # fmt: skip

    @property
    def by(self) -> str:
        """The overseer's name, as the key has it."""
        return self.vkey.split("+")[0]

    def check(self) -> VerifierKey:
        """The key that signed it. Raises ProofFailed. Whose key it is, a key by itself cannot say."""
        message = _message(self.origin, self.finding, self.number, self.seen, resolution=self.resolution, why=self.why)
        return check_signature(self.vkey, self.signature, message, "ruling")

    def encode(self) -> bytes:
        """Canonical bytes and a newline."""
        said: dict[str, Json] = {
            "v": 1, "kind": "finding_ruling", "origin": self.origin, "finding": self.finding, "number": self.number,
            "seen": b64encode(self.seen).decode(), "resolution": self.resolution, "why": list(self.why), "vkey": self.vkey,
            "signature": b64encode(self.signature).decode(),
        }  # fmt: skip
        return canonical(said) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, where: str = "ruling") -> Ruling:
        """The ruling that `raw` spells. Raises NotCanonical."""
        value = parse(raw.removesuffix(b"\n"), where)
        try:
            made = cls(
                origin=text_of(value["origin"]),
                finding=text_of(value["finding"]),
                number=_number(value["number"]),
                seen=bytes_of(value["seen"]),
                resolution=text_of(value["resolution"]),
                why=texts_of(value["why"]),
                vkey=text_of(value["vkey"]),
                signature=bytes_of(value["signature"]),
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError):
            raise NotCanonical("not a ruling about a finding", where=where) from None
        if again != raw:
            raise NotCanonical("not the one spelling of a ruling", where=where)
        return made


def _message(origin: str, finding: str, number: int, seen: bytes, *, resolution: str, why: tuple[str, ...]) -> bytes:
    said: dict[str, Json] = {
        "origin": origin, "finding": finding, "number": number, "seen": b64encode(seen).decode(), "resolution": resolution,
        "why": list(why),
    }  # fmt: skip
    return _DOMAIN + canonical(said)


def _number(value: Json) -> int:
    if type(value) is not int or value < 1:
        raise TypeError("not the number of a step")
    return value
