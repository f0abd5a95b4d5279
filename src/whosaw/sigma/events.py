# SPDX-License-Identifier: Apache-2.0
"""The log sources of `product: whosaw`: which fields an event has, and where they stand in the facts.

    service: looks      one event for each look at each person     service: changes    one for each edit of a control

The fields are the columns of docs/dataset.md, under the same names, so a rule reads on either side alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from whosaw.errors import BadInput
from whosaw.facts.columns import FIELDS
from whosaw.facts.opened import Facts

PRODUCT = "whosaw"
# `fields` and `detail` are lists: a condition holds if it holds of one of them.
Kind = Literal["text", "whole", "address", "time", "fields", "detail"]


@dataclass(frozen=True, slots=True)
class Source:
    """`table` of the facts. `fields`: what a rule may name. `who`, `person`, `case`, `id`: the columns that an alert names."""

    table: str
    fields: Mapping[str, Kind]
    who: str
    id: str
    person: str | None = None
    case: str | None = None

    @property
    def told(self) -> tuple[str, ...]:
        """The columns that an alert needs, whatever its rule reads."""
        return tuple(name for name in ("time", self.id, self.who, self.person, self.case) if name is not None)


_LOOKS: dict[str, Kind] = {
    "look_id": "text", "time": "time", "principal": "text", "on_behalf_of": "text", "person": "text", "bulk": "text",
    "fields": "fields", "mode": "text", "purpose": "text", "case": "text", "detail": "detail", "rows": "whole", "app": "text",
    "src_ip": "address", "src_country": "text", "query": "text", "decision": "text", "source": "text",
}  # fmt: skip
_CHANGES: dict[str, Kind] = {
    "change_id": "text", "time": "time", "staff_id": "text", "object": "text", "target": "text", "old": "text", "new": "text",
}  # fmt: skip

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "looks": Source("look", MappingProxyType(_LOOKS), "principal", "look_id", "person", "case"),
        "changes": Source("changes", MappingProxyType(_CHANGES), "staff_id", "change_id"),
    }
)


def events(facts: Facts, source: Source) -> Any:
    """The events of `source`, with a column for each of its fields. Raises BadInput where the facts have no such table."""
    table = facts.tables.get(source.table)
    if table is None:
        raise BadInput(f"there is no table of {source.table}", where="facts", hint="docs/dataset.md says what it holds")
    return _looks(table) if source.table == "look" else table.rename(time="t", staff_id="who")


def _looks(look: Any) -> Any:
    # Who only claims to act for somebody has a second row in the facts: one event, and one field more.
    claims = look.filter(look.claimed == 1).select("leaf", named="who")
    own = look.filter(look.claimed == 0).left_join(claims, "leaf")
    acting = (own.who != own.account).ifelse(own.who, own.named)
    return own.select(
        "look_id", "person", "mode", "purpose", "case", "rows", "app", "src_ip", "src_country", "query", "source", "asked",
        *FIELDS.values(),
        time=own.t, principal=own.account, on_behalf_of=acting, bulk=own.request.nullif(own.look_id), decision=own.decision,
    )  # fmt: skip
