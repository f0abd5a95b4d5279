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
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s+|//[^\n]*|([A-Za-z_]\w*|[{}<>:;,=?])|(.)", re.DOTALL)
_TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PLAIN = {"String": _TEXT, "Bool": "(?:true|false)", "Long": "-?[0-9]++"}
_ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class Form:
    """What a context looks like. Made of the schema's text by `of`."""

    _context: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, schema: str) -> Form:
        """The form of the context of the schema's one action. ValueError for what this reader does not know."""
        return cls(re.compile(_Reader(schema).context()))

    def fit(self, context: str) -> str | None:
        """`context`, in which entities are called so as the engine knows them without the schema; None: it does not fit."""
        found = self._context.fullmatch(context)
        if found is None:
            return None
        # From the last to the first, so that places stay what they are.
        for begin, end in sorted((found.span(n) for n in range(1, self._context.groups + 1)), reverse=True):
            if begin >= 0:
                context = f'{context[:begin]}{{"__entity":{context[begin:end]}}}{context[end:]}'
        return context


class _Reader:
    """Reads as much of Cedar's schema language as our schema is written in."""

    def __init__(self, schema: str) -> None:
        self._tokens = _tokens(schema)
        self._named: dict[str, str] = {}

    def context(self) -> str:
        """The expression for the context of the one action."""
        found = ""
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
                self._named[name] = made if word == "type" else rf'(\{{"id":{_TEXT},"type":"{name}"\}})'
                self._skip(";")
            else:
                raise ValueError(f"{word!r} begins nothing here")
        if not found:
            raise ValueError("no action")
        return found

    def _type(self, word: str) -> str:
        if word == "{":
            return self._record()
        if word == "Set":
            self._skip("<")
            of = self._type(next(self._tokens))
            self._skip(">")
            return rf"\[(?:{of},?)*+\]"
        made = _PLAIN.get(word) or self._named.get(word)
        if made is None:
            raise ValueError(f"no type {word!r}")
        return made

    def _record(self) -> str:
        """Each attribute in its place, those that may be absent perhaps. Commas stand where JSON has them: it is JSON."""
        made: dict[str, str] = {}
        while (name := next(self._tokens)) != "}":
            mark = next(self._tokens)
            if mark == "?":
                self._skip(":")
            elif mark != ":":
                raise ValueError(f"{mark!r} after {name!r}")
            made[name] = f'(?:"{name}":{self._type(next(self._tokens))},?)' + ("?" if mark == "?" else "")
            self._skip(",")
        return rf"\{{{''.join(made[name] for name in sorted(made))}\}}"

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
