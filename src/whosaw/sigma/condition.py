# SPDX-License-Identifier: Apache-2.0
"""From the condition of a Sigma rule, as its library parsed it, to an Ibis condition over events.

    sel and not 1 of filter_*  ──parsed──▶  AND(field = value, NOT(OR(…)))  ──compiled──▶  events ↦ true or false

As the specification has it: texts match whatever their case, `*` and `?` are wildcards, and a field that is absent matches
nothing, so that its negation holds. Stricter: a field that the log source does not have is an error and not a silence.

Invariant: what cannot be said on every engine alike is refused when the rule is read, never left out when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import reduce
from ipaddress import IPv4Network, IPv6Network
from operator import and_, or_
from typing import Any

from whosaw.errors import BadInput
from whosaw.facts.columns import FIELDS, SECOND
from whosaw.sigma.events import Kind, Source

# The addresses among the events that lie in a network.
Inside = Callable[[IPv4Network | IPv6Network], list[str]]
Test = Callable[[Any, Inside], Any]

_CODE = re.compile(r"[a-z_0-9]{1,40}")
# Of a time (UTC): microseconds that one of it takes, and of how many there are before it begins again.
_PARTS: Mapping[str, tuple[int, int]] = {"MINUTE": (60 * SECOND, 60), "HOUR": (3600 * SECOND, 24)}
_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
    "NEQ": lambda a, b: a != b,
}


def compiled(parsed: Any, source: Source) -> Test:
    """The test that `parsed`, a condition tree of the library, is. Raises BadInput, without `where`, for what cannot be said."""
    from sigma import conditions

    match parsed:
        case conditions.ConditionAND():
            return _joined(and_, [compiled(one, source) for one in parsed.args])
        case conditions.ConditionOR():
            return _joined(or_, [compiled(one, source) for one in parsed.args])
        case conditions.ConditionNOT():
            inner = compiled(parsed.args[0], source)
            return lambda events, inside: ~inner(events, inside)
        case conditions.ConditionFieldEqualsValueExpression():
            return _field(parsed.field, parsed.value, source)
    raise BadInput("a value stands there without a field", hint="name the field in which it is looked for")


def _joined(by: Callable[[Any, Any], Any], tests: list[Test]) -> Test:
    return lambda events, inside: reduce(by, [test(events, inside) for test in tests])


def _field(name: str, value: Any, source: Source) -> Test:
    from sigma.types import SigmaExpansion

    kind = source.fields.get(name)
    if kind is None:
        raise BadInput(f"there is no field {name[:40]!r}", hint=f"there are: {', '.join(source.fields)}")
    if isinstance(value, SigmaExpansion):
        return _joined(or_, [_field(name, one, source) for one in value.values])
    test = _value(name, kind, value, source)
    # Nothing is known of a field that is absent, and nothing is not true: else NOT of it would be unknown, too.
    return lambda events, inside: test(events, inside).fill_null(False)


def _value(name: str, kind: Kind, value: Any, source: Source) -> Test:
    if kind == "fields":
        return _of_fields(value)
    if kind == "detail":
        return _of_detail(value)
    if (absent := _absence(value)) is not None:
        return lambda events, _: events[name].isnull() if absent else events[name].notnull()
    if kind == "time":
        return _of_time(name, value)
    return _of_whole(name, value) if kind == "whole" else _of_text(name, kind, value, source)


def _absence(value: Any) -> bool | None:
    """Whether `value` says that a field is absent (True) or there (False); None where it says something else."""
    from sigma.types import SigmaExists, SigmaNull

    if isinstance(value, SigmaNull):
        return True
    return not value.exists if isinstance(value, SigmaExists) else None


# ── texts ──


def _of_text(name: str, kind: Kind, value: Any, source: Source) -> Test:
    from sigma import types

    match value:
        case types.SigmaCasedString():
            return _of_pattern(name, value, cased=True)
        case types.SigmaString():
            return _of_pattern(name, value, cased=False)
        case types.SigmaNumber() | types.SigmaBool():
            plain = str(value).lower()
            return lambda events, _: events[name].lower() == plain
        case types.SigmaRegularExpression():
            written = value.escape(escape_escape_char=False)
            return lambda events, _: events[name].re_search(written)
        case types.SigmaCIDRExpression() if kind == "address":
            network = value.network
            return lambda events, inside: events[name].isin(inside(network))
        case types.SigmaFieldReference() if source.fields.get(value.field) in ("text", "address"):
            return _of_other(name, value)
    raise _unsaid(name, value)


def _of_other(name: str, value: Any) -> Test:
    """The field equals, begins or ends with what another field of the same event says."""

    def test(events: Any, _: Inside) -> Any:
        one, other = events[name].lower(), events[value.field].lower()
        if value.starts_with:
            return one.startswith(other)
        return one.endswith(other) if value.ends_with else one == other

    return test


def _of_pattern(name: str, value: Any, *, cased: bool) -> Test:
    parts = _parts(value) if cased else [part if part in _WILD else part.lower() for part in _parts(value)]

    def column(events: Any) -> Any:
        return events[name] if cased else events[name].lower()

    if not any(part in _WILD for part in parts):
        plain = "".join(parts)
        return lambda events, _: column(events) == plain
    if not any(part not in _WILD for part in parts) and _ANY in parts and _ONE not in parts:
        return lambda events, _: events[name].notnull()
    # Literals and dots only: whatever reads regular expressions reads these alike.
    written = r"(?s)\A" + "".join(_WILD.get(part) or re.escape(part) for part in parts) + r"\z"
    return lambda events, _: column(events).re_search(written)


# No text can hold these: they stand for the wildcards among the pieces of a pattern.
_ANY, _ONE = "\ud800", "\ud801"
_WILD: Mapping[str, str] = {_ANY: ".*", _ONE: "."}


def _parts(value: Any) -> list[str]:
    from sigma.types import SpecialChars

    known = {SpecialChars.WILDCARD_MULTI: _ANY, SpecialChars.WILDCARD_SINGLE: _ONE}
    parts = []
    for part in value.s:
        if isinstance(part, str):
            if not part.isprintable():
                raise BadInput("a value holds a character that cannot be printed")
            parts.append(part)
        elif isinstance(part, SpecialChars):
            parts.append(known[part])
        else:
            raise BadInput(
                "a placeholder stands there, which only another system fills", hint="write the values in its place"
            )
    return parts


# ── other kinds ──


def _of_whole(name: str, value: Any) -> Test:
    from sigma.types import SigmaCompareExpression, SigmaNumber

    if isinstance(value, SigmaCompareExpression):
        number, compare = _whole(name, value.number), _COMPARED[value.op.name]
        return lambda events, _: compare(events[name], number)
    if isinstance(value, SigmaNumber):
        number = _whole(name, value)
        return lambda events, _: events[name] == number
    raise _unsaid(name, value)


def _whole(name: str, value: Any) -> int:
    if not isinstance(value.number, int) or abs(value.number) >= 2**62:
        raise BadInput(f"{name} is compared with what is no whole number")
    return value.number


def _of_time(name: str, value: Any) -> Test:
    from sigma.types import SigmaCompareExpression, SigmaTimestampPart

    part = value.number if isinstance(value, SigmaCompareExpression) else value
    if not isinstance(part, SigmaTimestampPart) or part.timestamp_part.name not in _PARTS:
        raise BadInput(
            "of the time only its minute and its hour (UTC) can be asked for",
            hint="write time|hour or time|minute; a window belongs into a correlation rule",
        )
    takes, of = _PARTS[part.timestamp_part.name]
    number = _whole(name, part)
    compare = _COMPARED[value.op.name] if isinstance(value, SigmaCompareExpression) else lambda a, b: a == b
    return lambda events, _: compare((events[name] // takes) % of, number)


def _of_fields(value: Any) -> Test:
    """One of the fields looked at is like this."""
    if (absent := _absence(value)) is not None:
        some = _one_of(list(FIELDS.values()))
        return (lambda events, _: ~some(events)) if absent else (lambda events, _: some(events))
    parts = [part if part in _WILD else part.lower() for part in _parts(_string("fields", value))]
    columns = [column for name, column in FIELDS.items() if _fits(name, parts)]
    if not columns:
        raise BadInput("no field of personal data is called like this", hint=f"there are: {', '.join(FIELDS)}")
    found = _one_of(columns)
    return lambda events, _: found(events)


def _fits(name: str, parts: list[str]) -> bool:
    """Whether `name` is like `parts`. Position by position: a regular expression of many `*` would take for ever to say no."""
    reached = {0}
    for part in parts:
        if part == _ANY:
            reached = set(range(min(reached), len(name) + 1)) if reached else reached
        elif part == _ONE:
            reached = {at + 1 for at in reached if at < len(name)}
        else:
            reached = {at + len(part) for at in reached if name.startswith(part, at)}
    return len(name) in reached


def _one_of(columns: list[str]) -> Callable[[Any], Any]:
    return lambda events: reduce(or_, [events[column] == 1 for column in columns])


def _of_detail(value: Any) -> Test:
    """One of the fields was looked at in this detail."""
    code = "".join(_parts(_string("detail", value))).lower()
    if not _CODE.fullmatch(code):
        raise BadInput("a detail is a code without wildcards, as exact or network")
    return lambda events, _: ("|" + events["asked"] + "|").contains(f":{code}|")


def _string(name: str, value: Any) -> Any:
    from sigma.types import SigmaString

    if not isinstance(value, SigmaString):
        raise _unsaid(name, value)
    return value


def _unsaid(name: str, value: Any) -> BadInput:
    # The class and not the value, which may be somebody.
    return BadInput(f"{name} cannot be compared with a {type(value).__name__.removeprefix('Sigma').lower()}")
