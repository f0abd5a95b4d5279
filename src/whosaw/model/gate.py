# SPDX-License-Identifier: Apache-2.0
"""What a gate knew at a look and no table keeps: with it, and with the directory as known then, a decision is made again.

    directory as of `at` ┐
    LookBody.gate        ├──▶ the facts of the decision, bit for bit ──▶ LookBody.facts
    the rest of the body ┘

Invariant: numbers, times and codes only; nothing here says who anybody is. What is as usual is left out, so there is one
spelling: no approval, every field on offer, a directory that could be read, a case system that was not silent.
                                                                        Specification: docs/spec/facts.md
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from whosaw.model.access import Asked
from whosaw.model.record import Json, parse_time, spelled, time_text

# In the order in which they are written and counted.
APPROVALS = ("independent", "stewards", "overseers", "legal")
QUOTAS = ("principal", "unit", "purpose", "person")
_KEYS = frozenset({"approvals", "case_given", "last_look", "limit_ms", "offered", "owes", "quota", "silent", "unread"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSaw:
    """`last_look`: the look before. `limit_ms`: how old the directory might be. `offered`: what of the fields asked for
    could be shown; None: all. `unread`: the directory could not be read. `silent`: nor the system that keeps the case.
    `owes`: a glass that they broke was not reviewed in its time. `approvals` and `quota` in the order of APPROVALS and
    QUOTAS; a quota of None was not counted.
    """

    case_given: bool
    last_look: datetime | None
    limit_ms: int | None
    quota: tuple[int, int, int, int] | None
    approvals: tuple[int, int, int, int] = (0, 0, 0, 0)
    offered: tuple[Asked, ...] | None = None
    silent: bool = False
    unread: bool = False
    owes: bool = False

    def text(self) -> str:
        """The one spelling of `json`: most of all looks have nothing but the four facts that are always there."""
        if any(self.approvals) or self.offered is not None or self.silent or self.unread or self.owes:
            return spelled(self.json())
        last = "null" if self.last_look is None else f'"{time_text(self.last_look)}"'
        if self.quota is None:
            quota = "null"
        else:
            one, two, three, four = self.quota
            quota = f"[{spelled(one)},{spelled(two)},{spelled(three)},{spelled(four)}]"
        case = "true" if self.case_given else "false"
        return f'{{"case_given":{case},"last_look":{last},"limit_ms":{spelled(self.limit_ms)},"quota":{quota}}}'

    def json(self) -> dict[str, Json]:
        """As it stands in a body."""
        said: dict[str, Json] = {
            "case_given": self.case_given,
            "last_look": None if self.last_look is None else time_text(self.last_look),
            "limit_ms": self.limit_ms,
            "quota": None if self.quota is None else list(self.quota),
        }
        if any(self.approvals):
            said["approvals"] = list(self.approvals)
        if self.offered is not None:
            said["offered"] = [f"{a.field}:{a.detail}" for a in sorted(self.offered)]
        if self.silent:
            said["silent"] = True
        if self.unread:
            said["unread"] = True
        if self.owes:
            said["owes"] = True
        return said

    @classmethod
    def of(cls, value: dict[str, Json]) -> GateSaw:
        """What `value` says. Raises KeyError, TypeError, ValueError; whoever decodes compares the spelling besides."""
        if not value.keys() <= _KEYS:
            raise ValueError("a key that nobody knows")
        last, quota, offered = value["last_look"], value["quota"], value.get("offered")
        flags = (value["case_given"], value.get("silent", False), value.get("unread", False), value.get("owes", False))
        if any(type(flag) is not bool for flag in flags) or type(value["limit_ms"]) not in (int, type(None)):
            raise TypeError("a flag or a number of another type")
        return cls(
            case_given=bool(flags[0]),
            last_look=None if last is None else parse_time(cast("str", last)),
            limit_ms=cast("int | None", value["limit_ms"]),
            quota=None if quota is None else _four(quota),
            approvals=_four(value.get("approvals", [0, 0, 0, 0])),
            offered=None
            if offered is None
            else tuple(Asked.parse(cast("str", a)) for a in cast("list[Json]", offered)),
            silent=bool(flags[1]),
            unread=bool(flags[2]),
            owes=bool(flags[3]),
        )


def _four(value: Json) -> tuple[int, int, int, int]:
    if type(value) is not list or len(value) != 4 or any(type(each) is not int for each in value):
        raise TypeError("four whole numbers")
    one, two, three, four = cast("list[int]", value)
    return one, two, three, four
