# SPDX-License-Identifier: Apache-2.0
"""The routes of an internal tool: which of them show a person's data, and where in them the person stands.

    [[route]]
    method = "GET"
    path   = "/admin/people/{person}/sign-ins"
    fields = ["ip:exact"]
    mode   = "read"

``query = "id"`` says that the person stands in that parameter instead. ``fields = "-"``: nothing personal, and known to
be so. The nearest route counts: the one with more literal text.        Specification: docs/connectors/access.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from whosaw.collect.maps import Table as MapTable
from whosaw.collect.maps import most, opened
from whosaw.collect.observed import Asked, No, app_name
from whosaw.collect.patterns import Pattern, plain_segments, url_segments
from whosaw.collect.persons import TYPES, spelled
from whosaw.collect.readings import may_be, words
from whosaw.collect.shapes import WORDS
from whosaw.collect.web_log import METHODS, Form, Request, form_of
from whosaw.model.access import Mode

ANY = "*"
NO_PERSON = "a route with a person, asked without one"
OTHER_TYPE = "a person that is not of the type in the map"
TWO_PARAMETERS = No("the parameter that names the person stands there twice")


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `query`: the parameter that names the person, where the path does not."""

    method: str
    pattern: Pattern
    query: str | None
    fields: Asked
    mode: Mode
    person_type: str


@dataclass(frozen=True, slots=True)
class Hit:
    """What a request may have shown, with what it says of whom and why. `doubt`: what could not be told of it."""

    fields: Asked
    mode: Mode
    person: str | None = field(default=None, repr=False)
    case: str | None = field(default=None, repr=False)
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """The whole map, the nearest route first.

    `log`: the format of the logs; None: each file is what its first lines are. `principal`: under which name of the log the account stands, where it is not the server's own. `words`: segments
    that may be listed as they are. `prefetch`: whether a request that says it is a prefetch is passed over.
    """

    routes: tuple[Route, ...]
    log: Form | None = None
    app: str | None = None
    principal: str | None = None
    skip_prefetch: bool = False
    words: frozenset[str] = WORDS
    principals: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: bytes = b""

    @classmethod
    def parse(cls, raw: bytes, where: str = "route map") -> Routes:
        """Raises Misconfigured, naming the key."""
        top, digest = opened(raw, where)
        routes = [_route(t) for t in top.tables("route")]
        names = [(r.method, r.pattern.text, r.query) for r in routes]
        if not routes or len(set(names)) != len(names):
            raise top.wrong("route", "is needed at least once, and once for each method and path")
        app = top.optional("app")
        if app is not None and app_name(app) is None:
            raise top.wrong("app", "has 1 to 64 letters, digits, spaces and . _ / + -")
        literal = {s.before for r in routes for s in r.pattern.segments if s.hole is None}
        made = cls(
            routes=tuple(sorted(routes, key=_nearness, reverse=True)),
            log=form_of(top),
            app=app,
            principal=top.optional("principal"),
            skip_prefetch=top.choice("prefetch", ("look", "skip"), "look") == "skip",
            words=WORDS | literal | set(top.texts("words")),
            principals=top.names("principals"),
            digest=digest,
        )
        top.done()
        return made

    def find(self, request: Request) -> Hit | No | None:
        """What the route of a request shows; None for one that the map does not name. No: its path has no one reading."""
        parts = segments(request)
        if isinstance(parts, No):
            return parts
        kinder: Hit | None = None
        for route in self.routes:
            found = route.pattern.match(parts) if route.method in (ANY, request.method) else None
            if found is None:
                continue
            hit = _hit(route, found, request.query)
            # What we do not take for a person, a server may: `42abc` is 42 to some. Only a route that it is a person to says more.
            if hit.doubt == OTHER_TYPE:
                kinder = kinder or (hit if hit.fields else None)
            elif kinder is None or hit.person is not None:
                return hit
        return kinder

    def possible(self, request: Request, why: No) -> Hit | None:
        """What a request may have shown whose path has no one reading; None where no watched route begins like it."""
        found = words(request.path)
        shown = [
            r.fields for r in self.routes if r.method in (ANY, request.method) and r.fields and may_be(found, r.pattern)
        ]
        return Hit(most(one for asked in shown for one in asked), Mode.SEARCH, doubt=why.reason) if shown else None


def segments(request: Request) -> tuple[str, ...] | No:
    """The path of a request."""
    return plain_segments(request.path) if request.decoded else url_segments(request.path)


def _hit(route: Route, found: Mapping[str, str], query: str) -> Hit:
    """What the route shows, and of whom."""
    case = found.get("case")
    text = found.get("person") if route.query is None else _parameter(query, route.query)
    if isinstance(text, No):
        return Hit(route.fields, route.mode, case=case, doubt=text.reason)
    person = None if text is None else spelled(text, route.person_type)
    if text is not None and person is None:
        return Hit(route.fields, route.mode, case=case, doubt=OTHER_TYPE)
    doubt = NO_PERSON if person is None and route.query is not None else None
    return Hit(route.fields, route.mode, person, case, doubt)


def _parameter(query: str, name: str) -> str | No | None:
    """The value of one parameter of the query."""
    values = []
    for pair in query.split("&"):
        key, _, value = (part.replace("+", " ") for part in pair.partition("="))
        try:
            if unquote_to_bytes(key).decode() == name:
                values.append(unquote_to_bytes(value).decode())
        except UnicodeError:
            return No("a query that is not UTF-8")
    # Some servers take the first of two, some the last: whoever was looked at would be a guess.
    return TWO_PARAMETERS if len(values) > 1 else (values[0] if values and values[0] else None)


def _route(given: MapTable) -> Route:
    pattern = Pattern.parse(given.text("path"), f"{given.where}: `path`")
    query = given.optional("query")
    if query is not None and pattern.names_person:
        raise given.wrong("query", "names a person whom `path` names already")
    default = Mode.READ if pattern.names_person or query else Mode.SEARCH
    made = Route(
        given.choice("method", (*METHODS, ANY), "GET"),
        pattern,
        query,
        given.fields(),
        Mode(given.choice("mode", tuple(Mode), default)),
        given.choice("person_type", TYPES, "text"),
    )
    given.done()
    return made


def _nearness(route: Route) -> tuple[Sequence[object], bool, bool]:
    return route.pattern.narrowness, route.method != ANY, route.query is not None
