# SPDX-License-Identifier: Apache-2.0
"""Purposes: the closed list of what a look may be for, as a table that a lawyer can read.

    purposes.toml ──parse_purposes──▶ Purpose …      a row: sentence, legal basis, whose work, which cases, how much

Invariant: a row that says anything we do not know stops the start. There is no default that grants: a field that is
not under `most` is not needed.                                     Specification: policy/purposes.toml
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from whosaw.errors import BadInput, Misconfigured
from whosaw.model.access import LADDER, Asked, Field, Look, Mode, rung
from whosaw.model.stage import Stage

FORMAT = 1
# Functions are a closed list, the same in every table that names them.
FUNCTIONS = frozenset(
    {"support", "fraud", "safety", "legal", "audit", "security", "engineering", "data", "comms", "executive"}
    | {"operations", "admin", "service"}
)
COLUMNS = ("sentence", "basis", "functions", "needs_case", "case_types", "most", "approvals", "persons_a_day")
# These may be left out, for the strictest there is (no break-glass) or what grants nothing (durable, never withheld).
PERHAPS = ("break_glass", "reviewed_h", "stage", "window_h", "withhold", "exports")
# What an approval may be needed as. Every one of them is independent; `legal` is the legal function of another unit.
APPROVALS = ("independent", "legal")
_DAYS, _MOST_APPROVALS, _MOST_PERSONS = 366, 5, 10_000
_CODE = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One row. `sentence` is what the person is told; `most` is each needed field in the most detail it may need.

    `stage`: how far the record of a look must have come before it shows anything. `withhold`: the reason code under which
    a statement does not open the look at first, and for how many days. `approvals`: one word for each that is needed.
    `break_glass`: whoever is on call may go without them, and is reviewed within `reviewed_h` hours. `persons_a_day`: at
    how many people one principal may look for this purpose. `window_h`: how long an approval may be used again; 0: once.
    `exports`: what an export for the person hands out besides, with an approval.
    """

    code: str
    sentence: str
    basis: str
    functions: frozenset[str]
    needs_case: bool
    case_types: frozenset[str]
    most: tuple[Asked, ...]
    approvals: tuple[str, ...]
    persons_a_day: int
    break_glass: bool = False
    reviewed_h: int | None = None
    stage: Stage = Stage.DURABLE
    withhold: tuple[str, int] | None = None
    window_h: int = 0
    exports: tuple[Asked, ...] = ()

    @property
    def exporting(self) -> Purpose:
        """The row as it is for an export of more than the purpose needs: that, and `exports`, with an approval at least."""
        if not self.exports:
            return self
        most: dict[Field, Asked] = {}
        for each in (*self.most, *self.exports):
            if each.field not in most or rung(each.field, each.detail) > rung(each.field, most[each.field].detail):
                most[each.field] = each
        return replace(
            self, most=tuple(sorted(most.values())), approvals=self.approvals or ("independent",), exports=()
        )

    def exported(self, look: Look) -> bool:
        """Whether `look` is an export of more than the purpose needs."""
        return look.mode is Mode.EXPORT and bool(self.exports) and not self.needs.issuperset(look.asked)

    @property
    def needs(self) -> frozenset[Asked]:
        """Every field at every level of detail that this purpose may need: the most, and all below it."""
        return frozenset(Asked(m.field, d) for m in self.most for d in LADDER[m.field][: rung(m.field, m.detail) + 1])

    @property
    def too_much(self) -> frozenset[Asked]:
        """The levels of the same fields that go beyond what this purpose needs."""
        return frozenset(Asked(m.field, d) for m in self.most for d in LADDER[m.field][rung(m.field, m.detail) + 1 :])


def parse_purposes(text: str, where: str = "purposes.toml") -> Mapping[str, Purpose]:
    """The purposes that `text` (TOML) spells, by code, in its order. Raises Misconfigured, naming row and column."""
    return {code: purpose_of(code, row, f"{where} [{code}]") for code, row in parse_table(text, where).items()}


def parse_table(text: str, where: str) -> dict[str, Any]:
    """The rows of `text` by code, unread. Raises Misconfigured."""
    try:
        given: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Misconfigured(f"{where}: not TOML: {error}", setting=where) from None
    version = given.pop("format", None)
    if type(version) is not int or version != FORMAT:
        raise Misconfigured(f"{where}: `format` is not {FORMAT}, the one this version knows", setting=where)
    if not given:
        raise Misconfigured(f"{where}: no purpose at all", setting=where)
    return given


def check_stages(purposes: Mapping[str, Purpose], *, witnesses: bool) -> None:
    """Raise Misconfigured for a purpose that waits for witnesses where there are none: it would never show anything."""
    waiting = [p.code for p in purposes.values() if p.stage is Stage.WITNESSED]
    if waiting and not witnesses:
        raise Misconfigured(
            f"purpose {waiting[0]!r} waits for witnesses, and none is asked",
            setting="witness",
            hint="name witnesses in whosaw.toml, or let the purpose wait for less",
        )


def purpose_of(code: str, row: Any, where: str) -> Purpose:
    """The purpose that one row says. Raises Misconfigured, naming the column."""
    if not _CODE.fullmatch(code):
        raise Misconfigured(f"{where}: a purpose's code has small letters and underscores", setting=where)
    if type(row) is not dict or row.keys() - set(PERHAPS) != set(COLUMNS):
        raise Misconfigured(
            f"{where}: a purpose has exactly the columns {', '.join(COLUMNS)}, and perhaps {', '.join(PERHAPS)}",
            setting=where,
        )
    if type(row["needs_case"]) is not bool:
        raise Misconfigured(f"{where}: `needs_case` is true or false", setting=where)
    functions = _texts(row["functions"], f"{where} functions")
    if unknown := sorted(functions - FUNCTIONS):
        raise Misconfigured(
            f"{where}: no function {unknown[0]!r}", setting=where, hint=f"{', '.join(sorted(FUNCTIONS))}"
        )
    case_types = _texts(row["case_types"], f"{where} case_types") if row["case_types"] != [] else frozenset[str]()
    if row["needs_case"] and not case_types:
        raise Misconfigured(f"{where}: a purpose that needs a case says which `case_types` do", setting=where)
    break_glass, reviewed_h = _break_glass(row, where)
    return Purpose(
        code,
        _sentence(row["sentence"], f"{where} sentence"),
        _sentence(row["basis"], f"{where} basis"),
        functions,
        row["needs_case"],
        case_types,
        _most(row["most"], f"{where} most"),
        _approvals(row["approvals"], f"{where} approvals"),
        _whole(row["persons_a_day"], _MOST_PERSONS, f"{where} persons_a_day"),
        break_glass,
        reviewed_h,
        _stage(row.get("stage", "durable"), f"{where} stage"),
        _withhold(row["withhold"], f"{where} withhold") if "withhold" in row else None,
        _whole(row["window_h"], _DAYS * 24, f"{where} window_h") if "window_h" in row else 0,
        # Of nothing, too: whoever hands out no more than a look shows says so.
        _most(row["exports"], f"{where} exports") if row.get("exports", {}) != {} else (),
    )


def _approvals(value: Any, where: str) -> tuple[str, ...]:
    if type(value) is not list or len(value) > _MOST_APPROVALS or any(each not in APPROVALS for each in value):
        raise Misconfigured(
            f"{where}: a list of at most {_MOST_APPROVALS}, each one of {', '.join(APPROVALS)}", setting=where
        )
    return tuple(sorted(value))


def _break_glass(row: dict[str, Any], where: str) -> tuple[bool, int | None]:
    """Who breaks the glass is reviewed, within a time that stands here; nobody else is."""
    may = row.get("break_glass", False)
    if type(may) is not bool or may is not ("reviewed_h" in row):
        raise Misconfigured(
            f"{where}: `break_glass` is true or false, and with it, and only then, `reviewed_h` says within how many hours",
            setting=f"{where} break_glass",
        )
    return may, _whole(row["reviewed_h"], _DAYS * 24, f"{where} reviewed_h") if may else None


def _whole(value: Any, most: int, where: str) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise Misconfigured(f"{where}: a whole number from 1 to {most}", setting=where)
    return value


def _stage(value: Any, where: str) -> Stage:
    try:
        return Stage(value)
    except ValueError:
        raise Misconfigured(f"{where}: one of {', '.join(Stage)}", setting=where) from None


def _withhold(value: Any, where: str) -> tuple[str, int]:
    fits = type(value) is dict and value.keys() == {"code", "days"}
    code, days = (value["code"], value["days"]) if fits else ("", 0)
    if type(code) is not str or not _CODE.fullmatch(code) or type(days) is not int or not 1 <= days <= _DAYS:
        raise Misconfigured(f'{where}: like {{ code = "pending_matter", days = 30 }}, at most {_DAYS}', setting=where)
    return code, days


def _sentence(value: Any, where: str) -> str:
    if type(value) is not str or not 1 <= len(value) <= 300 or not value.isprintable() or value != value.strip():
        raise Misconfigured(f"{where}: a sentence of 1 to 300 printable characters", setting=where)
    return value


def _texts(value: Any, where: str) -> frozenset[str]:
    if type(value) is not list or not value or any(type(v) is not str or not v for v in value):
        raise Misconfigured(f"{where}: a list of texts, not empty", setting=where)
    if len(set(value)) != len(value):
        raise Misconfigured(f"{where}: a text stands there twice", setting=where)
    return frozenset(cast("list[str]", value))


def _most(value: Any, where: str) -> tuple[Asked, ...]:
    if type(value) is not dict or not value:
        raise Misconfigured(f'{where}: fields with their detail, like {{ ip = "network" }}', setting=where)
    found = []
    for name, detail in value.items():
        try:
            # A detail must be spelled out even where a look may leave it out: nothing here is granted by leaving it out.
            found.append(Asked(Field(name), detail))
        except (ValueError, TypeError, BadInput):
            raise Misconfigured(f"{where}: no field {name!r} with such a detail", setting=where) from None
    return tuple(sorted(found))
