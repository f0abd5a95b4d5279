# SPDX-License-Identifier: Apache-2.0
"""The record of one step with a finding, in the named stream `reviews`.

    Step ──encode──▶ {"v":1,"kind":"review","finding":"f-000001","number":3,"what":"resolve",…} ──decode──▶ the same

A refused step is a record too; it has number 0 and moves nothing. `seen` fixes what there was to see when it was resolved:
how many looks, the last one's time and a keyed digest of all their ids, so that it can be said later whether there is more.

Invariants: no text that somebody wrote and no pseudonym of a person stands here: a named stream cannot be erased person by
person. ``decode(encode(x)) == x``; anything else is NotCanonical.                       Specification: docs/review.md
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from whosaw.errors import NotCanonical
from whosaw.model.approval import Overseen, proof_of
from whosaw.model.parsed import count_of, text_of, texts_of
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text
from whosaw.review.words import Resolution, What

STREAM = "reviews"
DETECTORS = "detectors"  # who finds a finding again; no pseudonym is spelled so
Outcome = Literal["done", "refused"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a finding had when it was resolved. `last`: its last look, microseconds since 1970."""

    looks: int
    last: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `by`: a principal's pseudonym, DETECTORS, or an overseer's name, with their signature in `overseen`. `to`: to whom it is assigned. `signals`: of the finding then.

    `two`: the resolution waits for a second. `note`: the keyed digest of a note that is kept elsewhere. `reasons`: codes of a refusal. `why`: codes of ``words.WHY``.
    `brief`: SHA-256 of what an overseer read before they ruled; in records of before there is none.
    """

    at: datetime
    finding: str
    number: int
    what: What
    by: str = field(repr=False)
    to: str | None = field(default=None, repr=False)
    resolution: Resolution | None = None
    why: tuple[str, ...] = ()
    note: bytes | None = field(default=None, repr=False)
    seen: Seen | None = None
    signals: tuple[str, ...] = ()
    two: bool = False
    overseen: Overseen | None = None
    brief: bytes | None = None
    outcome: Outcome = "done"
    reasons: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Canonical bytes."""
        seen = self.seen
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.REVIEW),
                "at": time_text(self.at),
                "finding": self.finding,
                "number": self.number,
                "what": str(self.what),
                "by": self.by,
                "to": self.to,
                "resolution": None if self.resolution is None else str(self.resolution),
                "why": list(self.why),
                "note": None if self.note is None else b64encode(self.note).decode(),
                "seen": None
                if seen is None
                else {"looks": seen.looks, "last": seen.last, "digest": b64encode(seen.digest).decode()},
                "signals": list(self.signals),
                "two": self.two,
                "overseen": None if self.overseen is None else self.overseen.json(),
                "outcome": self.outcome,
                "reasons": list(self.reasons),
                **({} if self.brief is None else {"brief": b64encode(self.brief).decode()}),
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "review") -> Step:
        """The step that `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            said, seen = value["resolution"], value["seen"]
            made = cls(
                at=parse_time(text_of(value["at"]), where),
                finding=text_of(value["finding"]),
                number=count_of(value["number"]),
                what=What(text_of(value["what"])),
                by=text_of(value["by"]),
                to=None if value["to"] is None else text_of(value["to"]),
                resolution=None if said is None else Resolution(text_of(said)),
                why=texts_of(value["why"]),
                note=None if value["note"] is None else b64decode(text_of(value["note"]), validate=True),
                seen=None if seen is None else _seen(seen),
                signals=texts_of(value["signals"]),
                two=value["two"] is True,
                overseen=None if value["overseen"] is None else _overseen(value["overseen"]),
                outcome="refused" if value["outcome"] == "refused" else "done",
                reasons=texts_of(value["reasons"]),
                brief=b64decode(text_of(value["brief"]), validate=True) if "brief" in value else None,
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotCanonical("not a step of a review", where=where) from None
        # Encoding again refuses every field too many, another kind, another version and another spelling, in one line.
        if again != body:
            raise NotCanonical("not the one spelling of a step", where=where)
        return made


def _overseen(value: Json) -> Overseen:
    proof = proof_of(value)
    if not isinstance(proof, Overseen):
        raise TypeError("not an overseer's signature")
    return proof


def _seen(value: Json) -> Seen:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return Seen(count_of(value["looks"]), count_of(value["last"]), b64decode(text_of(value["digest"]), validate=True))
