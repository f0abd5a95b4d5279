# SPDX-License-Identifier: Apache-2.0
"""What an identity provider sends, read: a whole resource, a replacement, or operations on one.

What is sent beyond the schemas that we publish is dropped. A schema that nobody knows is refused: whoever sends it believes that
it is understood here, and a fact that was meant to forbid would be lost.      Specification: RFC 7643 §3, RFC 7644 §3.3, 3.5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scim2_models import Context, InvalidValueException, PatchOp

from whosaw.api.scim.shapes import ENTERPRISE, MODELS, SCHEMAS
from whosaw.directory.resources import USER

OPERATIONS = 1000


def taken(kind: str, value: dict[str, Any], context: Context) -> Any:
    """The resource that `value` spells. Raises ValidationError, InvalidValueException."""
    said = value.get("schemas")
    core = str(MODELS[kind].__schema__)
    if not isinstance(said, list) or core not in said:
        raise InvalidValueException(detail=f"schemas: {core} is missing")
    extensions = {each for each in value if each.lower().startswith("urn:")}
    if {*map(str, said), *extensions} - SCHEMAS:
        raise InvalidValueException(detail="schemas: one that is not published here")
    return MODELS[kind].model_validate(value, scim_ctx=context)


def replaced(kind: str, old: Any, new: Any) -> Any:
    """`new` in the place of `old`. Raises MutabilityException."""
    made = new.model_copy(deep=True)
    made.replace(old)
    if kind == USER and made.active is None:
        made.active = old.active  # who has left does not come back by a word that was left out
    return made


def patched(kind: str, value: dict[str, Any]) -> Callable[[Any], None]:
    """What the operations of a PATCH do to a resource, all of them or none. Raises ValidationError, SCIMException."""
    operations = value.get("Operations")
    if isinstance(operations, list):
        if len(operations) > OPERATIONS:
            raise InvalidValueException(detail=f"at most {OPERATIONS} operations")
        value = {**value, "Operations": [_with_manager(each) for each in operations]}
    of: Any = PatchOp
    patch = of[MODELS[kind]].model_validate(value, scim_ctx=Context.RESOURCE_PATCH_REQUEST)

    def edit(resource: Any) -> None:
        patch.patch(resource)

    return edit


def _with_manager(operation: Any) -> Any:
    """Entra names a manager by the bare id, where the schema has an object."""
    if not isinstance(operation, dict) or not isinstance(operation.get("value"), str):
        return operation
    if str(operation.get("path", "")).lower() == f"{ENTERPRISE}:manager".lower():
        return {**operation, "value": {"value": operation["value"]}}
    return operation
