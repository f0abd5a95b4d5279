# SPDX-License-Identifier: Apache-2.0
"""The records of an inquiry: who asked, after what, with what outcome; and whose names two have opened.

    Step      kind inquiry   somebody asked about a person, about a finding, or what its looks could have told (nearness)
    Unsealing kind unseal    two asked for the names behind a finding
    Told      kind inferred  what two addresses could have told, one of which was of this person; in their stream only

A step about a person stands in that person's stream, where they read it in their statement, and word for word in the
named stream ``inquiry``, where an overseer reads the ledger without the key of any person.

Invariant: no body here holds a person's pseudonym or id, in whatever stream it stands. What is in a named stream cannot
be erased person by person, so it holds counts only.                    Specification: docs/spec/inquiry.md
"""

from __future__ import annotations

from base64 import b32encode, b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar, cast, get_args

from whosaw.errors import NotCanonical
from whosaw.inquiry.ports import Pseudonyms
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text

What = Literal["person", "finding", "nearness"]
Outcome = Literal["shown", "refused"]
Opening = Literal["opened", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Somebody asked. `finding` is null for a person, and where no finding has the id that was given.

    `persons`: how many the step is about; 0 where nobody knows the person. `reasons`: codes of ``independent.REASONS``.
    """

    id: str
    at: datetime
    what: What
    asker: str = field(repr=False)
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    finding: str | None = None
    persons: int

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.INQUIRY),
                "id": self.id,
                "at": time_text(self.at),
                "what": self.what,
                "asker": self.asker,
                "outcome": self.outcome,
                "reasons": list(self.reasons),
                "finding": self.finding,
                "persons": self.persons,
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "inquiry") -> Step:
        """The step that `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            made = cls(
                id=_text(value["id"]),
                at=parse_time(_text(value["at"])),
                what=cast("What", _one_of(value["what"], get_args(What))),
                asker=_text(value["asker"]),
                outcome=cast("Outcome", _one_of(value["outcome"], get_args(Outcome))),
                reasons=_texts(value["reasons"]),
                finding=_perhaps(value["finding"]),
                persons=_count(value["persons"]),
            )
        except (KeyError, ValueError):
            raise NotCanonical("not the body of a step of an inquiry", where=where) from None
        return _again(made, body, where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealing:
    """Two asked for names. In the named stream `principals` are those named and `persons` says how many persons' names
    were asked for beside them; in a person's own stream `principals` is empty and `persons` is 1: theirs.

    `bound`: keyed digest of exactly what was asked, 32 bytes (``exactly``); with it a retry is the same or is refused.
    """

    id: str
    at: datetime
    finding: str | None
    requester: str = field(repr=False)
    approver: str = field(repr=False)
    outcome: Opening
    reasons: tuple[str, ...] = ()
    principals: tuple[str, ...] = field(default=(), repr=False)
    persons: int
    bound: bytes

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.UNSEAL),
                "id": self.id,
                "at": time_text(self.at),
                "finding": self.finding,
                "requester": self.requester,
                "approver": self.approver,
                "outcome": self.outcome,
                "reasons": list(self.reasons),
                "principals": list(self.principals),
                "persons": self.persons,
                "bound": b64encode(self.bound).decode(),
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "unseal") -> Unsealing:
        """The unsealing that `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            made = cls(
                id=_text(value["id"]),
                at=parse_time(_text(value["at"])),
                finding=_perhaps(value["finding"]),
                requester=_text(value["requester"]),
                approver=_text(value["approver"]),
                outcome=cast("Opening", _one_of(value["outcome"], get_args(Opening))),
                reasons=_texts(value["reasons"]),
                principals=_texts(value["principals"]),
                persons=_count(value["persons"]),
                bound=_digest(value["bound"]),
            )
        except (KeyError, ValueError):
            raise NotCanonical("not the body of an unsealing", where=where) from None
        return _again(made, body, where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was found of one pair, for a person of whom one of the two was; of whom the other was, does not stand here.

    `step`: the step that found it. `near`: a class of ``places.nearness``. `said`: why, in the sentences that were told. `own`: both were of this person.
    """

    step: str
    at: datetime
    finding: str
    asker: str = field(repr=False)
    own: bool
    near: str
    said: tuple[str, ...] = field(repr=False)

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.INFERRED),
                "step": self.step,
                "at": time_text(self.at),
                "finding": self.finding,
                "asker": self.asker,
                "own": self.own,
                "near": self.near,
                "said": list(self.said),
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "inferred") -> Told:
        """What `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            made = cls(
                step=_text(value["step"]),
                at=parse_time(_text(value["at"])),
                finding=_text(value["finding"]),
                asker=_text(value["asker"]),
                own=_flag(value["own"]),
                near=_text(value["near"]),
                said=_texts(value["said"]),
            )
        except (KeyError, ValueError):
            raise NotCanonical("not the body of what could have been inferred", where=where) from None
        return _again(made, body, where)


_B = TypeVar("_B", Step, Unsealing, Told)


def exactly(pseudonyms: Pseudonyms, said: Mapping[str, Json]) -> bytes:
    """The keyed digest of what was asked, 32 bytes: the same question has the same one, and without the key it says
    nothing of whom it was about.
    """
    return pseudonyms.digest(canonical({"domain": "whosaw/inquiry/v1", **said}))


def step_id(letter: str, digest: bytes) -> str:
    """`i-` or `u-` and 16 characters."""
    return f"{letter}-{b32encode(digest[:10]).decode().lower()}"


def _again(made: _B, body: bytes, where: str) -> _B:
    # Encoding again refuses every field too many, another kind, another version and another spelling, in one line.
    if made.encode() != body:
        raise NotCanonical("not the one spelling of a step", where=where)
    return made


def _text(value: Json) -> str:
    if type(value) is not str:
        raise ValueError("not a text")
    return value


def _perhaps(value: Json) -> str | None:
    return None if value is None else _text(value)


def _texts(value: Json) -> tuple[str, ...]:
    if type(value) is not list:
        raise ValueError("not a list")
    return tuple(_text(each) for each in value)


def _one_of(value: Json, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError("not one of the words")
    return _text(value)


def _flag(value: Json) -> bool:
    if type(value) is not bool:
        raise ValueError("not true or false")
    return value


def _count(value: Json) -> int:
    # `true` is an int in Python.
    if type(value) is not int or value < 0:
        raise ValueError("not a count")
    return value


def _digest(value: Json) -> bytes:
    raw = b64decode(_text(value), validate=True)
    if len(raw) != 32:
        raise ValueError("not 32 bytes")
    return raw
