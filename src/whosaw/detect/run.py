# SPDX-License-Identifier: Apache-2.0
"""One watch over the facts, up to an instant: looks explained, signals, findings, and what could be seen at all.

    facts ──▶ prepared, explained ──▶ signals of every unit ──▶ those that stand ──▶ joined, weighed, numbered ──▶ Run

Invariant: the same facts, instant, numbers, reasons and earlier findings give the same run, to the byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from whosaw.detect.apart import apart
from whosaw.detect.calibrate import calibrated
from whosaw.detect.coverage import Coverage, cover, runs
from whosaw.detect.defaults import Defaults
from whosaw.detect.evidence import flags, lookers
from whosaw.detect.explain import READ, reasons
from whosaw.detect.finding import NONE, Finding, Findings, in_order, numbered, one_by_one
from whosaw.detect.fuse import prices_of
from whosaw.detect.gravity import gravity
from whosaw.detect.join import Practice, core, joined, of_one, opens, practices, standing
from whosaw.detect.registry import SIGNALS
from whosaw.detect.signal import Detector, Family, Signal, World, mark_of
from whosaw.detect.templates import Templates
from whosaw.detect.weigh import approved_looks, explained_by, weighed
from whosaw.detect.wording import many
from whosaw.errors import BadInput, Unavailable
from whosaw.facts.columns import DAY, LOOK, instant
from whosaw.facts.extra import need
from whosaw.facts.opened import Facts
from whosaw.facts.prepared.looks import prepare, seen_by


@dataclass(frozen=True, slots=True)
class Run:
    """What one watch found. `findings`: most suspicious first. `new`: ids that no earlier run had.

    `kept`: every finding ever made, to be stored and given to the next run as `earlier`. `blind`: no signal was on.
    `practices`: what is said of teams, and is no finding. `changed`: when facts were found that the house had not written, if
    that was lately.
    """

    as_of: int
    findings: tuple[Finding, ...]
    new: tuple[str, ...]
    coverage: Coverage
    kept: Findings
    sentence: str
    blind: bool = False
    practices: tuple[Practice, ...] = ()
    changed: int | None = None


_LATELY = 30 * DAY
# What a page shows of a look and no signal reads; and what looks are prepared by.
_SHOWN = frozenset({"taken", "account", "hint", "mentions", "rules", "asked", "decision"})
_PREPARED_BY = frozenset({"leaf", "mentions", "source"})
# What preparing adds that signals read.
_KEPT = ("named", "size", "unit", "function", "manager", "country", "own_person", "tenure", "protected", "region")


def watch(
    facts: Facts,
    as_of: int,
    *,
    earlier: Findings | None,
    defaults: Defaults,
    templates: Templates,
    ended: Mapping[str, int] = MappingProxyType({}),
) -> Run:
    """Watch all looks up to `as_of` (microseconds, included), seeing nothing that was said later. `ended`: sources that are
    declared to be no more, with their last day.
    """
    world = world_of(facts, as_of, defaults, templates)
    numbers = defaults.findings
    all_ = tried(world, numbers.false_share)
    drafts = drafted(standing([s for s in all_.signals if opens(s, numbers)], numbers.false_share), all_, world)
    before = earlier or NONE
    findings, kept = numbered(drafts, before, numbers.same)
    known = {finding.id for finding in before.findings}
    coverage = cover(world, SIGNALS, all_.failed, ended)
    new = tuple(finding.id for finding in findings if finding.id not in known)
    sentence = said(as_of, len(findings), len(new), coverage) if all_.ran else _unwatched(as_of, coverage)
    now = None if facts.progress is None else facts.progress.changed
    changed = max((each for each in (now, before.changed) if each is not None), default=None)
    lately = changed if changed is not None and changed > as_of - _LATELY else None
    kept = replace(kept, changed=changed)
    teams = practices(all_.signals, numbers)
    return Run(as_of, findings, new, coverage, kept, sentence, blind=not all_.ran, practices=teams, changed=lately)


def world_of(facts: Facts, as_of: int, defaults: Defaults, templates: Templates) -> World:
    """The looks up to `as_of`, prepared, explained and kept in the engine."""
    tables = seen_by(facts.tables, as_of)
    # What is in an open session never changes, so a second run at the same instant may use the first one's looks.
    name = f"explained{mark_of(as_of, defaults, templates)}"
    missing = need("ibis", "watching").common.exceptions.TableNotFound
    try:
        kept = facts.engine.table(name)
    except missing:
        made = f"{mark_of(as_of, defaults, templates)}_made"
        # Prepared with few columns; the others, which nobody asks for on the way, are put beside it at the end.
        why = reasons(facts, prepare(_slim(tables, READ), as_of), tables, templates, defaults, mark=made)
        found = flags(why, defaults.narrow, templates.explained_from, claims=facts.dataset is not None)
        found = facts.lay(f"flags{made}", found)
        added = why.select(*_KEPT, a_row="row")
        look = tables["look"].select(*(column for column in LOOK if column not in _SHOWN))
        looks = look.mutate(day=look.t // DAY).inner_join(added, look.row == added.a_row).drop("a_row")
        kept = facts.lay(name, looks.inner_join(found, looks.row == found.g_row).drop("g_row"))
        facts.engine.forget(made)
    return World(facts, tables, kept, as_of, defaults, templates)


def _slim(tables: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """`tables`, with these columns of looks, and those by which they are prepared."""
    look = tables["look"]
    return {**tables, "look": look.select(*(name for name in look.columns if name in names | _PREPARED_BY))}


@dataclass(frozen=True, slots=True)
class Tried:
    """All units that were tried, with p as it turns out; and how many signals of each family ran.

    `failed`: sentences about those that could not be finished, for the coverage. `prices`: what a p costs, see fuse.py, where a
    list of a given length is made.
    """

    signals: tuple[Signal, ...]
    ran: Mapping[Family, int]
    failed: tuple[str, ...]
    prices: Mapping[str, float]


def forget(world: World) -> None:
    """Give back what the engine keeps for this instant: of many replays each needs as much room."""
    world.facts.engine.forget(world.mark)


def tried(world: World, gate: float, at: Callable[[str, int, int], None] | None = None) -> Tried:
    """Every signal that can run, over every unit; those with p up to `gate` are told. `at`: (name, done, total)."""
    running = [detector for detector in SIGNALS if runs(detector, world)]
    made: list[Signal] = []
    failed: dict[str, str] = {}
    for done, detector in enumerate(running):
        if at is not None:
            at(detector.NAME, done, len(running))
        # A fault in one of many must not blind all the others, and must not pass for a silence either.
        try:
            made += signals(detector, world, gate)
        except (BadInput, Unavailable) as error:
            failed[detector.NAME] = f"The signal {detector.NAME} is off: {error}."
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            failed[detector.NAME] = f"The signal {detector.NAME} is off: a fault in whosaw itself ({_fault(error)})."
    ran = Counter(detector.FAMILY for detector in running if detector.NAME not in failed)
    prices = prices_of(made) if world.facts.dataset is not None else {}
    return Tried(tuple(made), ran, tuple(failed.values()), prices)


def _fault(error: Exception) -> str:
    """What it was and where, never what it said: that may hold a value."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = "" if at is None else f" at {Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}"
    return f"{type(error).__name__}{where}"


def signals(detector: Detector, world: World, gate: float) -> list[Signal]:
    """What `detector` says of every unit that it tried; those with p up to `gate` are told."""
    scored = calibrated(detector.score(rows_of(detector, world), world), world.defaults.calibration)
    told = {(s.kind, s.unit): s for s in detector.tell(world, [s for s in scored if s.p <= gate])}
    return [told.get((signal.kind, signal.unit), signal) for signal in scored]


def rows_of(detector: Detector, world: World) -> dict[str, Any]:
    """What `detector` asks, answered: the rows of each table, sorted by its columns."""
    sliced: frozenset[str] = getattr(detector, "SLICED", frozenset())
    rows: dict[str, Any] = {}
    for name, table in detector.query(world).items():
        what = f"{detector.NAME}: {name}"
        rows[name] = (
            world.facts.slices(table, what) if name in sliced else world.facts.rows(table, tuple(table.columns), what)
        )
    return rows


def drafted(chosen: Sequence[Signal], all_: Tried, world: World) -> list[Finding]:
    """The findings that the chosen signals make, most suspicious first, without numbers yet."""
    # What names no look can be shown to nobody: there is nothing to review.
    chosen = [signal for signal in chosen if signal.looks]
    known = lookers(world, {look.person for s in chosen for look in s.looks if look.person is not None})
    numbers = world.defaults.findings
    parts = joined(chosen, known, numbers)
    if world.facts.dataset is not None:
        # A watch lists what stands, and all who are in it; a list of a given length must not be filled with bystanders,
        # nor twice with the same, and a place of it is for one matter.
        parts = of_one([core(part, numbers) for part in parts], numbers)
        parts = of_one(apart(parts, numbers), numbers)
    explained = explained_by(world, sorted({look.who for s in chosen for look in s.looks}))
    approved = approved_looks(world, sorted({look.look for s in chosen for look in s.looks}))
    grave = gravity(world, (look for part in parts for s in part for look in s.looks))
    drafts = [weighed(part, explained, approved, grave, world, ran=all_.ran, prices=all_.prices) for part in parts]
    return one_by_one(drafts) if world.facts.dataset is not None else in_order(drafts)


def said(as_of: int, findings: int, new: int, coverage: Coverage) -> str:
    """How many findings there are, of those that somebody may know of, and how much was seen."""
    fresh = "new" if new == findings else f"{new:,} of them new"
    found = f"{many(findings, 'finding')}, {fresh}" if findings else "No findings"
    return (
        f"{found}; {many(coverage.looks, 'look')} up to {instant(as_of):%Y-%m-%d %H:%M} UTC, and of "
        f"{coverage.with_person:,} at a person {coverage.explained:,} have a reason on file "
        f"({coverage.explained_percent} %)."
    )


def _unwatched(as_of: int, coverage: Coverage) -> str:
    # Not "No findings": that would read as if somebody had looked.
    return (
        f"Nothing was watched: every signal is off. {many(coverage.looks, 'look')} up to "
        f"{instant(as_of):%Y-%m-%d %H:%M} UTC are recorded and were judged by nobody."
    )
