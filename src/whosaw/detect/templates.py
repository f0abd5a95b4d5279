# SPDX-License-Identifier: Apache-2.0
"""Reasons that explain a look, declared in `templates.toml`: a closed grammar, read strictly.

    path      look.person = case_persons.person → case_persons.case_id = cases.case_id → cases.assignee = look.who
    windows   between, before, ends       conditions   unlike, outside, alone, own_tool       lists   only, never_fields

Equal values, windows, lists of codes; no expressions. A template is read by people before it runs, so there is nothing
in it that a person could not check by hand.          Specification: the comment in templates.toml; docs/adr/0041
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from whosaw.detect.toml import digest, exactly, read, shipped, whole
from whosaw.errors import Misconfigured
from whosaw.facts.columns import DAY, FIELDS

FILE = "templates.toml"
FORMAT = "whosaw-templates/1"
MOST = 900  # the order of templates must fit beside a weight in one number: explain.py

# What a path may tie together, a window may begin with, a condition may name: nothing else.
TIED: Mapping[str, frozenset[str]] = {
    "look": frozenset({"who", "person", "unit", "function", "manager", "case", "app", "region"}),
    "cases": frozenset({"case_id", "type", "assignee", "requester", "approver", "opened_by", "queue"}),
    "case_persons": frozenset({"case_id", "person", "added_by"}),
    "assignments": frozenset({"who", "scope_kind", "scope"}),
    "staff": frozenset({"who", "unit", "function", "manager"}),
    "links": frozenset({"a", "b"}),
    "regions": frozenset({"region", "country"}),
}
TIMES: Mapping[str, frozenset[str]] = {"cases": frozenset({"opened", "closed"}), "case_persons": frozenset({"added"})}
PRINCIPALS: Mapping[str, frozenset[str]] = {
    "cases": frozenset({"assignee", "requester", "approver", "opened_by"}),
    "case_persons": frozenset({"added_by"}),
}
# Whoever wrote it down: somebody did. That nobody asked for a case is nothing unusual.
AUTHORS = frozenset({"opened_by", "added_by"})
ONLY: Mapping[str, tuple[str, str]] = {
    "purpose": ("look", "purpose"),
    "function": ("look", "function"),
    "type": ("cases", "type"),
    "scope_kind": ("assignments", "scope_kind"),
    "link": ("links", "kind"),
}
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TIME = re.compile(r"([a-z_]+)\.([a-z_]+)(?: ([+-]) ([1-9][0-9]{0,3})([dh]))?")
_STEP = re.compile(r"([a-z_]+)\.([a-z_]+) = ([a-z_]+)\.([a-z_]+)")
_UNIT = {"d": DAY, "h": DAY // 24}


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One column of one table."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Instant:
    """A column of times, moved by `offset` microseconds."""

    ref: Ref
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One reason."""

    id: str
    sentence: str
    weight: int
    path: tuple[tuple[Ref, Ref], ...]
    start: Instant | None = None
    end: Instant | None = None
    before: tuple[Instant, ...] = ()
    unlike: tuple[Ref, ...] = ()
    outside: tuple[Ref, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protected_at_most: int = 100
    never_fields: tuple[str, ...] = ()
    ends: bool = False
    alone: bool = False
    own_tool: bool = False
    convention: bool = False
    unsaid: bool = False  # of an author nothing is said in any row, so that nobody could be known by it

    @property
    def needs(self) -> frozenset[str]:
        """The tables that it reads; where one is not known, the template is off."""
        tables = {ref.table for step in self.path for ref in step} - {"look"}
        return frozenset(tables | ({"staff"} if self.outside else set()))

    @property
    def known(self) -> tuple[Ref, ...]:
        """Of `unlike` and `outside` those that must be known: the authors, or all where none of them is an author."""
        refs = tuple(sorted({*self.unlike, *self.outside}))
        authors = tuple(ref for ref in refs if ref.column in AUTHORS)
        return authors or (() if self.unsaid else refs)


@dataclass(frozen=True, slots=True)
class Templates:
    """All reasons in their order. `digest`: SHA-256 of the file they were read from."""

    explained_from: int
    repeat_days: int
    repeat_keep: int
    convention_people: int
    convention_looks: int
    templates: tuple[Template, ...]
    digest: str

    def without(self, unsaid: frozenset[str]) -> Templates:
        """Without the conditions on columns (`table.column`) of which a dataset says nothing at all.

        They would fail for every row, and all honest work would have no reason: not knowing is said once, for the run.
        """
        if not unsaid:
            return self
        spared = tuple(_spared(template, unsaid) for template in self.templates)
        return replace(self, templates=spared, digest=digest(f"{self.digest} {sorted(unsaid)}".encode()))

    def usable(self, tables: frozenset[str]) -> tuple[tuple[int, Template], ...]:
        """The templates whose tables are known, with their place in the file."""
        return tuple((i, t) for i, t in enumerate(self.templates) if t.needs <= tables)


def _spared(template: Template, unsaid: frozenset[str]) -> Template:
    def said(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(ref for ref in refs if f"{ref.table}.{ref.column}" not in unsaid)

    unlike, outside = said(template.unlike), said(template.outside)
    if (unlike, outside) == (template.unlike, template.outside):
        return template
    return replace(template, unlike=unlike, outside=outside, unsaid=True)


def load_templates(raw: bytes | None = None) -> Templates:
    """The reasons in `raw`, or the shipped ones. Raises Misconfigured, naming the template."""
    raw = shipped(FILE) if raw is None else raw
    top = exactly(read(raw, FILE, FORMAT), frozenset({"explained_from", "repeat", "convention", "template"}), FILE)
    repeat = exactly(top["repeat"], frozenset({"days", "keep"}), "repeat")
    convention = exactly(top["convention"], frozenset({"people", "looks"}), "convention")
    given = top["template"]
    if type(given) is not list or not 0 < len(given) <= MOST:
        raise Misconfigured(f"{FILE} has from 1 to {MOST} templates", setting=FILE)
    templates = tuple(_template(each, number) for number, each in enumerate(given, start=1))
    if len({t.id for t in templates}) != len(templates):
        raise Misconfigured(f"{FILE}: two templates have the same id", setting=FILE)
    return Templates(
        explained_from=whole(top["explained_from"], "explained_from", high=100),
        repeat_days=whole(repeat["days"], "repeat.days", high=3650),
        repeat_keep=whole(repeat["keep"], "repeat.keep", low=0, high=100),
        convention_people=whole(convention["people"], "convention.people", low=50, high=100),
        convention_looks=whole(convention["looks"], "convention.looks", low=1, high=100),
        templates=templates,
        digest=digest(raw),
    )


# Where the household of a principal of a path stands.
HOMES: Mapping[Ref, Ref] = {
    Ref("cases", "requester"): Ref("cases", "requester_home"),
    Ref("cases", "opened_by"): Ref("cases", "opened_by_home"),
    Ref("case_persons", "added_by"): Ref("case_persons", "added_by_home"),
}
_NEEDED = frozenset({"id", "sentence", "weight", "path", "protected_at_most"})
_FLAGS = ("ends", "alone", "own_tool", "convention")
_OPTIONAL = frozenset({"between", "before", "unlike", "outside", "only", "never_fields", *_FLAGS})


def _template(value: Any, number: int) -> Template:
    given = exactly(value, _NEEDED, f"template {number}", optional=_OPTIONAL)
    id_ = given["id"]
    if type(id_) is not str or not _ID.fullmatch(id_):
        raise Misconfigured(f"template {number}: its id is not a word of small letters", setting=FILE)
    where = f"template {id_}"
    path = _path(given["path"], where)
    joined = {ref.table for step in path for ref in step}
    start, end = _between(given.get("between"), joined, where)
    return Template(
        id=id_,
        sentence=_sentence(given["sentence"], where),
        weight=whole(given["weight"], f"{where}: weight", high=100),
        path=path,
        start=start,
        end=end,
        before=tuple(_instant(each, joined, where) for each in _texts(given.get("before", []), where)),
        unlike=tuple(_principal(each, joined, where) for each in _texts(given.get("unlike", []), where)),
        outside=tuple(_principal(each, joined, where) for each in _texts(given.get("outside", []), where)),
        only=_only(given.get("only", {}), joined, where),
        protected_at_most=whole(given["protected_at_most"], f"{where}: protected_at_most", low=0, high=100),
        never_fields=_fields(given.get("never_fields", []), where),
        **{name: _flag(given.get(name, False), joined, name, where) for name in _FLAGS},
    )


def _path(value: Any, where: str) -> tuple[tuple[Ref, Ref], ...]:
    """Every step touches what is there, and brings in one table at most."""
    there = {"look"}
    steps = []
    for text in _texts(value, where):
        found = _STEP.fullmatch(text)
        if found is None:
            raise Misconfigured(f"{where}: a step of its path is not like `a.b = c.d`", setting=FILE)
        left = _tied(Ref(found[1], found[2]), where)
        right = _tied(Ref(found[3], found[4]), where)
        if not {left.table, right.table} & there:
            raise Misconfigured(f"{where}: its path does not hang together", setting=FILE)
        there |= {left.table, right.table}
        steps.append((left, right))
    if len(there) == 1:
        raise Misconfigured(f"{where}: its path leads nowhere", setting=FILE)
    return tuple(steps)


def _tied(ref: Ref, where: str) -> Ref:
    if ref.column not in TIED.get(ref.table, ()):
        raise Misconfigured(f"{where}: no column {ref.table}.{ref.column} that a path may tie", setting=FILE)
    return ref


def _between(value: Any, joined: set[str], where: str) -> tuple[Instant | None, Instant | None]:
    if value is None:
        return None, None
    texts = _texts(value, where)
    if len(texts) != 2:
        raise Misconfigured(f"{where}: between has a start and an end", setting=FILE)
    return _instant(texts[0], joined, where), _instant(texts[1], joined, where)


def _instant(text: str, joined: set[str], where: str) -> Instant:
    found = _TIME.fullmatch(text)
    if found is None or found[2] not in TIMES.get(found[1], ()) or found[1] not in joined:
        raise Misconfigured(f"{where}: not a time of a table in its path, like `cases.closed + 7d`", setting=FILE)
    offset = 0 if found[3] is None else int(found[4]) * _UNIT[found[5]] * (1 if found[3] == "+" else -1)
    return Instant(Ref(found[1], found[2]), offset)


def _principal(text: str, joined: set[str], where: str) -> Ref:
    table, _, column = text.partition(".")
    if column not in PRINCIPALS.get(table, ()) or table not in joined:
        raise Misconfigured(f"{where}: no principal named like that in its path", setting=FILE)
    return Ref(table, column)


def _only(value: Any, joined: set[str], where: str) -> dict[str, tuple[str, ...]]:
    given = exactly(value, frozenset(), f"{where}: only", optional=frozenset(ONLY))
    made = {}
    for name, codes in given.items():
        if ONLY[name][0] not in joined:
            raise Misconfigured(f"{where}: `only.{name}` is about a table outside its path", setting=FILE)
        if texts := _texts(codes, where):  # empty: any
            made[name] = texts
    return made


def _flag(value: Any, joined: set[str], name: str, where: str) -> bool:
    if type(value) is not bool or (name == "ends" and value and "assignments" not in joined):
        raise Misconfigured(f"{where}: {name} is true or false, and `ends` is about an assignment", setting=FILE)
    return value


def _fields(value: Any, where: str) -> tuple[str, ...]:
    names = _texts(value, where)
    if unknown := sorted(set(names) - {str(f) for f in FIELDS}):
        raise Misconfigured(f"{where}: no field {unknown[0]!r}", setting=FILE)
    return names


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if type(value) is not list or any(type(each) is not str for each in value):
        raise Misconfigured(f"{where}: a list of texts is wanted", setting=FILE)
    return tuple(value)


def _sentence(value: Any, where: str) -> str:
    if type(value) is not str or not value.isprintable() or not 10 <= len(value) <= 200 or not value.endswith("."):
        raise Misconfigured(f"{where}: its sentence is one sentence of 10 to 200 characters", setting=FILE)
    return value
