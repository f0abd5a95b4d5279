# SPDX-License-Identifier: Apache-2.0
r"""The form of a question: what the schema says of it, as one regular expression that is made once.

    schema.cedarschema ──Form.of──▶ \{"approvals":\{…\},"asked":\[…\],…\}       keys sorted, as in the one spelling
    context ──fit──▶ the text for the engine, or None where it has another form

The engine can check each question against the schema, and takes as long for that as for all the rules: it builds its types anew each
time. A question has one spelling (``policy.question``), and of texts with sorted keys and no blanks those of one form are a regular
language. So the same is checked here, before the engine is asked.

Invariant: what fits, the engine accepts with the schema, too, and decides alike. What does not fit is no question, and forbids.
                                                                                    Design: docs/adr/0134
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s+|//[^\n]*|([A-Za-z_]\w*|[{}<>:;,=?])|(.)", re.DOTALL)
_TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NUMBER = "-?[0-9]++"
_PLAIN = {"String": _TEXT, "Bool": "(?:true|false)", "Long": _NUMBER}
_ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class Form:
    """What a context looks like. Made of the schema's text by `of`. `numbers`: where in it whole numbers stand, in their order."""

    _context: re.Pattern[str] = field(repr=False)
    _entities: tuple[int, ...] = field(repr=False)  # groups
    _numbers: tuple[int, ...] = field(repr=False)
    numbers: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, schema: str) -> Form:
        """The form of the context of the schema's one action. ValueError for what this reader does not know."""
        writer = _Writer()
        pattern = writer.write(_Reader(schema).context(), ())
        return cls(re.compile(pattern), tuple(writer.entities), tuple(writer.numbers), tuple(writer.numbers.values()))

    def read(self, context: str) -> re.Match[str] | None:
        """`context` as it was read, for what follows; None: it does not fit."""
        return self._context.fullmatch(context)

    def fit(self, context: str) -> str | None:
        """`context`, in which entities are called so as the engine knows them without the schema; None: it does not fit."""
        found = self.read(context)
        return None if found is None else self.text(found)

    def text(self, found: re.Match[str]) -> str:
        """What was read, with entities called so as the engine knows them without the schema."""
        context = found.string
        # From the last to the first, so that places stay what they are.
        for begin, end in sorted((found.span(n) for n in self._entities), reverse=True):
            if begin >= 0:
                context = f'{context[:begin]}{{"__entity":{context[begin:end]}}}{context[end:]}'
        return context

    def counted(self, found: re.Match[str]) -> list[int | None]:
        """The numbers that were read, in the order of `numbers`; None where there is none."""
        return [None if (text := found[n]) is None else int(text) for n in self._numbers]


@dataclass(frozen=True, slots=True)
class _Type:
    """What stands somewhere: a `plain` text, an entity, a set of something, or a record."""

    plain: str = ""
    entity: str = ""
    of: _Type | None = None
    record: Mapping[str, tuple[bool, _Type]] | None = None


class _Writer:
    """Makes the expression, and counts its groups."""

    def __init__(self) -> None:
        self.entities: list[int] = []
        self.numbers: dict[int, tuple[str, ...]] = {}
        self._groups = 0

    def write(self, type_: _Type, path: tuple[str, ...], *, inside: bool = False) -> str:
        """The expression of what stands at `path`. `inside`: of a set, where one group would stand for many."""
        if type_.record is not None:
            # Each attribute in its place, those that may be absent perhaps. Commas stand where JSON has them: it is JSON.
            said = ""
            for name in sorted(type_.record):
                perhaps, of = type_.record[name]
                said += f'(?:"{name}":{self.write(of, (*path, name), inside=inside)},?)' + "?" * perhaps
            return rf"\{{{said}\}}"
        if type_.of is not None:
            return rf"\[(?:{self.write(type_.of, path, inside=True)},?)*+\]"
        if type_.entity:
            if inside:
                raise ValueError("a set of entities")
            self._groups += 1
            self.entities.append(self._groups)
            return rf'(\{{"id":{_TEXT},"type":"{type_.entity}"\}})'
        if type_.plain == _NUMBER and not inside:
            self._groups += 1
            self.numbers[self._groups] = path
            return f"({_NUMBER})"
        return type_.plain


class _Reader:
    """Reads as much of Cedar's schema language as our schema is written in."""

    def __init__(self, schema: str) -> None:
        self._tokens = _tokens(schema)
        self._named: dict[str, _Type] = {}

    def context(self) -> _Type:
        """The type of the context of the one action."""
        found = None
        for word in self._tokens:
            if word == "action":
                self._skip("look", "appliesTo", "{", "principal", ":", "Principal", ",")
                self._skip("resource", ":", "Person", ",", "context", ":")
                found = self._type(next(self._tokens))
                self._skip(",", "}", ";")
            elif word in (_ENTITY, "type"):
                name = next(self._tokens)
                self._skip("=")
                made = self._type(next(self._tokens))
                self._named[name] = made if word == "type" else _Type(entity=name)
                self._skip(";")
            else:
                raise ValueError(f"{word!r} begins nothing here")
        if found is None:
            raise ValueError("no action")
        return found

    def _type(self, word: str) -> _Type:
        if word == "{":
            return self._record()
        if word == "Set":
            self._skip("<")
            of = self._type(next(self._tokens))
            self._skip(">")
            return _Type(of=of)
        if word in _PLAIN:
            return _Type(plain=_PLAIN[word])
        if word not in self._named:
            raise ValueError(f"no type {word!r}")
        return self._named[word]

    def _record(self) -> _Type:
        made: dict[str, tuple[bool, _Type]] = {}
        while (name := next(self._tokens)) != "}":
            mark = next(self._tokens)
            if mark == "?":
                self._skip(":")
            elif mark != ":":
                raise ValueError(f"{mark!r} after {name!r}")
            made[name] = (mark == "?", self._type(next(self._tokens)))
            self._skip(",")
        return _Type(record=made)

    def _skip(self, *words: str) -> None:
        for word in words:
            if (found := next(self._tokens)) != word:
                raise ValueError(f"{found!r} where {word!r} belongs")


def _tokens(schema: str) -> Iterator[str]:
    for found in _TOKEN.finditer(schema):
        if found[2]:
            raise ValueError(f"a sign that is none: {found[2]!r}")
        if found[1]:
            yield found[1]
