# SPDX-License-Identifier: Apache-2.0
"""What a run could see: how many looks, how many of them with a reason, from where, and what was off.

Invariant: a silence is worth as much as its coverage, so both are always shown together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from whosaw.detect.signal import Detector, World
from whosaw.detect.silence import ENDED, silences
from whosaw.detect.templates import Template
from whosaw.detect.wording import many
from whosaw.facts.columns import DAY, PROJECTED, TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Counts of looks up to the instant of the run. `first`: the first by their principal at their person in a while.

    `sources`, `origins`: looks by where they were told and by whether they were asked or observed. `off`: sentences.
    """

    looks: int
    with_person: int
    explained: int
    first: int
    first_explained: int
    refused: int
    sources: tuple[tuple[str, int], ...]
    origins: tuple[tuple[str, int], ...]
    off: tuple[str, ...]

    @property
    def explained_percent(self) -> int:
        """Of the looks at a person, cut to a whole number; 100 where there is none."""
        return self.explained * 100 // self.with_person if self.with_person else 100


def cover(
    world: World,
    detectors: Sequence[Detector],
    failed: Sequence[str] = (),
    ended: Mapping[str, int] = MappingProxyType({}),
) -> Coverage:
    """The coverage of `world`. A look that two principals count for counts once. `failed`: what else was off. `ended`: sources
    that are declared to be no more, with their last day, beside those of which a change says so.
    """
    looks = world.looks.filter(world.looks.claimed == 0)
    looks = looks.mutate(
        person_known=looks.person.notnull().cast("int64"),
        reason=(looks.person.notnull() & (looks.weight_then >= world.templates.explained_from)).cast("int64"),
    )
    grouped = looks.group_by("source", "origin", "day").aggregate(
        looks=looks.count(),
        with_person=looks.person_known.sum(),
        explained=looks.reason.sum(),
        first=(looks["first"] * looks.person_known).sum(),
        first_explained=(looks["first"] * looks.reason).sum(),
        refused=looks.refused.sum(),
    )
    rows: list[Any] = world.facts.rows(grouped, ("source", "origin", "day"), "coverage")
    counts = {
        name: sum(row[name] for row in rows)
        for name in ("looks", "with_person", "explained", "first", "first_explained", "refused")
    }
    off = (*failed, *_silent(rows, world, {**_ended(world), **ended}), *_off(world, detectors))
    return Coverage(**counts, sources=_by(rows, "source"), origins=_by(rows, "origin"), off=off)


def _silent(rows: Sequence[Any], world: World, ended: Mapping[str, int]) -> list[str]:
    told: dict[str, set[int]] = {}
    for row in rows:
        told.setdefault(row["source"], set()).add(row["day"])
    today = world.as_of // DAY
    days = {source: sorted(each) for source, each in told.items()}
    return silences(days, today, today - world.defaults.reference_days, world.defaults.silence, ended)


def _ended(world: World) -> dict[str, int]:
    """Sources whose newest change says that they ended, with its day."""
    if "changes" not in world.tables:
        return {}
    edits = world.tables["changes"]
    edits = edits.filter(edits.object == "log_source", edits.target.notnull(), edits.t <= world.as_of)
    rows: list[Any] = world.facts.rows(
        edits.select("t", "change_id", "target", "new"), ("t", "change_id"), "ends of sources"
    )
    newest = {row["target"]: row for row in rows}
    return {source: row["t"] // DAY for source, row in newest.items() if row["new"] == ENDED}


def _by(rows: Sequence[Any], name: str) -> tuple[tuple[str, int], ...]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[name]] = totals.get(row[name], 0) + row["looks"]
    return tuple(sorted(totals.items()))


def runs(detector: Detector, world: World) -> bool:
    """The tables that it needs are known, or what else tells the same; and they say what it needs of somebody."""
    return _has_tables(detector, world) and _idle(detector, world) is None


def _has_tables(detector: Detector, world: World) -> bool:
    known = frozenset(world.facts.tables)
    return known >= detector.NEEDS or (known | {"links"} >= detector.NEEDS and homes_alone(world))


def _idle(detector: Detector, world: World) -> str | None:
    idle: Callable[[World], str | None] = getattr(detector, "idle", lambda _: None)
    return idle(world)


def homes_alone(world: World) -> bool:
    """No table says who is linked to whom, and who lives at one address with three others is known: such circles are watched."""
    if "links" in world.facts.tables or "persons" not in world.facts.tables:
        return False
    seeds = world.prepared("seeds")
    return bool(world.facts.rows(seeds.aggregate(seeds=seeds.count()), (), "homes")[0]["seeds"])


def _off(world: World, detectors: Sequence[Detector]) -> tuple[str, ...]:
    known = frozenset(world.facts.tables)
    missing = [_absent(table, world) for table in PROJECTED if table not in known]
    if homes_alone(world):
        missing.append("Circles of persons are homes alone: no table says who else is linked to whom.")
    if "persons" not in known:
        missing.append("Nobody counts as protected: no table says who is.")
    signals = [f"The signal {d.NAME} is off: {why}." for d in detectors if (why := _why_off(d, world)) is not None]
    authors = [] if "cases" not in known else _unknown(world, "cases", "opened_by", "cases do not say who opened them")
    if "case_persons" in known:
        authors += _unknown(world, "case_persons", "added_by", "namings of a person in a case do not say who made them")
    templates = [
        f"The reason {t.id} is off: it needs {', '.join(sorted(t.needs - known))}." for t in reasons_off(world)
    ]
    return (*missing, *_wide(world), *authors, *signals, *templates)


def _why_off(detector: Detector, world: World) -> str | None:
    if not _has_tables(detector, world):
        return f"it needs {', '.join(sorted(detector.NEEDS - frozenset(world.facts.tables)))}"
    return _idle(detector, world)


def _absent(table: str, world: World) -> str:
    """Of a directory only rows are known: a table that was loaded empty is as one that never was."""
    if world.facts.dataset is not None:
        return f"The table {table} is not in the folder."
    return f"The table {table} is empty: no load of the directory brought a row of it."


def reasons_off(world: World) -> list[Template]:
    """Those that could have been on: a journal never tells of links and regions, so that is no lack of this one."""
    known = frozenset(world.facts.tables)
    could = known | (frozenset(TABLES) if world.facts.dataset is not None else frozenset(PROJECTED))
    return [t for t in world.templates.templates if not t.needs <= known and t.needs <= could]


def _wide(world: World) -> list[str]:
    """How many persons were looked at in requests that say too little of each of them; nothing where there is none."""
    looks = world.looks.filter(world.looks.claimed == 0, world.looks.judged == 0, world.looks.person.notnull())
    (found,) = world.facts.rows(looks.aggregate(persons=looks.person.nunique()), (), "wide requests")
    number = cast("int", found["persons"])
    if not number:
        return []
    at_once = f"for more than {world.defaults.narrow} persons at once"
    return [f"{many(number, 'person was', 'persons were')} looked at in requests too wide to be judged, {at_once}."]


def _unknown(world: World, table: str, author: str, what: str) -> list[str]:
    """How many rows of `table` nobody is known to have written, with their share, rounded up; nothing where there is none."""
    rows = world.tables[table]
    rows = rows.filter(rows.known_to.isnull() | (rows.known_to > world.as_of))  # the newest word of that time
    (found,) = world.facts.rows(rows.aggregate(all=rows.count(), none=rows[author].isnull().sum()), (), "authors")
    all_, none = cast("int", found["all"]), cast("int | None", found["none"]) or 0
    if not none:
        return []
    return [f"{none:,} of {all_:,} {what} ({-(-none * 100 // all_)} %): they are no reason for anybody."]
