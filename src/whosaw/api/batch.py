# SPDX-License-Identifier: Apache-2.0
"""Several questions in one request: each is a question of its own, answered on its own.

    {defaults, evaluations: [item, …], options} ──of──▶ Batch(items, until) ──▶ answers, in order

    execute_all              every item
    deny_on_first_deny       up to the first that is refused, that one included
    permit_on_first_permit   up to the first that is permitted: asked from least to most detail, the least that serves

Invariant: an item that is not asked is not recorded, and one that is, is. An item that cannot be read is refused and says so;
the others are not touched by it.                                               Specification: docs/spec/authzen.md
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from whosaw.errors import BadInput

LIMIT = 100
_TUPLE = ("subject", "action", "resource", "context")
_NEEDED = {"subject": ("type", "id"), "resource": ("type", "id"), "action": ("name",)}


class Until(StrEnum):
    """How far a batch goes."""

    ALL = "execute_all"
    DENY = "deny_on_first_deny"
    PERMIT = "permit_on_first_permit"

    def over(self, permitted: bool) -> bool:
        """Whether an item that was answered so is the last one."""
        return self is (Until.PERMIT if permitted else Until.DENY)


@dataclass(frozen=True, slots=True)
class Batch:
    """`items`: questions with the defaults filled in, not yet read."""

    items: tuple[dict[str, Any], ...]
    until: Until

    @classmethod
    def of(cls, value: dict[str, Any]) -> Batch | None:
        """The batch that a body holds; None where it is a single question. Raises BadInput."""
        given = value.get("evaluations", [])
        if type(given) is not list or any(type(item) is not dict for item in given):
            raise BadInput("not a list of questions", where="evaluations")
        if len(given) > LIMIT:
            raise BadInput(f"at most {LIMIT} questions", where="evaluations")
        for name in _TUPLE:
            if name in value and type(value[name]) is not dict:
                raise BadInput("not an object", where=name)
        until = _until(value.get("options", {}))
        return cls(tuple(_filled(item, value) for item in given), until) if given else None


def _until(options: Any) -> Until:
    if type(options) is not dict:
        raise BadInput("not an object", where="options")
    try:
        return Until(options.get("evaluations_semantic", Until.ALL))
    except ValueError:
        raise BadInput(f"one of {', '.join(Until)}", where="options.evaluations_semantic") from None


def _filled(item: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """`item` with what it leaves out. A member that it has replaces the default whole; only what no question can do without
    (type, id, name) is taken from the default below it, as the certification asks.
    """
    made = {name: item.get(name, defaults.get(name)) for name in _TUPLE if name in item or name in defaults}
    for name, needed in _NEEDED.items():
        own, default = made.get(name), defaults.get(name)
        if name in item and type(own) is dict and type(default) is dict:
            made[name] = {key: default[key] for key in needed if key in default} | own
    return made
