# SPDX-License-Identifier: Apache-2.0
"""Path patterns: where in a path a person stands. Shared by web routes and object keys.

    /admin/people/{person}/sign-ins      {person}  one segment, the person
    exports/{day}/{person}.json          {…}       one segment, or a part of one, anything else
    dumps/**                             **        the rest, however deep; last only

Matching walks the segments once and compares texts: there is no regular expression to blow up. A path has one reading
or none: `.` and `..` segments, empty segments, and a percent-encoded slash match nothing, because two servers read them
differently, and a person found in such a path would be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from whosaw.collect.observed import No, identifier
from whosaw.errors import Misconfigured

PERSON = "person"
TWO_WAYS = "a path that can be read in two ways"
_DEEPEST = 64
_TWICE = re.compile("%[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: a prefix, at most one {hole}, a suffix."""

    before: str
    hole: str | None
    after: str

    def match(self, text: str) -> str | None:
        """What stands in the hole (the text itself where there is none), or None."""
        if self.hole is None:
            return text if text == self.before else None
        inside = text[len(self.before) : len(text) - len(self.after)]
        fits = text.startswith(self.before) and text.endswith(self.after) and inside
        return inside if fits and len(text) == len(self.before) + len(inside) + len(self.after) else None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path pattern; `text` is how it was written."""

    text: str
    segments: tuple[Segment, ...]
    deep: bool

    @classmethod
    def parse(cls, text: str, where: str) -> Pattern:
        """Raises Misconfigured, naming `where`."""
        parts = text.removeprefix("/").split("/")
        deep = parts[-1] == "**"
        made = tuple(_segment(part, where) for part in (parts[:-1] if deep else parts))
        holes = [s.hole for s in made if s.hole is not None]
        if len(set(holes)) != len(holes):
            raise Misconfigured(f"{where}: the same {{name}} twice", setting=where)
        if not (made or deep) or len(made) > _DEEPEST:
            raise Misconfigured(f"{where}: a path of 1 to {_DEEPEST} segments", setting=where)
        return cls(text, made, deep)

    @property
    def names_person(self) -> bool:
        return any(s.hole == PERSON for s in self.segments)

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """What stands in the holes, or None where the path is another."""
        if len(parts) <= len(self.segments) if self.deep else len(parts) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for segment, part in zip(self.segments, parts, strict=False):
            inside = segment.match(part)
            if inside is None:
                return None
            if segment.hole is not None:
                found[segment.hole] = inside
        return found

    @property
    def narrowness(self) -> tuple[int, int]:
        """Of two patterns that match, the one with more literal text is the nearer."""
        return (not self.deep, sum(len(s.before) + len(s.after) for s in self.segments))


def _segment(text: str, where: str) -> Segment:
    before, brace, rest = text.partition("{")
    hole, closed, after = rest.partition("}")
    if not brace and "}" not in text and text not in ("", "*", "**", ".", ".."):
        return Segment(text, None, "")
    if not (brace and closed) or "{" in after or "}" in after or not hole.isidentifier():
        raise Misconfigured(f"{where}: a segment is a text, or a text with one {{name}}", setting=where)
    return Segment(before, hole, after)


def url_segments(uri: str) -> tuple[str, ...] | No:
    """The segments of a request's path, decoded; the query is cut off and looked at by nobody."""
    path = uri.partition("?")[0].partition("#")[0]
    if " " in path:
        return No(TWO_WAYS)  # to some servers the path ends there
    if not path.startswith("/"):
        return No("a path that does not begin with a slash")
    made = []
    for part in path[1:].removesuffix("/").split("/"):
        try:
            text = unquote_to_bytes(part).decode()
        except (UnicodeDecodeError, UnicodeEncodeError):
            return No("a path that is not UTF-8")
        # Some servers cut a segment at its semicolon, some decode twice: to them this is another person than to us.
        if ";" in text or _TWICE.search(text):
            return No(TWO_WAYS)
        made.append(text)
    return _checked(made)


def plain_segments(path: str) -> tuple[str, ...] | No:
    """The segments of a path that the server has decoded already."""
    if not path.startswith("/"):
        return No("a path that does not begin with a slash")
    return _checked(path[1:].removesuffix("/").split("/"))


def key_segments(key: str) -> tuple[str, ...] | No:
    """The segments of an object key, which is not percent-encoded."""
    return _checked(key.split("/"))


def _checked(parts: Sequence[str]) -> tuple[str, ...] | No:
    if len(parts) > _DEEPEST:
        return No("a path of more than 64 segments")
    if any(p in (".", "..") or "/" in p or "\\" in p for p in parts) or (len(parts) > 1 and "" in parts):
        return No(TWO_WAYS)
    if any(p and identifier(p) is None for p in parts):
        return No("a path with a segment that is no identifier")
    return tuple(parts)
