# SPDX-License-Identifier: Apache-2.0
"""The record of a call that gives IP addresses pseudonyms: who, what for, under which case, how many. Never which.

    call    made      before any pseudonym is: so many addresses at most       refused  none was made, and why
    spent   made      the call is over: so many it were, where that is fewer   over     more were asked for than the call was for

Invariant: no body here has an address, a pseudonym of one, or a person.                 Specification: docs/spec/leaf.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, cast, get_args

from whosaw.errors import BadInput, NotCanonical
from whosaw.model.caller import Caller
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text

What = Literal["call", "spent", "over"]
Source = Literal["given", "vault"]
"""Whose choice the addresses were: that of whoever called, or nobody's, because they are all of a time in the vault."""


class Variant(StrEnum):
    """Which pseudonyms: to count, to count by network, or neither."""

    DETERMINISTIC = "deterministic"
    PFX = "pfx"
    NDX = "ndx"


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudonymBody:
    """`call`: its id, the same in `spent` and `over`. `addresses`: how many may be, or were. `reasons`: rule ids, for a refusal.

    `purpose` is null where it is none of the list, `case` where nobody knows it: free text is not written down.
    """

    what: What
    call: str
    at: datetime
    principal: str = field(repr=False)
    purpose: str | None
    case: str | None
    variant: Variant
    epoch: str
    source: Source
    addresses: int
    permitted: bool
    reasons: tuple[str, ...] = ()
    caller: Caller | None = None

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.PSEUDONYM),
                "what": self.what,
                "call": self.call,
                "at": time_text(self.at),
                "principal": self.principal,
                "purpose": self.purpose,
                "case": self.case,
                "variant": str(self.variant),
                "epoch": self.epoch,
                "source": self.source,
                "addresses": self.addresses,
                "decision": "permit" if self.permitted else "refuse",
                "rules": list(self.reasons),
                "caller": None if self.caller is None else self.caller.json(),
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "pseudonym") -> PseudonymBody:
        """What `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            made = cls._from(value)
        except (KeyError, ValueError, TypeError, BadInput):
            raise NotCanonical("not the body of a call for pseudonyms", where=where) from None
        # Encoding again refuses every field too many, another kind, another version and another spelling, in one line.
        if made.encode() != body:
            raise NotCanonical("not the one spelling of a call for pseudonyms", where=where)
        return made

    @classmethod
    def _from(cls, value: Mapping[str, Json]) -> PseudonymBody:
        caller, addresses, rules = value["caller"], value["addresses"], value["rules"]
        texts = (value["call"], value["at"], value["principal"], value["epoch"], *cast("list[Json]", rules))
        perhaps = (value["purpose"], value["case"])
        if (
            type(rules) is not list
            or any(type(each) is not str for each in texts)
            or any(each is not None and type(each) is not str for each in perhaps)
            or type(addresses) is not int
            or addresses < 0
            or value["what"] not in get_args(What)
            or value["source"] not in get_args(Source)
        ):
            raise ValueError("a fact of another type")
        return cls(
            what=cast("What", value["what"]),
            call=cast("str", value["call"]),
            at=parse_time(cast("str", value["at"])),
            principal=cast("str", value["principal"]),
            purpose=cast("str | None", value["purpose"]),
            case=cast("str | None", value["case"]),
            variant=Variant(cast("str", value["variant"])),
            epoch=cast("str", value["epoch"]),
            source=cast("Source", value["source"]),
            addresses=addresses,
            permitted=value["decision"] == "permit",
            reasons=tuple(cast("list[str]", rules)),
            caller=None if caller is None else Caller.of(cast("dict[str, Json]", caller)),
        )
