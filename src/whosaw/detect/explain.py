# SPDX-License-Identifier: Apache-2.0
"""Which looks have a reason: every template compiled to one join, and the best of them kept.

    looks ── path joins ──▶ pairs ── windows, conditions ──▶ late? over? own? ──▶ weight then, weight now, the nearest miss
      └───────────────────── coming back within days ──▶ a part of the weight of the last look that had its own reason

A look that was refused is judged like any other, and so is one that was never asked: what was said when asking clears
nobody, only what the cases and assignments say.

Invariant: each look has one weight, whatever the order of rows; a repeat is never the reason of a further repeat, so an
unexplained first look launders nothing and no chain creeps.                        Design: docs/adr/0041, 0198
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from whosaw.detect.conventions import with_conventions
from whosaw.detect.defaults import Defaults
from whosaw.detect.portions import portions
from whosaw.detect.templates import HOMES, ONLY, Instant, Ref, Template, Templates
from whosaw.facts.columns import DAY, FIELDS
from whosaw.facts.extra import need
from whosaw.facts.opened import Facts
from whosaw.facts.prepared.looks import holds, unsaid
from whosaw.model.access import Mode

# Weight and place in one whole number, so that one `max` finds the largest weight and, among equals, the first template.
_PLACES = 1000
# A time and a weight (at most 100) in one whole number, below 2^63 until the year 4000.
_WEIGHTS = 128
LATE, OVER, OWN = 1, 2, 4
Ties = tuple[tuple[Ref, Ref], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Tables of a path that are tied to one another: which, how, and which of their rows alone."""

    tables: tuple[str, ...]
    ties: Ties
    only: tuple[tuple[str, tuple[str, ...]], ...]
    ends: bool


Groups = Mapping[Group, Any]


def explained(
    facts: Facts, looks: Any, tables: Mapping[str, Any], templates: Templates, defaults: Defaults, *, mark: str = ""
) -> Any:
    """`explain` over `looks`, in steps that are kept: each template would write, plan and compute them anew.

    `mark`: how the names of all that is kept end, so that it can be forgotten.
    """
    mark = mark or need("ibis", "watching").util.gen_name("explained")
    return with_found(looks, reasons(facts, looks, tables, templates, defaults, mark=mark))


def with_found(looks: Any, found: Any) -> Any:
    """`looks` with what `reasons` found of them."""
    found = found.select("e_row", *FOUND)
    return looks.inner_join(found, looks.row == found.e_row).drop("e_row")


def reasons(
    facts: Facts, looks: Any, tables: Mapping[str, Any], templates: Templates, defaults: Defaults, *, mark: str
) -> Any:
    """What `explained` adds, by `e_row`; with the columns of `looks` that were read for it."""
    # Joined here and laid down, or the engine would begin with every look times every case of its person.
    groups: dict[Group, Any] = {}
    for _, template in templates.usable(frozenset(tables)):
        for group in _groups(template):
            if len(group.tables) > 1 and group not in groups:
                groups[group] = facts.lay(f"joined_{len(groups)}{mark}", _joined(group, tables, template))
    fields = {field for template in templates.templates for field in template.never_fields}
    looks = facts.lay(
        f"looks{mark}", looks.select(*_OF_REASONS, *_BESIDE, *sorted(_FIELD_COLUMNS[field] for field in fields))
    )
    # One statement for each: all at once would hold what every one of them is joined with.
    met = {
        placed[0]: facts.lay(f"met_{placed[0]}{mark}", _judged(looks, tables, placed, defaults, groups))
        for placed in templates.usable(frozenset(tables))
    }
    # Laid down, too: conventions and lists both go by it, and each would join and add up all that was met anew.
    best = _of_all(
        facts.lay(
            f"best_{nth}{mark}",
            _best(within(looks, "row"), {place: within(each, "j_row") for place, each in met.items()}, templates),
        )
        for nth, within in enumerate(portions(facts, looks))
    )
    found = facts.lay(f"found{mark}", _reasons(looks, best, templates, defaults))
    return looks.inner_join(found, looks.row == found.e_row)


def explain(looks: Any, tables: Mapping[str, Any], templates: Templates, defaults: Defaults) -> Any:
    """`looks` (prepared) with what explains them:

    weight_then   0 to 100, as of the look            weight_now   the same, whatever came late counted in
    template      place of the reason in the file, the number of templates for a repeat, −1 for none
    near          LATE, OVER, OWN (added up): why the nearest template fails; 0 where none comes near
    first         1: no look by this principal at this person in so many days before
    """
    met = {placed[0]: _judged(looks, tables, placed, defaults, {}) for placed in templates.usable(frozenset(tables))}
    found = _reasons(looks, _best(looks, met, templates), templates, defaults)
    return looks.inner_join(found, looks.row == found.e_row).drop("e_row")


def _of_all(tables: Iterable[Any]) -> Any:
    return reduce(lambda a, b: a.union(b), tables)


def _best(looks: Any, met: Mapping[int, Any], templates: Templates) -> Any:
    """Of each look what conventions go by, the largest weights and the nearest miss; apart (o_…) those of reasons that only a
    convention makes one. `met`: of each template, by its place, the looks that it leads to.
    """
    usual = [met[place] for place in met if templates.templates[place].convention]
    own = [met[place] for place in met if not templates.templates[place].convention]
    best = _with_best(looks.select("row", "who", "person", "claimed", "function"), own)
    return _with_best(best, usual, "o_") if usual else best


def _reasons(looks: Any, best: Any, templates: Templates, defaults: Defaults) -> Any:
    """What `explain` adds, by `e_row`."""
    if "o_then" in best.columns:
        best = with_conventions(best, templates, _PLACES)
    best = best.select(b_row="row", then="then", now="now", miss="miss")
    # Of each look only what is asked for here: windows over whole rows would carry sixty columns through every sort.
    joined = looks.select(*_IN_ORDER)
    joined = joined.inner_join(best, joined.row == best.b_row).drop("b_row")
    joined = _of_lists(joined, templates, defaults.narrow)
    found = _with_repeats(joined, templates, defaults.first_days)
    return found.select(e_row="row", **{name: found[name] for name in FOUND})


def _with_best(looks: Any, met: Sequence[Any], mark: str = "") -> Any:
    """`looks` with the largest weights and the nearest miss of all that is `met`; 0 where nothing is. `mark`: how their names begin."""
    then, now, miss = names = tuple(mark + name for name in ("then", "now", "miss"))
    if not met:
        return looks.mutate(**dict.fromkeys(names, need("ibis", "watching").literal(0, "int64")))
    best = _of_all(met)
    best = best.group_by(best.j_row).aggregate(**{then: best.then.max(), now: best.now.max(), miss: best.miss.min()})
    both = looks.left_join(best, looks.row == best.j_row).drop("j_row")
    return both.mutate(**{name: both[name].fill_null(0) for name in names})


def _of_lists(looks: Any, templates: Templates, narrow: int) -> Any:
    """Of a long list somebody always has a case: where fewer than half of it have a reason, none has.

    But for what a search brings: whoever was searched for may have one, and nobody asked for the others.
    """
    ibis = need("ibis", "watching")
    least = templates.explained_from
    lists = looks.filter(looks["size"] > narrow, looks["mode"] != str(Mode.SEARCH), looks.person.notnull())
    lists = lists.group_by(f_request="request", f_who="who", f_claimed="claimed").aggregate(
        few_then=2 * (lists.then >= least * _PLACES).cast("int64").sum() < lists.count(),
        few_now=2 * (lists.now >= least).cast("int64").sum() < lists.count(),
    )
    of = [looks.request == lists.f_request, looks.who == lists.f_who, looks.claimed == lists.f_claimed]
    both = looks.left_join(lists, of)
    return both.mutate(
        then=ibis.ifelse(both.few_then.fill_null(False), 0, both.then),
        now=ibis.ifelse(both.few_now.fill_null(False), 0, both.now),
    ).drop("few_then", "few_now", "f_request", "f_who", "f_claimed")


def _with_repeats(looks: Any, templates: Templates, first_days: int) -> Any:
    ibis = need("ibis", "watching")
    direct = looks.then // _PLACES
    looks = looks.mutate(direct=direct, place=ibis.ifelse(looks.then > 0, _PLACES - 1 - looks.then % _PLACES, -1))
    # By claim too: a name that was typed in neither clears the one who has it nor makes their next look a second.
    of = {"group_by": [looks.who, looks.person, looks.claimed], "order_by": [looks.t, looks.look_id, looks.row]}
    before = ibis.window(**of, preceding=(None, 1))
    anchored = ibis.ifelse(
        looks.direct >= templates.explained_from, looks.t * _WEIGHTS + looks.direct, ibis.null("int64")
    )
    looks = looks.mutate(anchor=anchored)
    looks = looks.mutate(anchor=looks.anchor.max().over(before), seen=looks.t.lag().over(ibis.window(**of)))
    near_enough = looks.anchor.notnull() & (looks.t - looks.anchor // _WEIGHTS <= templates.repeat_days * DAY)
    repeat = (looks.anchor % _WEIGHTS) * templates.repeat_keep // 100
    looks = looks.mutate(repeat=ibis.ifelse(near_enough, repeat, 0).fill_null(0))
    weight = ibis.greatest(looks.direct, looks.repeat)
    return looks.mutate(
        weight_then=weight,
        weight_now=ibis.greatest(weight, looks.now),
        template=ibis.ifelse(
            looks.repeat > looks.direct, len(templates.templates), ibis.ifelse(looks.direct > 0, looks.place, -1)
        ),
        near=looks.miss % 8,
        first=ibis.ifelse(looks.seen.isnull() | (looks.t - looks.seen > first_days * DAY), 1, 0),
    ).drop("then", "now", "miss", "direct", "place", "anchor", "seen", "repeat")


def _judged(
    looks: Any, tables: Mapping[str, Any], placed: tuple[int, Template], defaults: Defaults, groups: Groups
) -> Any:
    """Per look and end of the path that it leads to: packed weights, 0 where a condition fails, and the nearest miss."""
    ibis = need("ibis", "watching")
    place, template = placed
    pairs = _with_units(_path(looks, tables, template, groups), tables, template)
    pairs = pairs.mutate(
        late=_any(_late(pairs, template, defaults.feed_lag)),
        over=_any([] if template.end is None else [pairs.l_t >= _time(pairs, template.end)]),
        own=_any(_own(pairs, template)),
    )
    weight = ibis.ifelse(pairs.l_protected == 1, min(template.weight, template.protected_at_most), template.weight)
    fails = pairs.late + pairs.over + pairs.own
    misses = pairs.late * LATE + pairs.over * OVER + pairs.own * OWN
    pairs = pairs.mutate(
        then=ibis.ifelse((fails == 0) & (weight > 0), weight * _PLACES + (_PLACES - 1 - place), 0),
        now=ibis.ifelse(pairs.over + pairs.own == 0, weight, 0),
        # Fewest failures first, then the first template in the file.
        miss=ibis.ifelse(fails > 0, fails * 100_000 + place * 8 + misses, ibis.null("int64")),
    )
    # Cast by name: the union of templates wants one type for each column. Not grouped here: it is once, of all templates.
    pairs = pairs.filter((pairs.now > 0) | pairs.miss.notnull())  # else it says nothing, and now is never below then
    return pairs.select(
        j_row=pairs.l_row, then=pairs.then.cast("int64"), now=pairs.now.cast("int64"), miss=pairs.miss.cast("int64")
    )


# What is read of a look: to follow paths, for conditions on it, and by whoever says which looks are judged.
_OF_PATHS = (
    "row", "t", "who", "person", "unit", "function", "manager", "own_person", "household", "case", "app", "protected",
    "region",
)  # fmt: skip
_OF_REASONS = (*_OF_PATHS, "look_id", "claimed", "named", "own_tool", "purpose", "request", "mode", "size")
# Laid down with it, so that looks are prepared once.
_BESIDE = ("country", "tenure")
READ = frozenset({*_OF_REASONS, *FIELDS.values()})
# What orders looks and tells whose they are; and what is found of them.
_IN_ORDER = ("row", "t", "look_id", "who", "person", "claimed", "request", "size", "mode")
FOUND = ("weight_then", "weight_now", "template", "near", "first")
_VERSIONED = frozenset({"cases", "case_persons", "assignments"})
_OF_A_TIME = frozenset({"staff", "assignments", "links"})


def _path(looks: Any, tables: Mapping[str, Any], template: Template, groups: Groups) -> Any:
    """Looks joined along the path; columns are named table__column, the look's own l_column.

    What belongs to the looker is little for each look. What belongs to cases is joined among itself, and then with the
    look on all ties at once: person first and looker last would be every look times every case of its person.
    """
    looks = _only_looks(looks, template)
    pairs = looks.select(**{f"l_{name}": looks[name] for name in _OF_PATHS})
    there = {"look"}
    for name in _of_the_looker(template):
        pairs = _tied(pairs, _brought(tables[name], name, template), template.path, there, {name})
        pairs = _speaking(pairs, name)
        there.add(name)
    for group in _groups(template):
        made = groups[group] if group in groups else _joined(group, tables, template)
        pairs = _tied(pairs, made, template.path, there, set(group.tables))
        for name in group.tables:
            pairs = _speaking(pairs, name)
        there |= set(group.tables)
    return pairs


def _of_the_looker(template: Template) -> list[str]:
    who = Ref("look", "who")
    return sorted({ref.table for tie in template.path if who in tie for ref in tie if ref.column == "who"} - {"look"})


def _groups(template: Template) -> list[Group]:
    """The other tables of the path, in its order: together those that are tied to one another, and not by a look alone."""
    own, groups = {"look", *_of_the_looker(template)}, list[list[str]]()
    for tie in template.path:
        tables = [name for name in dict.fromkeys(ref.table for ref in tie) if name not in own]
        met = [group for group in groups if set(group) & set(tables)]
        merged = list(dict.fromkeys([*(name for group in met for name in group), *tables]))
        groups = [group for group in groups if group not in met] + ([merged] if merged else [])
    return [_group(tuple(group), template) for group in groups]


def _group(tables: tuple[str, ...], template: Template) -> Group:
    ties = tuple(tie for tie in template.path if {ref.table for ref in tie} <= set(tables))
    only = tuple((name, tuple(codes)) for name, codes in template.only.items() if ONLY[name][0] in tables)
    return Group(tables, ties, only, template.ends and "assignments" in tables)


def _joined(group: Group, tables: Mapping[str, Any], template: Template) -> Any:
    first, *more = group.tables
    made, within = _brought(tables[first], first, template), {first}
    for name in more:
        made = _tied(made, _brought(tables[name], name, template), group.ties, within, {name})
        within.add(name)
    return made


def _tied(known: Any, brought: Any, path: Ties, there: set[str], new: set[str]) -> Any:
    """Both joined on every tie of the path between the tables `there` and the `new` ones."""
    both = [pair for left, right in path for pair in ((left, right), (right, left))]
    ties = [_column(known, a) == _column(brought, b) for a, b in both if a.table in there and b.table in new]
    return known.inner_join(brought, ties)


def _only_looks(looks: Any, template: Template) -> Any:
    looks = looks.filter(looks.person.notnull())
    for name, codes in template.only.items():
        table, column = ONLY[name]
        if table == "look":
            looks = looks.filter(looks[column].isin(codes))
    for name in template.never_fields:
        looks = looks.filter(looks[_FIELD_COLUMNS[name]] == 0)
    if template.alone:
        looks = looks.filter(looks.named == 0, looks.claimed == 0)
    if template.own_tool:
        looks = looks.filter(looks.own_tool == 1)
    return looks


_FIELD_COLUMNS = {str(field): column for field, column in FIELDS.items()}


def _brought(table: Any, name: str, template: Template) -> Any:
    for only, codes in template.only.items():
        where, column = ONLY[only]
        if where == name:
            table = table.filter(table[column].isin(codes))
    if template.ends and name == "assignments":
        table = table.filter(table.valid_to.notnull())
    if name == "links":
        # A link leads both ways.
        columns = ("kind", "valid_from", "valid_to")
        table = table.select("a", "b", *columns).union(table.select(*columns, a=table.b, b=table.a)["a", "b", *columns])
    return table.select(**{f"{name}__{column}": table[column] for column in table.columns})


def _speaking(pairs: Any, name: str) -> Any:
    """Only rows that held at the look, in the version that was the newest then."""
    if name in _OF_A_TIME:
        pairs = pairs.filter(holds(pairs[f"{name}__valid_from"], pairs[f"{name}__valid_to"], pairs.l_t))
    if name in _VERSIONED:
        until = pairs[f"{name}__known_to"]
        pairs = pairs.filter(until.isnull() | (pairs.l_t < until))
    return pairs


def _column(pairs: Any, ref: Ref) -> Any:
    return pairs[f"l_{ref.column}" if ref.table == "look" else f"{ref.table}__{ref.column}"]


_TIMED = ("unit", "valid_from", "valid_to")


def _with_units(pairs: Any, tables: Mapping[str, Any], template: Template) -> Any:
    """With `o…_who` for each principal that must not be, but is, of the looker's own unit as of the look.

    Their private accounts are of that unit like they themselves.
    """
    if not template.outside:
        return pairs
    staff = tables["staff"]
    own = staff.filter(staff.own_person.notnull())
    staff = staff.select(*_TIMED, "who").union(own.select(*_TIMED, who=own.own_person))
    for number, ref in enumerate(template.outside):
        s = staff.select(**{f"o{number}_{name}": staff[name] for name in (*_TIMED, "who")})
        held = holds(s[f"o{number}_valid_from"], s[f"o{number}_valid_to"], pairs.l_t)
        same = s[f"o{number}_unit"] == pairs.l_unit
        pairs = pairs.left_join(s, [_column(pairs, ref) == s[f"o{number}_who"], same, held])
    return pairs


def _own(pairs: Any, template: Template) -> list[Any]:
    """The reason was written by the one who looks, or by their own unit; or nobody knows by whom, and so perhaps was."""
    own = [_column(pairs, ref).isnull() for ref in template.known]
    for ref in template.unlike:
        # One's own private account is oneself, and so is one's home: a case asked for from the sofa is made up as easily.
        own += [_column(pairs, ref) == pairs.l_who, _column(pairs, ref) == pairs.l_own_person]
        if ref in HOMES:
            own.append(_column(pairs, HOMES[ref]) == pairs.l_household)
    return own + [pairs[f"o{number}_who"].notnull() for number in range(len(template.outside))]


def _late(pairs: Any, template: Template, lag: int) -> list[Any]:
    """The reason came after the look: by its own times, or because the directory did not say so yet."""
    late = [] if template.start is None else [pairs.l_t < _time(pairs, template.start)]
    late += [pairs.l_t <= _time(pairs, each) for each in template.before]
    for name in sorted(template.needs & _VERSIONED):
        late.append(unsaid(pairs[f"{name}__known_from"], pairs[f"{name}__first"], pairs.l_t, lag))
    return late


def _time(pairs: Any, instant: Instant) -> Any:
    return _column(pairs, instant.ref) + instant.offset


def _any(conditions: list[Any]) -> Any:
    """1 where one of `conditions` holds. Null, which is "not known", does not hold."""
    ibis = need("ibis", "watching")
    held = reduce(lambda a, b: a | b, [c.fill_null(False) for c in conditions], ibis.literal(value=False))
    return ibis.ifelse(held, 1, 0).cast("int64")


def _zero(ibis: Any) -> Any:
    return ibis.literal(0, "int64")
