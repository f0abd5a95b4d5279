# SPDX-License-Identifier: Apache-2.0
"""What the gate answered: values at the detail that was asked for, or no, in one sentence.

Invariant: an answer holds nothing that was not asked for. What cannot be read as one of the two is neither, and shows nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whosaw.errors import Unavailable
from whosaw.model.access import Asked


@dataclass(frozen=True, slots=True)
class Value:
    """One value. `caveat`: what it does not prove; show it beside."""

    field: str
    detail: str
    seen: str
    text: str = dataclasses.field(repr=False)
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Permitted. `look` and `leaf` name the record, `receipt` proves it: keep them with whatever is done next."""

    look: str
    leaf: int
    values: tuple[Value, ...] = dataclasses.field(repr=False)
    receipt: str = dataclasses.field(repr=False)

    def of(self, which: str) -> list[str]:
        """The texts of one field, the newest as the gate gave them."""
        return [value.text for value in self.values if value.field == which]


@dataclass(frozen=True, slots=True)
class Refused:
    """No. `reason` is for the one who looks; it says what is wrong with the question, and nothing of the person.

    `leaf`: of the record; None where the gate did not let the request in. `status` is then 401 (sign in again) or 403.
    `rules`: those that refused, for a tool that is registered to be told.
    """

    reason: str
    look: str = ""
    leaf: int | None = None
    rules: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    status: int = 403


class NotShown(PermissionError):
    """Raised in place of calling a function that shows what may not be shown; `refused` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def read(said: Any, asked: Sequence[Asked]) -> Shown | Refused:
    """The answer that `said` (parsed JSON) is. Raises Unavailable for anything else."""
    match said:
        case {"permitted": True, "look": str(look), "leaf": int(leaf), "receipt": str(receipt), "values": list(values)}:
            return Shown(look, leaf, tuple(_value(value, asked) for value in values), receipt)
        case {"permitted": False, "look": str(look), "leaf": int(leaf), "told": str(reason)}:
            rules = said.get("rules", [])
            return Refused(reason, look, leaf, tuple(map(str, rules)) if type(rules) is list else ())
    raise _no_answer()


def _value(said: Any, asked: Sequence[Asked]) -> Value:
    match said:
        case {"field": str(which), "detail": str(detail), "seen": str(seen), "value": str(text)}:
            if any((a.field, a.detail) == (which, detail) for a in asked):
                return Value(which, detail, seen, text, _caveat(said))
    raise _no_answer()


def _caveat(said: Mapping[str, Any]) -> str:
    caveat = said.get("caveat")
    return caveat if type(caveat) is str else ""


def _no_answer() -> Unavailable:
    return Unavailable(
        "what came from the gate is no answer to this look", part="gate", hint="is there the gate, at this address?"
    )
