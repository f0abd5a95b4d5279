# SPDX-License-Identifier: Apache-2.0
"""From what an identity provider says of somebody to what the directory knows: pseudonyms, and only what decides.

    User   userName ─▶ principal   department ─▶ unit   manager ─▶ manager   Work.* ─▶ function, countries, …   ─▶ Said("staff")
    Group  `on_call:fraud`, members ─▶ assignments of that kind and scope                                     ─▶ Said("assignments")

A user without a department is in the unit `unknown`, with everybody else who has none: nobody there approves for another. One
without a function does no work that any purpose knows. `active` false, or nothing of it any more: they have left.

Invariant: an id, a name or a word for a household goes no further than this file, but sealed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scim2_models import InvalidValueException

from whosaw.api.scim.shapes import ENTERPRISE, MODELS, WORK
from whosaw.directory.change import Said
from whosaw.directory.columns import FUNCTIONS
from whosaw.directory.content import Cells, household, rows_of
from whosaw.directory.member import UNKNOWN
from whosaw.directory.ports import Pseudonyms
from whosaw.directory.resources import USER
from whosaw.directory.tables import EVER_SINCE, FOR_EVER, ID

# Kinds of assignment that a group can be. No accounts: a group's name would have to be somebody's id.
KINDS = ("on_call", "queue", "region", "case_type", "steward")
_COUNTRY = re.compile(r"[A-Z]{2}")
_WORK = ("country", "contract_country", "site", "employer", "household")
_ASIDE = frozenset({"id", "meta", "groups", "members"})


@dataclass(frozen=True, slots=True)
class Held:
    """A resource as it is: what is given back, and what is known besides.

    `manager`: their pseudonym, also after the manager's own resource is gone. `left`: since when somebody is gone.
    """

    resource: Any = field(repr=False)
    manager: str | None = field(default=None, repr=False)
    left: int | None = None

    def encode(self) -> tuple[bytes, bytes | None]:
        """What is sealed: everything but their own account, and that."""
        shown = {name: value for name, value in self.resource.model_dump().items() if name not in _ASIDE}
        own = None
        if isinstance(work := shown.get(WORK), dict):
            own = work.pop("ownAccount", None)
        whole = {"shown": shown, "manager": self.manager, "left": self.left}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return text.encode(), None if own is None else own.encode()

    @classmethod
    def decode(cls, kind: str, raw: bytes, own: bytes | None) -> Held:
        whole = json.loads(raw)
        if own is not None:
            whole["shown"].setdefault(WORK, {})["ownAccount"] = own.decode()
        return cls(MODELS[kind].model_validate(whole["shown"]), whole["manager"], whole["left"])


def settled(changed: Any, before: Held | None, manager: str | None, now: int) -> Held:
    """What a changed user is. Who is not said to work here has left, since the first time that it was so."""
    left = None if changed.active else before.left if before is not None and before.left is not None else now
    return Held(changed, manager, left)


def account_of(resource: Any, names: Pseudonyms) -> str | None:
    """The pseudonym of their own account."""
    work = resource[WORK]
    return None if work is None or work.own_account is None else names.person(_line(work.own_account, "ownAccount"))


def principal_of(resource: Any, attribute: str) -> str:
    """The staff id. Raises InvalidValueException where there is none."""
    enterprise = resource[ENTERPRISE]
    ids = {
        "userName": resource.user_name,
        "externalId": resource.external_id,
        "employeeNumber": None if enterprise is None else enterprise.employee_number,
    }
    if (said := ids[attribute]) is None:
        raise InvalidValueException(detail=f"{attribute} is the staff id here, and missing")
    return _line(said, attribute)


def manager_of(resource: Any) -> str | None:
    """The id of the manager's own resource."""
    enterprise = resource[ENTERPRISE]
    manager = None if enterprise is None else enterprise.manager
    return None if manager is None else manager.value


def staff_row(held: Held, principal: str, names: Pseudonyms) -> Cells:
    """The row of the staff table. Raises InvalidValueException for what no row can hold."""
    enterprise, work = held.resource[ENTERPRISE], held.resource[WORK]
    unit = None if enterprise is None else _may(enterprise.department, "department")
    said = {name: None if work is None else getattr(work, name) for name in _WORK}
    home = _may(said["household"], "household")
    return {
        "principal": principal,
        "unit": unit or UNKNOWN,
        "function": _function(None if work is None else work.function),
        "role": _may(held.resource.title, "title"),
        "manager": held.manager,
        "employer": _may(said["employer"], "employer"),
        "country": _country(said["country"], "country"),
        "site": _may(said["site"], "site"),
        "household": None if home is None else household(names, home),
        "own_person": account_of(held.resource, names),
        "suspended": suspended(held),
        "contract_country": _country(said["contract_country"], "contractCountry"),
        # Since when somebody works here no provider says. What we knew when, `known_from` says.
        "valid_from": EVER_SINCE,
        "valid_to": FOR_EVER if held.left is None else held.left,
    }


def suspended(held: Held) -> bool:
    work = held.resource[WORK]
    return bool(work is not None and work.suspended)


def staff(principal: str, row: Cells) -> Said:
    return Said("staff", {"principal": principal}, rows_of([row]))


def scope_of(name: str | None) -> tuple[str, str] | None:
    """What a group of this name assigns, if anything: `on_call:fraud`."""
    kind, colon, scope = (name or "").partition(":")
    return (kind, _line(scope, "displayName")) if colon and kind in KINDS and scope else None


def assignments(scope: tuple[str, str], principals: Iterable[str]) -> Said:
    kind, of = scope
    rows: list[Cells] = [
        {"principal": each, "scope_kind": kind, "scope": of, "valid_from": EVER_SINCE, "valid_to": FOR_EVER}
        for each in sorted(set(principals))
    ]
    return Said("assignments", {"scope_kind": kind, "scope": of}, rows_of(rows))


def checked(resource: Any, kind: str) -> None:
    """Raises InvalidValueException unless what is used of it can be used."""
    _line(resource.user_name if kind == USER else resource.display_name, "userName" if kind == USER else "displayName")
    _may(resource.external_id, "externalId")


def _line(text: str, where: str) -> str:
    if not text.isprintable() or not 1 <= len(text.encode()) <= ID or text != text.strip():
        raise InvalidValueException(detail=f"{where}: one line of 1 to {ID} bytes, without blanks around it")
    return text


def _may(text: str | None, where: str) -> str | None:
    return None if text is None else _line(text, where)


def _function(text: str | None) -> str:
    if text is None:
        return UNKNOWN
    if text not in FUNCTIONS:
        raise InvalidValueException(detail=f"function: one of {', '.join(FUNCTIONS)}")
    return text


def _country(text: str | None, where: str) -> str | None:
    if text is not None and not _COUNTRY.fullmatch(text):
        raise InvalidValueException(detail=f"{where}: two capital letters")
    return text
