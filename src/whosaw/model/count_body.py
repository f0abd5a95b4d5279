# SPDX-License-Identifier: Apache-2.0
"""A question for numbers without people, and its record: what was asked, by whom, what for, and what it cost.

    Question ──digest──▶ the same question has the same answer        CountBody ──encode──▶ a record in the stream `aggregate`

Invariant: no body here has a number that was counted, or a person.                      Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from whosaw.errors import BadInput, NotCanonical
from whosaw.model.access import Asked
from whosaw.model.caller import Caller
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Question:
    """How many accounts under each heading? `period`: an epoch such as 2026-W47. `headings`: in their one spelling and order."""

    asked: Asked
    period: str
    headings: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The same for the same question, whoever asks it and what for."""
        value: Json = {
            "field": str(self.asked.field), "detail": self.asked.detail, "period": self.period,
            "headings": list(self.headings),
        }  # fmt: skip
        return hashlib.sha256(b"whosaw/count/v1" + canonical(value)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBody:
    """`question`: its digest; `headings`: how many it has. `epsilon`: of the answer, `charged`: to the budget, in thousandths.

    `again`: it was answered before and has the same answer, which costs nothing. `purpose` and `case` as in a call for
    pseudonyms. `reasons`: rule ids, for a refusal.
    """

    count: str
    at: datetime
    principal: str = field(repr=False)
    purpose: str | None
    case: str | None
    asked: Asked
    period: str
    headings: int
    question: str
    epsilon: int
    charged: int
    again: bool
    permitted: bool
    reasons: tuple[str, ...] = ()
    caller: Caller | None = None

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.COUNT),
                "count": self.count,
                "at": time_text(self.at),
                "principal": self.principal,
                "purpose": self.purpose,
                "case": self.case,
                "field": str(self.asked.field),
                "detail": self.asked.detail,
                "period": self.period,
                "headings": self.headings,
                "question": self.question,
                "epsilon": self.epsilon,
                "charged": self.charged,
                "again": self.again,
                "decision": "permit" if self.permitted else "refuse",
                "rules": list(self.reasons),
                "caller": None if self.caller is None else self.caller.json(),
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "count") -> CountBody:
        """What `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            made = cls._from(value)
        except (KeyError, ValueError, TypeError, BadInput):
            raise NotCanonical("not the body of a count", where=where) from None
        # As in pseudonym_body: encoding again refuses whatever else is wrong with it.
        if made.encode() != body:
            raise NotCanonical("not the one spelling of a count", where=where)
        return made

    @classmethod
    def _from(cls, value: Mapping[str, Json]) -> CountBody:
        caller, rules, again = value["caller"], value["rules"], value["again"]
        numbers = [value[each] for each in ("headings", "epsilon", "charged")]
        texts = [value[each] for each in ("count", "at", "principal", "field", "detail", "period", "question")]
        perhaps = [value["purpose"], value["case"]]
        if (
            type(rules) is not list
            or any(type(each) is not str for each in (*texts, *cast("list[Json]", rules)))
            or any(each is not None and type(each) is not str for each in perhaps)
            or any(type(each) is not int or each < 0 for each in numbers)
            or type(again) is not bool
            or not _DIGEST.fullmatch(cast("str", value["question"]))
        ):
            raise ValueError("a fact of another type")
        headings, epsilon, charged = cast("list[int]", numbers)
        return cls(
            count=cast("str", value["count"]),
            at=parse_time(cast("str", value["at"])),
            principal=cast("str", value["principal"]),
            purpose=cast("str | None", value["purpose"]),
            case=cast("str | None", value["case"]),
            asked=Asked.parse(f"{value['field']}:{value['detail']}"),
            period=cast("str", value["period"]),
            headings=headings,
            question=cast("str", value["question"]),
            epsilon=epsilon,
            charged=charged,
            again=again,
            permitted=value["decision"] == "permit",
            reasons=tuple(cast("list[str]", rules)),
            caller=None if caller is None else Caller.of(cast("dict[str, Json]", caller)),
        )
