# SPDX-License-Identifier: Apache-2.0
"""Parameters as PostgreSQL reads them: `$1,$2` are two, and no dollar quote begins with a digit.

    where id in ($1,$2)   ──▶   where id in ($1 ,$2 )

sqlglot takes `$1,$` for the tag of a quoted text and all up to the next `$1,$` for its content. So honest lists could not be
read, and worse: `select $1/*$*/, ip from users where id = $1/*$ from plain -- */` read as a look at `plain`. A blank behind
each parameter leaves nothing to mistake; what is still taken for a tag that PostgreSQL has not makes a text unreadable.

Invariant: nothing inside quotes, comments or dollar quotes is changed. What does not end, or comments in comments, leave the
text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# Words first: the dollar of `a$1` is a letter.
_NEXT = re.compile(r"[eE]?'|\"|--|/\*|\$|[^\W\d][\w$]*")
_TAG = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_PARAMETER = re.compile(r"\$[0-9]+")
_ESCAPED = re.compile(r"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)
_QUOTED = re.compile(r"[^']*(?:''[^']*)*'")
_LINE = re.compile(r"[\r\n]")
_NAME = re.compile(r'[^"]*(?:""[^"]*)*"')


def spaced(text: str) -> str:
    """`text` with a blank behind each parameter."""
    made: list[str] = []
    done = at = 0
    while (found := _NEXT.search(text, at)) is not None:
        parameter = _PARAMETER.match(text, found.start())
        if parameter is not None:
            made += [text[done : parameter.end()], " "]
            done = at = parameter.end()
            continue
        end = _end(text, found)
        if end is None:
            return text
        at = end
    return "".join([*made, text[done:]])


def trusted(tokens: list[Any], text: str) -> bool:
    """Whether each dollar quote among `tokens` is one to PostgreSQL too."""
    quotes = (token for token in tokens if token.token_type.name == "HEREDOC_STRING")
    return all(_TAG.match(text, token.start) for token in quotes)


def _end(text: str, found: re.Match[str]) -> int | None:
    """Where what begins at `found` ends: a quote, a comment, a word. None where it does not."""
    sign, at = found[0], found.end()
    if sign in _QUOTES:
        closed = _QUOTES[sign](text, at)
        return None if closed is None else closed.end()
    if sign == "--":
        line = _LINE.search(text, at)
        return len(text) if line is None else line.end()
    if sign == "/*":
        end = _after(text, "*/", at)
        return None if end is None or "/*" in text[at : end - 1] else end
    if sign == "$" and (tag := _TAG.match(text, found.start())) is not None:
        return _after(text, tag[0], tag.end())
    return at


_QUOTES: dict[str, Callable[[str, int], re.Match[str] | None]] = {
    "'": _QUOTED.match, "e'": _ESCAPED.match, "E'": _ESCAPED.match, '"': _NAME.match,
}  # fmt: skip


def _after(text: str, sign: str, at: int) -> int | None:
    end = text.find(sign, at)
    return None if end < 0 else end + len(sign)
