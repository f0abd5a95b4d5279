# SPDX-License-Identifier: Apache-2.0
"""Values with parts: one JSON object in the canonical spelling of records, of exactly the keys that its schema names.

    {"city":"Aby","country":"SE"} ──parse──▶ parts ──a rung──▶ fewer parts ──canonical──▶ {"country":"SE"}

A value that does not begin with `{` is plain text: it has no parts, so it is shown whole, at ``exact``, or not at all.

Invariant: an unknown key, a key twice, a value of another type: BadInput, and the value is not quoted. Whoever stores a
part that no rung knows would think it hidden, and see it shown at ``exact`` only, or the other way round.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from whosaw.errors import BadInput, NotCanonical
from whosaw.model.record import Json
from whosaw.model.record import canonical as spelled
from whosaw.privacy.fields.kind import EXACT, Kind, Rung, Seen, Shown, World

Parts = Mapping[str, Any]
Check = Callable[[Any], bool]
TIME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


# ── what a part may be ──


def text(value: Any) -> bool:
    """1 to 2000 characters that can be written down."""
    return type(value) is str and 1 <= len(value) <= 2000 and "\x00" not in value


def long_text(value: Any) -> bool:
    """As long as a value may be at all."""
    return type(value) is str and value != "" and "\x00" not in value


def moment(value: Any) -> bool:
    """A second of UTC: 2026-11-22T10:15:30Z."""
    return type(value) is str and TIME.fullmatch(value) is not None


def matches(pattern: str) -> Check:
    """A text that is all of `pattern`."""
    compiled = re.compile(pattern)
    return lambda value: type(value) is str and compiled.fullmatch(value) is not None


def one_of(*words: str) -> Check:
    return lambda value: type(value) is str and value in words


def parts(needed: Mapping[str, Check], perhaps: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys, and perhaps those."""
    known = {**needed, **(perhaps or {})}
    return lambda value: (
        type(value) is dict
        and needed.keys() <= value.keys() <= known.keys()
        and all(known[name](each) for name, each in value.items())
    )


def each(check: Check) -> Check:
    """A list of 0 to 10000 such."""
    return lambda value: type(value) is list and len(value) <= 10_000 and all(map(check, value))


def named(check: Check) -> Check:
    """An object of names that the organisation chose, such as `display_name`."""
    name = matches(r"[a-z][a-z0-9_]{0,39}")
    return lambda value: type(value) is dict and all(name(key) and check(of) for key, of in value.items())


# ── the kind ──


def structured(
    name: str,
    rungs: Mapping[Rung, Callable[[Parts], Json]],
    *,
    schema: Check,
    example: str,
    caveat: str = "",
) -> Kind:
    """A kind whose values have parts. `rungs`: each below ``exact``, least first, with what it keeps of the parts."""
    masks = {rung.word: keep for rung, keep in rungs.items()}

    def canonical(value: str) -> str:
        if not value.startswith("{"):
            return plain(name, value)
        try:
            return spelled(_parsed(value, schema)).decode()
        except (ValueError, RecursionError, NotCanonical, BadInput):
            # from None: what failed quotes the value.
            raise BadInput(
                f"not a {name} in parts: a key that it has not, one that is missing, or a value of another kind",
                where=name,
                hint="docs/vault.md has the parts of each field; a plain text does not begin with {",
            ) from None

    def mask(value: str, detail: str, _: World) -> Shown | None:
        try:
            whole = _parsed(value, schema) if value.startswith("{") else None
        except (ValueError, RecursionError):
            whole = None  # stored before there were parts: a plain text that happens to begin with a brace
        return None if whole is None else Shown(spelled(masks[detail](whole)).decode())

    exact = Rung(EXACT, "all of it", Seen.EXACT)
    return Kind(name, (*rungs, exact), example, canonical, mask, caveat)


def keep(*names: str) -> Callable[[Parts], Json]:
    """These parts, of those that are there."""
    return lambda whole: cast("Json", {name: whole[name] for name in names if name in whole})


def plain(name: str, value: str) -> str:
    """A text without parts. Raises BadInput."""
    if not value or "\x00" in value or not is_text(value):
        raise BadInput("a value is not empty, is UTF-8 and holds no zero byte", where=name)
    return value


def is_text(value: str) -> bool:
    """Whether `value` can be written down: a line that was not UTF-8 may have been read into lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parsed(value: str, schema: Check) -> dict[str, Json]:
    """Raises ValueError for what is no object of this schema."""
    made = json.loads(value, object_pairs_hook=_once, parse_constant=_never, parse_float=_never)
    if not schema(made):
        raise ValueError("another schema")
    return cast("dict[str, Json]", made)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made


def _never(_: str) -> Any:
    raise ValueError("no such numbers")
