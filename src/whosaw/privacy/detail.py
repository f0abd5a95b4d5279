# SPDX-License-Identifier: Apache-2.0
"""Detail: how much of a value is shown. A rung of the field's ladder, and never a bit above it.

    Field, value ──canonical──▶ what is sealed        Field, value, rung, world ──mask──▶ what is shown, and its caveat

The kinds of field stand in ``privacy/fields``, one file each; this is the door to them.

Invariant: a rung that cannot be shown here is refused, never rounded up; a value of which a rung shows nothing is shown
as `none`, which is below every rung, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from whosaw.errors import BadInput
from whosaw.model.access import Field, rung
from whosaw.privacy.fields.ip import IP_PROVES, NONE
from whosaw.privacy.fields.kind import EXACT, NOWHERE, Kind, Places, Shown, World
from whosaw.privacy.fields.registry import KINDS
from whosaw.privacy.fields.structure import is_text

__all__ = [
    "IP_PROVES",
    "NONE",
    "OFFERED",
    "canonical",
    "caveat",
    "check_offered",
    "is_text",
    "mask",
    "offered",
    "placed",
    "seen",
]

NO_PARTS = "The value was stored as one text, without the parts that this detail shows: nothing of it is shown."


def offered(places: Places = NOWHERE, kinds: Mapping[str, Kind] = KINDS) -> Mapping[str, tuple[str, ...]]:
    """What can be shown of each field with these `places`, least first."""
    return {name: kind.offered(places) for name, kind in kinds.items()}


# What an installation without a geolocation database can show.
OFFERED: Mapping[str, tuple[str, ...]] = offered()


def canonical(field: Field, value: str) -> str:
    """The one spelling of `value` in which it is stored. Raises BadInput, without the value."""
    return KINDS[field].canonical(value)


def mask(field: Field, value: str, detail: str, world: World) -> Shown:
    """`value` at the level of `detail` and no more. Raises BadInput for a rung that is not offered."""
    check_offered(field, detail, world.places)
    kind = KINDS[field]
    if detail == EXACT:
        # As it was sealed: a value of before there were parts is shown to whoever may see all of it.
        return Shown(value, kind.caveat)
    shown = kind.mask(value, detail, world) or Shown(NONE, NO_PARTS)
    return shown if shown.caveat else Shown(shown.text, kind.caveat)


def seen(field: Field, detail: str, at: datetime) -> datetime:
    """The time at which a value was true, as coarse as `detail` has it."""
    return KINDS[field].rung(detail).seen.coarse(at)


def check_offered(field: Field, detail: str, places: Places = NOWHERE) -> None:
    """Raises BadInput for a rung that `field` has not, or that this installation cannot show."""
    rung(field, detail)
    kind = KINDS[field]
    if not kind.offers(detail, places):
        here = kind.offered(places)
        names = ", ".join(f"{field}:{each}" for each in here)
        hint = f"known here: {names}; the others need a database of places, [places] in whosaw.toml"
        raise BadInput(f"{field}:{detail} is not offered here", where="detail", hint=hint)


def caveat(field: Field) -> str:
    """What a shown value does not prove, one sentence; empty where there is nothing to say."""
    return KINDS[field].caveat


def placed(field: Field, detail: str) -> bool:
    """Whether only a geolocation database can show this rung."""
    return detail in KINDS[field].needs_places
