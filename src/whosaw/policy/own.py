# SPDX-License-Identifier: Apache-2.0
"""An organisation's own rules and purposes, beside the shipped ones: they can say no more often, and never yes.

    own/*.cedar          forbid   freely
                         permit   only pinned to a purpose of their own: context.purpose.code == "…"
    own/purposes.toml    [new]    a purpose of their own: it needs a case, every shipped forbid holds for it, and legal signs
                                  where it reaches addresses, places, contacts or messages
                         [known]  some columns of a shipped one, each no wider than it was

Invariant: whatever stands in an own file, no look is permitted for a shipped purpose that the shipped files alone refuse.
The check reads what Cedar parsed, never the text.                                       How to write them: docs/policy.md
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from whosaw.errors import Misconfigured
from whosaw.model.access import Field
from whosaw.policy.purposes import Purpose, parse_table, purpose_of

FOLDER = "own/"
PURPOSES = FOLDER + "purposes.toml"
# Names stand in the record of the policy, as they are.
_NAME = re.compile(r"own/[a-z0-9][a-z0-9_-]{0,39}\.cedar")
# Where somebody was, and whom they know: what was taken from the journalists.
_TRACES = frozenset({Field.IP, Field.LOCATION, Field.CONTACTS, Field.MESSAGES})
_WORDS = ("sentence", "basis")  # other words, in the language that is spoken here, are not wider


def check_name(name: str) -> None:
    """Raise Misconfigured unless `name` is that of an own file."""
    if name != PURPOSES and not _NAME.fullmatch(name):
        raise Misconfigured(
            f"{name}: an own policy has purposes.toml and files of rules, named in small letters",
            setting=name,
            hint="such as policy/night.cedar; anything else would be a rule that nobody reads",
        )


# ── purposes ──


def merged(text: str, shipped: Mapping[str, Purpose]) -> dict[str, Purpose]:
    """The shipped purposes, narrowed where `text` narrows them, and its own behind them. Raises Misconfigured."""
    made = dict(shipped)
    for code, row in parse_table(text, PURPOSES).items():
        where = f"{PURPOSES} [{code}]"
        made[code] = _narrowed(shipped[code], row, where) if code in shipped else _new(code, row, where)
    return made


def _new(code: str, row: Any, where: str) -> Purpose:
    made = purpose_of(code, row, where)
    if not made.needs_case:
        raise Misconfigured(
            f"{where} needs_case: an own purpose needs a case",
            setting=f"{where} needs_case",
            hint="needs_case = true; without a case nobody but the one who looks would say why",
        )
    if {a.field for a in made.exporting.most} & _TRACES and "legal" not in made.approvals:
        raise Misconfigured(
            f"{where} approvals: an own purpose that needs {', '.join(sorted(_TRACES))} needs an approval of legal, too",
            setting=f"{where} approvals",
            hint='approvals = ["legal"], or more; none of our purposes is for what yours is for',
        )
    return made


def _narrowed(old: Purpose, row: Any, where: str) -> Purpose:
    """`old` with the columns of `row`, each of which must take something away."""
    if type(row) is not dict or not row:
        raise Misconfigured(f"{where}: columns of a shipped purpose, to narrow it", setting=where)
    whole = {**_columns(old), **row}
    if whole.get("break_glass") is False:
        # Who may not break it is not reviewed: one column says both.
        whole.pop("reviewed_h", None)
    new = purpose_of(old.code, whole, where)
    for column in row:
        if column not in _WORDS and not NO_WIDER[column](old, new):
            raise Misconfigured(
                f"{where} {column}: wider than the shipped purpose, which may only be narrowed",
                setting=f"{where} {column}",
                hint=f"{HOW[column]}; or give the purpose a code of its own",
            )
    return new


def _columns(old: Purpose) -> dict[str, Any]:
    """The row that says `old`: every column, or narrowing one would change another."""
    row: dict[str, Any] = {
        "sentence": old.sentence,
        "basis": old.basis,
        "functions": sorted(old.functions),
        "needs_case": old.needs_case,
        "case_types": sorted(old.case_types),
        "most": {str(a.field): a.detail for a in old.most},
        "approvals": list(old.approvals),
        "persons_a_day": old.persons_a_day,
        "break_glass": old.break_glass,
        "stage": str(old.stage),
    }
    if old.reviewed_h is not None:
        row["reviewed_h"] = old.reviewed_h
    if old.window_h:
        row["window_h"] = old.window_h
    if old.withhold is not None:
        row["withhold"] = {"code": old.withhold[0], "days": old.withhold[1]}
    if old.exports:
        row["exports"] = {str(a.field): a.detail for a in old.exports}
    return row


def _days(purpose: Purpose) -> int:
    return 0 if purpose.withhold is None else purpose.withhold[1]


NO_WIDER: Mapping[str, Callable[[Purpose, Purpose], bool]] = {
    "functions": lambda old, new: new.functions <= old.functions,
    "needs_case": lambda old, new: new.needs_case or not old.needs_case,
    "case_types": lambda old, new: new.case_types <= old.case_types,
    "most": lambda old, new: new.needs <= old.needs,
    "approvals": lambda old, new: not Counter(old.approvals) - Counter(new.approvals),
    "persons_a_day": lambda old, new: new.persons_a_day <= old.persons_a_day,
    "break_glass": lambda old, new: old.break_glass or not new.break_glass,
    "reviewed_h": lambda old, new: old.reviewed_h is not None and (new.reviewed_h or 0) <= old.reviewed_h,
    "stage": lambda old, new: new.stage.rank >= old.stage.rank,
    "window_h": lambda old, new: new.window_h <= old.window_h,
    "withhold": lambda old, new: _days(new) <= _days(old),
    "exports": lambda old, new: new.exporting.needs <= old.exporting.needs,
}
HOW = {
    "functions": "fewer functions",
    "needs_case": "a case stays needed",
    "case_types": "fewer types of case",
    "most": "fewer fields, or less exactly",
    "approvals": "the same approvals and more",
    "persons_a_day": "fewer persons a day",
    "break_glass": "false, where it is true",
    "reviewed_h": "sooner",
    "stage": "a later stage",
    "window_h": "for fewer hours",
    "withhold": "for fewer days",
    "exports": "fewer fields, or less exactly",
}


# ── rules ──


def check_permits(name: str, rules: Mapping[str, dict[str, Any]], own: Collection[str]) -> None:
    """Raise Misconfigured for a permit in the own file `name` that is not pinned to one of the purposes `own`."""
    for id_, rule in rules.items():
        if rule["effect"] == "permit" and not pinned(rule) & set(own):
            raise Misconfigured(
                f"{name}: rule {id_!r} permits, and is not pinned to a purpose of your own",
                setting=name,
                hint='its `when` must say context.purpose.code == "…" and more, joined by &&, with a code of own '
                "purposes.toml",
            )


def check_permitted(own: Collection[str], rules: Mapping[str, dict[str, Any]]) -> None:
    """Raise Misconfigured for an own purpose for which no rule can ever permit."""
    reached = {code for rule in rules.values() if rule["effect"] == "permit" for code in pinned(rule)}
    for code in own:
        if code not in reached:
            raise Misconfigured(
                f"{PURPOSES} [{code}]: no rule permits a look for it",
                setting=f"{PURPOSES} [{code}]",
                hint="add a permit that is pinned to it, in a file *.cedar beside; docs/policy.md has one to copy",
            )


def pinned(rule: Mapping[str, Any]) -> set[str]:
    """The purposes of which the rule's condition demands one: it cannot hold for any other."""
    demanded = [
        _codes(part) for clause in rule["conditions"] if clause["kind"] == "when" for part in _all(clause["body"])
    ]
    codes = [each for each in demanded if each is not None]
    # Two demands for different purposes hold never, so any one of them may stand for the rule.
    return codes[0] if codes else set()


def _all(expression: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts that must all hold: what stands under `||`, `!` or `if` may hold or not, and is no demand."""
    if expression.keys() == {"&&"}:
        both = expression["&&"]
        yield from _all(both["left"])
        yield from _all(both["right"])
    else:
        yield expression


def _codes(expression: Mapping[str, Any]) -> set[str] | None:
    """The code in `context.purpose.code == "…"`, from either side; None for anything else."""
    if expression.keys() != {"=="}:
        return None
    sides = (expression["=="]["left"], expression["=="]["right"])
    for one, other in (sides, sides[::-1]):
        if one == _CODE and other.keys() == {"Value"} and type(other["Value"]) is str:
            return {other["Value"]}
    return None


_CODE = {".": {"left": {".": {"left": {"Var": "context"}, "attr": "purpose"}}, "attr": "code"}}


# What says something of the person though it is no attribute of theirs: whom the case names, how many looked at them.
_ABOUT_THEM = frozenset({"named", "mixed", "namesLink", "person", "requestedByPerson"})


def reads_person(expression: Any) -> bool:
    """Whether anything about the person stands in what Cedar parsed: who hears such a rule hears who the person is."""
    if isinstance(expression, dict):
        if expression == {"Var": "resource"} or expression.get("attr") in _ABOUT_THEM:
            return True
        return any(map(reads_person, expression.values()))
    return isinstance(expression, list) and any(map(reads_person, expression))
