# SPDX-License-Identifier: Apache-2.0
"""Finding resources: by name or external id through an index, by anything else by opening them one after the other.

filter=userName eq "ana"          ─▶ a keyed digest ─▶ one row
filter=emails[type eq "work"] …   ─▶ every row, opened, asked, and forgotten
no filter                         ─▶ the part that was asked for, in the order in which they were made

Specification: RFC 7644, section 3.4.2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from scim2_models import InvalidFilterException, SearchRequest
from scim2_models.path import CompareOperator, Comparison

from whosaw.api.scim.desk import Kept, ScimDesk
from whosaw.api.scim.shapes import MODELS, MOST
from whosaw.directory.resources import GROUP, USER

Shown = Callable[[Kept], Any]
LONGEST = 2000  # characters of a filter
_NAMES = {USER: "username", GROUP: "displayname"}


@dataclass(frozen=True, slots=True)
class Found:
    """A part of what was found. `start` counts from 1."""

    total: int
    start: int
    resources: Sequence[Any]


def request_of(kinds: Sequence[str], given: Mapping[str, Any]) -> Any:
    """The search that `given` spells. Raises ValidationError, SCIMException."""
    if len(str(given.get("filter") or "")) > LONGEST:
        raise InvalidFilterException(detail=f"at most {LONGEST} characters")
    of: Any = reduce(or_, [MODELS[kind] for kind in kinds])
    return SearchRequest[of].model_validate(dict(given))


def search(desk: ScimDesk, kinds: Sequence[str], asked: Any, shown: Shown) -> Found:
    """What was asked for. `shown`: a resource as it is given back."""
    start = max(asked.start_index or 1, 1)
    most = MOST if asked.count is None else min(asked.count, MOST)
    if asked.filter is None and asked.sort_by is None:
        resources = [shown(each) for each in desk.part(kinds, start - 1, most)]
        return Found(desk.count(kinds), start, resources)
    # A filter and a model are one resource type each; what a type does not declare, no resource of it has.
    found = [shown(each) for each in _candidates(desk, kinds, asked.filter)]
    if asked.filter is not None:
        found = [each for each in found if asked.filter.match(each)]
    found = asked.sort(found)
    return Found(len(found), start, found[start - 1 : start - 1 + most])


def _candidates(desk: ScimDesk, kinds: Sequence[str], asked: Any) -> list[Kept]:
    """Every resource that can match. An index serves the two questions that providers ask before each change."""
    ast = None if asked is None else asked.ast
    if len(kinds) == 1 and isinstance(ast, Comparison) and ast.op is CompareOperator.eq and isinstance(ast.value, str):
        path = ast.attr_path
        if path.uri is None and path.sub_attr is None:
            if path.attr.lower() == _NAMES[kinds[0]]:
                return desk.named(kinds[0], ast.value)
            if path.attr.lower() == "externalid":
                return desk.external(kinds[0], ast.value)
    return desk.part(kinds)
