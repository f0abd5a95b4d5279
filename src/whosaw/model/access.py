# SPDX-License-Identifier: Apache-2.0
"""What a look asks: a principal, one person, fields at a level of detail, a purpose, a case.

    Look ──asks for──▶ Asked(field, detail) …      detail is a rung of the field's ladder

Invariant: a ``Look`` holds real identifiers and therefore never prints them; past the guard only
pseudonyms are used.                                     Words: docs/glossary.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from whosaw.errors import BadInput
from whosaw.model.caller import Caller


class Field(StrEnum):
    """A kind of personal data."""

    IP = "ip"
    LOCATION = "location"
    DEVICE = "device"
    CONTACTS = "contacts"
    MESSAGES = "messages"
    PROFILE = "profile"
    ACTIVITY = "activity"
    PAYMENT = "payment"


class Mode(StrEnum):
    """How a principal looks."""

    READ = "read"
    SEARCH = "search"
    EXPORT = "export"
    AGGREGATE = "aggregate"
    IMPERSONATE = "impersonate"


# Least detail first; the last shows the value as it was stored. What each rung shows of a value: privacy/fields.
LADDER: Mapping[Field, tuple[str, ...]] = {
    Field.IP: ("country", "region", "network", "exact"),
    Field.LOCATION: ("country", "region", "city", "exact"),
    Field.DEVICE: ("kind", "model", "exact"),
    Field.CONTACTS: ("count", "relation", "exact"),
    Field.MESSAGES: ("count", "times", "metadata", "exact"),
    Field.PROFILE: ("public", "exact"),
    Field.ACTIVITY: ("day", "hour", "exact"),
    Field.PAYMENT: ("kind", "last4", "exact"),
}
# Fields that had one rung once. Their bare name is in maps, cases and tools, and goes on meaning what it meant there.
BARE = frozenset(Field) - {Field.IP, Field.LOCATION}


def rung(which: Field, detail: str) -> int:
    """Height of `detail` on the ladder of `which`, 0 for the least. Raises BadInput for a rung it has not."""
    try:
        return LADDER[which].index(detail)
    except ValueError:
        raise BadInput(f"{which} has no such detail; it has {', '.join(LADDER[which])}", where="detail") from None


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """One field, at one level of detail."""

    field: Field
    detail: str

    def __post_init__(self) -> None:
        rung(self.field, self.detail)

    @classmethod
    def parse(cls, text: str) -> Asked:
        """`ip:network`; or `profile`, which is `profile:exact`: a field of BARE may go without its detail."""
        name, _, detail = text.partition(":")
        try:
            which = Field(name)
        except ValueError:
            raise BadInput(f"no such field; there are {', '.join(Field)}", where="field") from None
        if not detail and which not in BARE:
            raise BadInput(f"say how exact: one of {', '.join(f'{which}:{d}' for d in LADDER[which])}", where="field")
        return cls(which, detail or LADDER[which][-1])


@dataclass(frozen=True, slots=True)
class Look:
    """One request for one person's data, whatever becomes of it.

    `look_id` is random and says nothing. `key` is the caller's idempotency key, 1 to 64 bytes: the same key is the
    same look, whatever became of the first answer. `purpose` is a code from the purposes table, `case` the reason.
    `break_glass`: it cannot wait for an approval. `caller`: the tool that asked; None: nobody but the one who looks.
    """

    look_id: str
    principal: str = field(repr=False)
    person: str = field(repr=False)
    asked: tuple[Asked, ...]
    purpose: str = field(repr=False)
    case: str | None = field(repr=False)
    key: str = field(repr=False)  # with it, and their identity, somebody is shown the answer again
    mode: Mode = Mode.READ
    app: str = "whosaw"
    break_glass: bool = False
    caller: Caller | None = None

    def __post_init__(self) -> None:
        if not self.asked or len({a.field for a in self.asked}) != len(self.asked):
            raise BadInput("a look asks for at least one field, each once", where="fields")
        for name, value in (
            ("look_id", self.look_id),
            ("principal", self.principal),
            ("person", self.person),
            ("purpose", self.purpose),
            ("case", self.case),
            ("app", self.app),
        ):
            # isprintable() first: it refuses lone surrogates, which encode() would answer with a crash.
            if value is not None and (not value.isprintable() or not 1 <= len(value.encode()) <= 200):
                raise BadInput("a look's texts have 1 to 200 printable bytes of UTF-8", where=name)
        if type(self.break_glass) is not bool:
            raise BadInput("true or false", where="break_glass")
        if not self.key.isprintable() or not 1 <= len(self.key.encode()) <= 64:
            raise BadInput("an idempotency key has 1 to 64 printable bytes of UTF-8", where="key")
