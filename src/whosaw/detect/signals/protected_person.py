# SPDX-License-Identifier: Apache-2.0
"""Unexplained looks at protected persons, alone or as a team.

    k protected persons without a reason of n persons looked at     per class, for all of them, and for those who were
                                                                    on a list at another time than that of the look
    windows of 7, 30, 90 days ──smallest tail, paid for──▶ one signal per principal and per team

Who is protected is what the lists said at the time of the look: whoever takes a name off a list in October changes nothing
about July. Those who are on a list at another time are counted apart, as such. Four people with two persons each are
nothing alone; that is why teams are counted. What few people do in their quiet weeks, too, with a weak reason, is expected of
them: habit.py.

*Innocent*: a safety team that follows threats with nothing on file: declare a template.
*Beaten by*: taking those around the protected one (circle_sweep); an edited list (trail_tampering); a habit built up slowly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from whosaw.detect.signal import MACHINES, Evidence, Family, Signal, World
from whosaw.detect.tally import HIT, Tally, found, humans, judged, seen, tallies, told
from whosaw.detect.wording import days_of, many, people, usual
from whosaw.facts.columns import Cell
from whosaw.facts.extra import need
from whosaw.facts.prepared.looks import holds

NAME = "protected_person"
FAMILY: Family = "context"
NEEDS = frozenset({"look", "staff", "persons"})
ALL, OTHER_TIME = "all", "at another time"
# What is said of each class; the bit alone must suffice where no class is known.
_CALLED: Mapping[str, tuple[str, str]] = {
    "press": ("journalist", "journalists"),
    "critic": ("critic", "critics"),
    "litigant": ("opponent in court", "opponents in court"),
    "regulator": ("person of a regulator", "persons of regulators"),
    "politician": ("politician", "politicians"),
    "union": ("member of a union", "members of unions"),
    "minor": ("minor", "minors"),
    "public_figure": ("public figure", "public figures"),
}
_PROTECTED = ("protected person", "protected persons")
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`rate`: protected persons without a reason among all persons looked at, before anything is known."""

    rate: float = field(metadata={"high": 0.5})


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    windows = world.defaults.windows
    looks = judged(world).select(*HIT, "u", "protected", "weight_then")
    people = looks.filter(looks.function.fill_null("") != MACHINES)
    return {
        "n": seen(world, windows),
        "k": found(world, _hits(world), windows),
        "beside": found(world, _classed(world, looks.filter(looks.u == 0, looks.protected == 1)), windows),
        "weak": found(
            world, _classed(world, people.filter(people.u == 1, people.protected == 1, people.weight_then > 0)), windows
        ),
        "missing": people.aggregate(looks=people.count(), u=people.u.sum()),
    }


def _hits(world: World) -> Any:
    return world.once(f"hits_{NAME}", lambda: _labelled(world), large=True)


def _labelled(world: World) -> Any:
    ibis = need("ibis", "watching")
    looks = judged(world).select(*HIT, "u", "protected")
    looks = looks.filter(looks.u == 1)
    if "cases" not in world.tables and world.facts.dataset is None:
        # A journal without a directory: nobody has a reason, and that says nothing about those who look.
        looks = looks.filter(ibis.literal(value=False))
    hits = looks.filter(looks.protected == 1)
    persons = world.tables["persons"]
    ever = persons.filter(persons.protected == 1).select("person").distinct()
    away = looks.filter(looks.protected == 0).semi_join(ever, "person")
    return _classed(world, hits).union(away.mutate(label=ibis.literal(OTHER_TIME)))


def _classed(world: World, looks: Any) -> Any:
    """`looks` at protected persons, labelled ALL, and once more for each class."""
    labelled = looks.mutate(label=need("ibis", "watching").literal(ALL))
    if "classes" not in world.tables:
        return labelled
    c = world.tables["classes"]
    c = c.filter(c["class"] != "staff")
    c = c.select(c_person=c.person, label=c["class"], c_from=c.valid_from, c_to=c.valid_to)
    of_class = looks.inner_join(c, [looks.person == c.c_person, holds(c.c_from, c.c_to, looks.t)])
    return labelled.union(of_class.drop("c_person", "c_from", "c_to"))


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Tally]:
    """A signal for every unit that looked at anybody."""
    counts = replace(world.defaults.counts, rate=world.defaults.of(NAME, NUMBERS).rate)
    (all_,) = cast("Sequence[Any]", rows["missing"])
    missing = (all_["u"] or 0) / max(1, all_["looks"])
    return tallies(
        rows["n"], rows["k"], counts, signal=NAME, family=FAMILY, only=humans, beside=rows["beside"], missing=missing,
        weak=rows["weak"],
    )  # fmt: skip


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    cases = "cases" in world.tables
    return told(world, signals, _hits(world), lambda signal, looks: _sentence(signal, looks, cases=cases))


def _sentence(signal: Tally, looks: Sequence[Evidence], *, cases: bool) -> str:
    number = len({look.person for look in looks})
    what = _CALLED.get(signal.label, _PROTECTED)
    late = " who were on a list of protected persons at another time," if signal.label == OTHER_TIME else ""
    if signal.label == OTHER_TIME:
        what = ("person", "persons")
    # Where no cases are on file at all, to have none is no reproach.
    reason = " without a case, assignment or other reason on file" if cases else ""
    return (
        f"{people(len({look.who for look in looks}), looks)} looked at {many(number, *what)}{late}{reason} in "
        f"{many(days_of(looks), 'day')}; {usual(signal.whole, *what)}."
    )
