# SPDX-License-Identifier: Apache-2.0
"""The body of a look, a mention or a bulk look: one value, written by guard and collect, read by everybody after.

    guard, collect ──LookBody.encode──▶ bytes in the journal ──LookBody.decode──▶ facts, inquiry, oversight, vault

``kind`` look: one person, in that person's stream. ``kind`` mention: the same, as part of a bulk look (`bulk` is its
look id). ``kind`` bulk: no person; in the stream ``bulk`` or ``aggregate``, `mentions` counts the mention leaves.
Absent facts are null, never left out: there is one spelling. Only what came later is left out where it is not so (`stage`,
`withheld`, `approvals`, `break_glass`, `caller`, `gate`): looks were recorded before it was there, and stay what they are.
                                                                                        Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, cast, get_args

from whosaw.errors import BadInput, NotCanonical
from whosaw.model.access import Field, Mode
from whosaw.model.approval import Approval
from whosaw.model.caller import Caller
from whosaw.model.gate import GateSaw
from whosaw.model.lately import Lately
from whosaw.model.record import Json, Kind, body_of, flag_of, parse, parse_time, spelled, text_of, time_text
from whosaw.model.stage import Stage

Origin = Literal["asked", "observed"]
Said = Literal["permit", "refuse"]


CODE = re.compile(r"[a-z][a-z_]{0,39}")
_ORIGINS, _SAID = frozenset(get_args(Origin)), frozenset((None, *get_args(Said)))
_LATELY = 1024  # bodies


@dataclass(frozen=True, slots=True)
class Withhold:
    """Until when a statement does not open a look, and for which reason: a code that says nothing of the look."""

    code: str
    until: datetime

    def __post_init__(self) -> None:
        if not CODE.fullmatch(self.code):
            raise ValueError("a code has small letters and underscores")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBody:
    """All that is recorded of one look. Pseudonyms only.

    `asked`: (field, detail) pairs, detail ``-`` where unknown. `claimed`: `on_behalf_of` was only claimed (a tag, an
    application name) and clears nobody. `hint`: the person was found in query text, not in a structured key.
    `ask`: SHA-256 of exactly what was asked (asked looks only). `query`: keyed digest of the query text, `shape` the
    text with every literal replaced. `taken`: when an observed look was taken in. `stage`: how far this record had to come
    before anything was shown for it. `withheld`: the person's statements count this look, and do not open it yet. Digests are
    32 bytes. `break_glass`: it was not to wait for an approval. `caller`: the tool that asked. `gate`: what the gate knew besides
    the directory.
    """

    kind: Kind
    look: str
    origin: Origin
    at: datetime
    principal: str
    person: str | None
    asked: tuple[tuple[Field, str], ...]
    mode: Mode
    source: str
    on_behalf_of: str | None = None
    claimed: bool = False
    hint: bool = False
    purpose: str | None = None
    case: str | None = None
    app: str | None = None
    rows: int | None = None
    bulk: str | None = None
    mentions: int | None = None
    decision: Said | None = None
    rules: tuple[str, ...] = ()
    ask: bytes | None = None
    facts: bytes | None = None
    policy: bytes | None = None
    query: bytes | None = None
    shape: str | None = None
    taken: datetime | None = None
    stage: Stage = Stage.DURABLE
    withheld: Withhold | None = None
    break_glass: bool = False
    caller: Caller | None = None
    gate: GateSaw | None = None
    approvals: tuple[Approval, ...] = ()

    @property
    def who(self) -> str:
        """The human behind the look where one is known, else the account: detection's *who*."""
        return self.on_behalf_of or self.principal

    def encode(self) -> bytes:
        """Canonical bytes. Raises NotCanonical where a fact is of another type, or has no spelling."""
        try:
            body = body_of(self._text())
        except TypeError:
            raise NotCanonical("a fact of another type", where="look") from None
        _spelled.keep(body, self if self._as_read() else _READ)
        return body

    def _text(self) -> str:
        """What ``record.canonical`` makes of it, put together by hand: a look is spelled twice as often as all else together."""
        withheld = self.withheld
        approvals = f'"approvals":{spelled([a.json() for a in self.approvals])},' if self.approvals else ""
        glass = '"break_glass":true,' if self.break_glass else ""
        caller = "" if self.caller is None else f'"caller":{spelled(self.caller.json())},'
        gate = "" if self.gate is None else f'"gate":{self.gate.text()},'
        stage = "" if self.stage is Stage.DURABLE else f'"stage":"{self.stage}",'
        until = (
            ""
            if withheld is None
            else f',"withheld":{spelled({"code": withheld.code, "until": time_text(withheld.until)})}'
        )
        fields = ",".join([f'{{"detail":{text_of(d)},"field":"{f}"}}' for f, d in self.asked])
        taken = "null" if self.taken is None else f'"{time_text(self.taken)}"'
        return (
            f'{{"app":{text_of(self.app)},{approvals}"ask":{_b64(self.ask)},"at":"{time_text(self.at)}",'
            f'{glass}"bulk":{text_of(self.bulk)},{caller}"case":{text_of(self.case)},'
            f'"claimed":{flag_of(self.claimed)},"decision":{text_of(self.decision)},"facts":{_b64(self.facts)},"fields":[{fields}],'
            f'{gate}"hint":{flag_of(self.hint)},"kind":"{self.kind}","look":{text_of(self.look)},'
            f'"mentions":{spelled(self.mentions)},"mode":"{self.mode}","on_behalf_of":{text_of(self.on_behalf_of)},'
            f'"origin":{text_of(self.origin)},"person":{text_of(self.person)},"policy":{_b64(self.policy)},'
            f'"principal":{text_of(self.principal)},"purpose":{text_of(self.purpose)},"query":{_b64(self.query)},'
            f'"rows":{spelled(self.rows)},"rules":[{",".join(map(text_of, self.rules))}],"shape":{text_of(self.shape)},'
            f'"source":{text_of(self.source)},{stage}"taken":{taken},"v":1{until}}}'
        )

    def _as_read(self) -> bool:
        """Whether reading what it is spelled as gives this very value: its times are cut already, and what is no text has its type.

        Not asked of approvals, which are few.
        """
        return (
            not self.approvals
            and type(self.break_glass) is bool
            and self.rows is self.mentions is None
            and self.origin in _ORIGINS
            and self.decision in _SAID
            and self.taken is None
            and _cut(self.at)
            and (self.withheld is None or _cut(self.withheld.until))
            and (self.gate is None or self.gate.last_look is None or _cut(self.gate.last_look))
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "look") -> LookBody:
        """The look that `body` spells; NotCanonical for anything that does not encode back to the same bytes."""
        # Guard and vault both read what was recorded, a moment apart, and the same bytes are the same look.
        return _lately(body) if where == "look" else cls._decoded(body, where)

    @classmethod
    def _decoded(cls, body: bytes, where: str) -> LookBody:
        # What this process has just spelled is the one spelling, and reads as what it was spelled from.
        spelled_from = _spelled.find(body)
        if isinstance(spelled_from, LookBody):
            return spelled_from
        ours = spelled_from is _READ
        value = json.loads(body) if ours else parse(body, where)
        try:
            made = cls._from(value)
            made._check_types()  # noqa: SLF001 - our own, made one line above
            again = body if ours else made.encode()
        except (KeyError, TypeError, ValueError, AttributeError, BadInput):
            raise NotCanonical("not the body of a look", where=where) from None
        if again != body:
            raise NotCanonical("not the one spelling of a look", where=where)
        return made

    def _check_types(self) -> None:
        """Raise TypeError where a fact is not of its type: encoding again gives the same bytes for `5` as for a text."""
        texts = (self.look, self.principal, self.source, *self.rules, *(detail for _, detail in self.asked))
        perhaps = (self.person, self.on_behalf_of, self.purpose, self.case, self.app, self.bulk, self.shape)
        fine = (
            all(type(text) is str for text in texts)
            and all(text is None or type(text) is str for text in perhaps)
            and all(flag is True or flag is False for flag in (self.claimed, self.hint, self.break_glass))
            and all(count is None or (type(count) is int and count >= 0) for count in (self.rows, self.mentions))
            and self.origin in get_args(Origin)
            and (self.decision is None or self.decision in get_args(Said))
        )
        if not fine:
            raise TypeError("a fact of another type")

    @classmethod
    def _from(cls, value: Mapping[str, Json]) -> LookBody:
        fields = cast("list[dict[str, str]]", value["fields"])
        taken = value["taken"]
        kind = Kind(cast("str", value["kind"]))
        if kind not in LOOKS or value["v"] != 1:
            raise ValueError("another kind or version")
        return cls(
            kind=kind,
            look=cast("str", value["look"]),
            origin=cast("Origin", value["origin"]),
            at=parse_time(cast("str", value["at"])),
            principal=cast("str", value["principal"]),
            person=cast("str | None", value["person"]),
            asked=tuple((Field(f["field"]), f["detail"]) for f in fields),
            mode=Mode(cast("str", value["mode"])),
            source=cast("str", value["source"]),
            on_behalf_of=cast("str | None", value["on_behalf_of"]),
            claimed=cast("bool", value["claimed"]),
            hint=cast("bool", value["hint"]),
            purpose=cast("str | None", value["purpose"]),
            case=cast("str | None", value["case"]),
            app=cast("str | None", value["app"]),
            rows=cast("int | None", value["rows"]),
            bulk=cast("str | None", value["bulk"]),
            mentions=cast("int | None", value["mentions"]),
            decision=cast("Said | None", value["decision"]),
            rules=tuple(cast("list[str]", value["rules"])),
            ask=_bytes(cast("str | None", value["ask"])),
            facts=_bytes(cast("str | None", value["facts"])),
            policy=_bytes(cast("str | None", value["policy"])),
            query=_bytes(cast("str | None", value["query"])),
            shape=cast("str | None", value["shape"]),
            taken=None if taken is None else parse_time(cast("str", taken)),
            stage=Stage(cast("str", value.get("stage", "durable"))),
            withheld=_withhold(cast("dict[str, str] | None", value.get("withheld"))),
            break_glass=cast("bool", value.get("break_glass", False)),
            caller=None if "caller" not in value else Caller.of(cast("dict[str, Json]", value["caller"])),
            gate=None if "gate" not in value else GateSaw.of(cast("dict[str, Json]", value["gate"])),
            approvals=tuple(map(Approval.of, cast("list[Json]", value.get("approvals", [])))),
        )


# What `LookBody.encode` has spelled: from which value, or that it is to be read because reading may give another.
_READ = "read"
_spelled: Lately[bytes, LookBody | str] = Lately(_LATELY)


@lru_cache(_LATELY)
def _lately(body: bytes) -> LookBody:
    return LookBody._decoded(body, "look")  # noqa: SLF001 - one function in two parts


LOOKS = frozenset({Kind.LOOK, Kind.MENTION, Kind.BULK})


def _withhold(value: dict[str, str] | None) -> Withhold | None:
    return None if value is None else Withhold(value["code"], parse_time(value["until"]))


def _b64(raw: bytes | None) -> str:
    return "null" if raw is None else f'"{b64encode(raw).decode()}"'


def _cut(at: datetime) -> bool:
    return at.tzinfo is UTC and at.microsecond % 1000 == 0


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text, validate=True)
