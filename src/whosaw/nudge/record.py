# SPDX-License-Identifier: Apache-2.0
"""The records of the question of the same day, in the named stream `nudges`.

    Round     the looks of these leaves were considered, once and for all: how many were asked about, held back, left out
    Question  one look: asked about, or not: `apart`, to see what asking does, or `held`, because it would warn
    Answer    what the one who looked says it was for; `against`: what of it does not agree with what is on file
    Silence   nobody answered in time

A look is named by its leaf, which says nothing of whose data it was at. Of a case only whether there is one by that name, and
its number where there is: another is a text that somebody typed.

Invariants: no pseudonym of a person and no typed text stands here: a named stream cannot be erased person by person.
``decode(encode(x)) == x``; anything else is NotCanonical.                                Specification: docs/nudge.md
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from whosaw.errors import NotCanonical
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text

STREAM = "nudges"
_N = TypeVar("_N")


class Fate(StrEnum):
    """What became of a look that was chosen."""

    ASKED = "asked"
    APART = "apart"  # would have been asked about; its principal is not asked for a while
    HELD = "held"  # would have been asked about; a finding of several, or one under review, is about its principal


class Chosen(StrEnum):
    """Why a look was chosen."""

    RULE = "rule"
    LOT = "lot"


class Said(StrEnum):
    """What somebody can answer."""

    PURPOSE = "purpose"
    MISTAKE = "mistake"
    UNIT = "unit"  # ask my unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Looks of leaves from `first` up to `end`, excluded. `root`: of the checkpoint that the lots were drawn with.

    `stale`: too old to be asked about; `nobody`: by machines, or by accounts that nobody knows.
    """

    number: int
    at: datetime
    first: int
    end: int
    root: bytes
    looks: int
    stale: int
    nobody: int

    def encode(self) -> bytes:
        """Canonical bytes."""
        return _body(
            "round", self.at, number=self.number, first=self.first, end=self.end, root=b64encode(self.root).decode(),
            looks=self.looks, stale=self.stale, nobody=self.nobody,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One look. `day`: of the look, days since 1970. `repeat`: the same principal had looked at this person before.

    `due`: until when an answer is in time. `explained`: a reason was on file, and the lot fell on it.
    """

    id: str
    at: datetime
    who: str = field(repr=False)
    leaf: int
    day: int
    due: datetime
    fate: Fate
    chosen: Chosen
    explained: bool
    repeat: bool

    def encode(self) -> bytes:
        """Canonical bytes."""
        return _body(
            "question", self.at, id=self.id, who=self.who, leaf=self.leaf, day=self.day, due=time_text(self.due),
            fate=str(self.fate), chosen=str(self.chosen), explained=self.explained, repeat=self.repeat,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`case_given`: a case was named; `case`: its number, where there is such a case. `against`: codes of ``facts.AGAINST``."""

    id: str
    at: datetime
    by: str = field(repr=False)
    said: Said
    purpose: str | None = None
    case_given: bool = False
    case: str | None = None
    against: tuple[str, ...] = ()
    late: bool = False

    def encode(self) -> bytes:
        """Canonical bytes."""
        return _body(
            "answer", self.at, id=self.id, by=self.by, said=str(self.said), purpose=self.purpose,
            case_given=self.case_given, case=self.case, against=list(self.against), late=self.late,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    id: str
    at: datetime

    def encode(self) -> bytes:
        """Canonical bytes."""
        return _body("silence", self.at, id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Somebody wanted to answer a question that is not theirs, or that was answered. `reasons`: codes."""

    at: datetime
    by: str = field(repr=False)
    reasons: tuple[str, ...]

    def encode(self) -> bytes:
        """Canonical bytes."""
        return _body("refusal", self.at, by=self.by, reasons=list(self.reasons))


Nudged = Round | Question | Answer | Silence | Refusal


def decode(body: bytes, where: str = "nudge") -> Nudged:
    """The record that `body` spells. Raises NotCanonical for everything else."""
    return _decoded(body, parse(body, where), where)


def of_stream(body: bytes) -> Nudged | None:
    """The same; None for what else stands in the stream, its enrolment."""
    value = parse(body, "nudge")
    return _decoded(body, value, "nudge") if value["kind"] == str(Kind.NUDGE) else None


def _decoded(body: bytes, value: Mapping[str, Json], where: str) -> Nudged:
    try:
        made = _MAKE[_text(value["what"])](value)
        again = made.encode()
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotCanonical("not a record of a question", where=where) from None
    # Encoding again refuses every field too many, another kind, another version and another spelling, in one line.
    if again != body:
        raise NotCanonical("not the one spelling of a question", where=where)
    return made


def _body(what: str, at: datetime, **said: Json) -> bytes:
    return canonical({"v": 1, "kind": str(Kind.NUDGE), "what": what, "at": time_text(at), **said})


def _round(v: Mapping[str, Json]) -> Round:
    return Round(
        number=_count(v["number"]), at=_time(v["at"]), first=_count(v["first"]), end=_count(v["end"]),
        root=b64decode(_text(v["root"]), validate=True), looks=_count(v["looks"]), stale=_count(v["stale"]),
        nobody=_count(v["nobody"]),
    )  # fmt: skip


def _question(v: Mapping[str, Json]) -> Question:
    return Question(
        id=_text(v["id"]), at=_time(v["at"]), who=_text(v["who"]), leaf=_count(v["leaf"]), day=_count(v["day"]),
        due=_time(v["due"]), fate=Fate(_text(v["fate"])), chosen=Chosen(_text(v["chosen"])), explained=_flag(v["explained"]),
        repeat=_flag(v["repeat"]),
    )  # fmt: skip


def _answer(v: Mapping[str, Json]) -> Answer:
    return Answer(
        id=_text(v["id"]), at=_time(v["at"]), by=_text(v["by"]), said=Said(_text(v["said"])),
        purpose=_perhaps(v["purpose"]), case_given=_flag(v["case_given"]), case=_perhaps(v["case"]),
        against=_texts(v["against"]), late=_flag(v["late"]),
    )  # fmt: skip


_MAKE: Mapping[str, Callable[[Mapping[str, Json]], Nudged]] = {
    "round": _round,
    "question": _question,
    "answer": _answer,
    "silence": lambda v: Silence(id=_text(v["id"]), at=_time(v["at"])),
    "refusal": lambda v: Refusal(at=_time(v["at"]), by=_text(v["by"]), reasons=_texts(v["reasons"])),
}


def _of(kind: type[_N], value: Any) -> _N:
    if type(value) is not kind:
        raise TypeError("not such a value")
    return value


def _text(value: Json) -> str:
    return _of(str, value)


def _perhaps(value: Json) -> str | None:
    return None if value is None else _text(value)


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(_text(each) for each in _of(list, value))


def _flag(value: Json) -> bool:
    return _of(bool, value)


def _time(value: Json) -> datetime:
    return parse_time(_text(value), "nudge")


def _count(value: Json) -> int:
    # `true` is an int in Python.
    number = _of(int, value)
    if number < 0:
        raise ValueError("not a count")
    return number
