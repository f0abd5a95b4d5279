# SPDX-License-Identifier: Apache-2.0
"""Looks that begin when something becomes public: an article, a lawsuit, a hearing.

    ───── before: 90 days ─────┬─ 14 days: known inside already ─┬─ event ─── 14 days ─── 45 days ───▶
    starts without a reason at those it names and those around them, against what was expected of these persons in these
    days: of persons like them, of the work there was at them, and of how often they were looked at before

For everybody, and for each principal, org unit, manager and function; once more for looks at intimate fields alone. What is
expected rises with honest work: an author who asks for help brings cases, and cases bring missing links. Stance is shown
and not counted.

*Innocent*: the author asked for help, a crowd complained (cases explain).
*Beaten by*: waiting; events that nobody entered.                             Design: docs/adr/0149, 0150
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.expected import TEAMS, Expected, background, by_team, intimate_of, numbers_of, spread, starts
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import times
from whosaw.detect.wording import many, often, people, spelled
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "after_event"
FAMILY: Family = "time"
NEEDS = frozenset({"look", "events", "event_persons"})
# Everybody or one team, any field or intimate ones.
_WAYS = 4
_AT_ONCE = 3
# Days in which several at one person are one matter, where such matters are usual.
_LOT = 14
_KINDS = {
    "article": "an article",
    "lawsuit": "a lawsuit",
    "hearing": "a hearing",
    "complaint": "a complaint",
    "post": "a post",
}
_STANCES = {"critical": "a critical", "neutral": "a neutral", "positive": "a positive"}


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`after`: days after the event, tried each; `known`: days before it, for what is known inside; `before`: before these.

    The rest: expected.spread.
    """

    after: tuple[int, ...]
    known: int
    before: int
    apart: float
    dispersion: float
    prior: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Signal):
    """`first`, `last`: days. `column`, `id`: the team, "" for everybody. `before`: how many there had been."""

    at: int
    first: int = 0
    last: int = 0
    column: str = ""
    id: str = field(default="", repr=False)
    intimate: bool = False
    size: int = 0
    what: str = ""
    before: int = 0


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    numbers = world.defaults.of(NAME, NUMBERS)
    begun, circle = starts(world), _circle(world)
    events = world.tables["events"]
    events = events.filter(events.t <= world.as_of).select("event_id", "kind", "stance", at=events.t // DAY)
    sizes = circle.group_by("event_id").aggregate(members=circle.count(), shielded=circle.shielded.sum())
    around = begun.join(circle, begun.person == circle.member).select(
        "event_id", "who", "person", "day", "u", "intimate", "unit", "function", "manager", "protected"
    )
    counted = around.group_by("event_id").aggregate(
        k=around.u.sum(),
        e0=(1 - around.u).sum(where=around.protected == 0).fill_null(0),
        e1=(1 - around.u).sum(where=around.protected == 1).fill_null(0),
    )
    sized = events.join(sizes, "event_id").select("event_id", "kind", "stance", "at", "members", "shielded")
    counted = sized.left_join(counted, "event_id").drop("event_id_right")
    counted = counted.mutate(**{name: counted[name].fill_null(0) for name in ("k", "e0", "e1")})
    near = around.join(events.select("event_id", "at"), "event_id")
    near = near.filter(
        near.day >= near["at"] - numbers.known - numbers.before, near.day <= near["at"] + numbers.after[-1]
    )
    near = near.select(
        "event_id", "who", "person", "day", "u", "intimate", "unit", "function", "manager", "protected", "at"
    )
    since = near.filter(near.u == 1, near.day >= near["at"] - numbers.known)
    several = since.group_by("event_id").aggregate(k=since.count())
    several = several.filter(several.k >= 2).select("event_id")
    near = near.semi_join(several, "event_id")
    worked = near.filter(near.u == 0)
    found = near.filter(near.u == 1).drop("u", "at", "protected")
    teams = by_team(begun, _there(found))
    without = begun.filter(begun.u == 1)
    lots = without.group_by("person", lot=without.day // _LOT).aggregate(n=without.count())
    return {
        **background(world),
        "events": counted,
        "found": found,
        "worked": worked.group_by("event_id", "protected", "day").aggregate(n=worked.count()),
        "teams": teams.group_by("team", "id").aggregate(n=teams.n.sum()),
        "numbers": numbers_of(begun),
        "lots": lots.group_by("n").aggregate(lots=lots.count()),
    }


def _there(found: Any) -> Any:
    """Team, id: those who looked at somebody around an event."""
    ibis = need("ibis", "watching")
    made = [
        found.filter(found[column].notnull()).select(id=found[column], team=ibis.literal(column)).distinct()
        for column in TEAMS
    ]
    return reduce(lambda a, b: a.union(b), made)


def _circle(world: World) -> Any:
    """event_id, member, shielded (1: protected): those an event names and those around them; kept."""
    return world.once(NAME + "_circle", lambda: _around(world))


def _around(world: World) -> Any:
    ibis = need("ibis", "watching")
    named = world.tables["event_persons"].select("event_id", "person")
    around = named.select("event_id", member="person")
    circle = world.prepared("circle")
    linked = named.join(circle, named.person == circle.seed).select("event_id", "member")
    around = around.union(linked).distinct()
    if "persons" not in world.tables:
        return around.mutate(shielded=ibis.literal(0, "int64"))
    persons = world.tables["persons"]
    persons = persons.group_by(known=persons.person).aggregate(shielded=persons.protected.max())
    around = around.left_join(persons, around.member == persons.known).drop("known")
    return around.mutate(shielded=around.shielded.fill_null(0))


# ── on the driver ──


def score(rows: Mapping[str, Sequence[Mapping[str, Cell]]], world: World) -> list[Signal]:
    """A signal for each event that names somebody."""
    numbers = world.defaults.of(NAME, NUMBERS)
    events = _Events(rows, numbers, world.as_of // DAY)
    return [events.signal(event) for event in sorted(cast("list[Any]", rows["events"]), key=lambda e: e["event_id"])]


class _Events:
    def __init__(self, rows: Mapping[str, Any], numbers: NUMBERS, today: int) -> None:
        self._numbers, self._today = numbers, today
        self._expected = Expected.of(rows)
        self._all = rows["events"]
        self._usually = spread(
            ((e["k"], self._expected.mean(1.0, _persons(e), (e["e0"], e["e1"]))) for e in self._all),
            apart=numbers.apart, declared=numbers.dispersion, prior=numbers.prior,
        )  # fmt: skip
        self._found = _by_event(rows["found"])
        self._worked = _by_event(rows["worked"])
        self._of = {row["team"]: row["teams"] for row in rows["numbers"]}
        self._lots = _Lots(rows["lots"])
        without = max(1, sum(self._expected.without.values()))
        self._shares = {(row["team"], row["id"]): row["n"] / without for row in rows["teams"]}

    def signal(self, event: Any) -> Event:
        numbers, at = self._numbers, event["at"]
        windows = [(at, at + days) for days in numbers.after] + [(at - numbers.known, at - 1)]
        stance = _STANCES.get(event["stance"] or "")
        blank = Event(
            signal=NAME, family=FAMILY, kind="event", unit=event["event_id"], stratum=event["kind"], p=1.0,
            tries=len(windows) * _WAYS, days=0, k=0, n=event["members"], expected=0.0, others=len(self._all), at=at,
            size=event["members"], what=f"{stance} {event['kind']}" if stance else _KINDS.get(event["kind"], "something"),
        )  # fmt: skip
        best = blank
        for first, last in windows:
            best = self._best(best, replace(blank, first=first, last=min(last, self._today)), event)
        return best

    def _best(self, best: Event, here: Event, event: Any) -> Event:
        found = self._found.get(here.unit, [])
        end = here.at - self._numbers.known - 1
        start = end - self._numbers.before + 1
        means = self._mean(event, here.first, here.last), self._mean(event, start, end)
        for intimate in (False, True):
            rows = [row for row in found if row["intimate"] == 1] if intimate else found
            share = self._expected.intimate if intimate else 1.0
            inside = [row for row in rows if here.first <= row["day"] <= here.last]
            before = [row for row in rows if start <= row["day"] <= end]
            for column in ("", *TEAMS):
                for id_ in sorted({row[column] for row in inside if row[column] is not None}) if column else [""]:
                    part = share * (self._shares[column, id_] if column else 1.0)
                    k, b = (_count(each, column, id_) for each in (inside, before))
                    if k < 2:
                        continue
                    mine = [row for row in inside if not column or row[column] == id_]
                    lots = _NONE if column == "who" else self._lots
                    tail = partial(self._after, before=b, means=(means[0] * part, means[1] * part))
                    p = lots.p(k, mine, tail)
                    p = times(p, here.tries * (self._of[column] if column else 1))
                    if p < best.p:
                        best = replace(
                            here, p=p, column=column, id=id_, intimate=intimate, k=k, before=b,
                            days=here.last - here.first + 1, expected=means[0] * part * self._usually.ratio,
                        )  # fmt: skip
        return best

    def _after(self, n: float, lot: float, before: int, means: tuple[float, float]) -> float:
        return self._usually.after(n, means[0] / lot, before / lot, means[1] / lot)

    def _mean(self, event: Any, first: int, last: int) -> float:
        worked = self._worked.get(event["event_id"], [])
        work = [sum(r["n"] for r in worked if r["protected"] == p and first <= r["day"] <= last) for p in (0, 1)]
        return self._expected.mean(self._expected.share_of_days(first, last), _persons(event), work)


def _persons(event: Any) -> tuple[int, int]:
    return event["members"] - event["shielded"], event["shielded"]


class _Lots:
    """Looks without a reason come in lots: one missing link of a ward shows as a look of each of them.

    `worth`: so many looks together are worth one, the design effect of a cluster sample. `mean`: how large a lot is.
    """

    def __init__(self, rows: Sequence[Any]) -> None:
        self._sizes = {row["n"]: row["lots"] for row in rows}
        self._all = sum(self._sizes.values())
        looks = sum(n * lots for n, lots in self._sizes.items())
        self.mean = looks / self._all if looks else 1.0
        self.worth = sum(n**2 * lots for n, lots in self._sizes.items()) / looks if looks else 1.0

    def p(self, k: int, rows: Sequence[Any], tail: Callable[[float, float], float]) -> float:
        """The larger of two: of k looks, of which so many are worth one; of so many lots, one of them so large.

        `tail`: P(at least n), where what is expected is divided by the other.
        """
        sizes = Counter(row["person"] for row in rows)
        most = max(sizes.values())
        as_large = sum(lots for n, lots in self._sizes.items() if n >= most) / max(1, self._all)
        in_lots = tail(len(sizes), self.mean) * min(1.0, len(sizes) * as_large) if self._all else 0.0
        return max(tail(k / self.worth, self.worth), in_lots)


_NONE = _Lots(())


def _count(rows: Sequence[Any], column: str, id_: str) -> int:
    """Pairs of principal and person. Two by one principal at about the same time are one missing case of two persons."""
    days: dict[str, dict[str, int]] = {}
    for row in rows:
        if not column or row[column] == id_:
            of = days.setdefault(row["who"], {})
            of[row["person"]] = min(row["day"], of.get(row["person"], row["day"]))
    k = 0
    for of in days.values():
        first = sorted(of.values())
        k += len(first) - (1 if len(first) > 1 and first[1] - first[0] <= _AT_ONCE else 0)
    return k


def _by_event(rows: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["event_id"], []).append(row)
    return found


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    events = [cast("Event", s) for s in signals]
    if not events:
        return []
    circle = _circle(world)
    circle = among(circle, "event_id", [e.unit for e in events])
    around: dict[str, set[str]] = {}
    for row in world.facts.rows(circle.select("event_id", "member"), ("event_id", "member"), NAME):
        around.setdefault(cast("str", row["event_id"]), set()).add(cast("str", row["member"]))
    looks = world.looks
    looks = looks.filter(looks.u == 1).semi_join(circle, looks.person == circle.member)
    seen = evidence_of(world, looks)
    intimate = {e.key for e in evidence_of(world, looks.filter(intimate_of(looks) == 1))}
    told = []
    for event in events:
        mine = [e for e in seen if e.person in around[event.unit] and event.first <= e.t // DAY <= event.last]
        if event.intimate:
            mine = [e for e in mine if e.key in intimate]
        told.append(_told(event, [e for e in mine if not event.column or getattr(e, event.column) == event.id]))
    return told


def _told(event: Event, looks: Sequence[Evidence]) -> Signal:
    return replace(
        event,
        principals=tuple(sorted({e.who for e in looks})),
        persons=tuple(sorted({cast("str", e.person) for e in looks})),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=_sentence(event, looks),
    )


def _sentence(event: Event, looks: Sequence[Evidence]) -> str:
    persons = many(len({e.person for e in looks}), "person")
    what = f"at intimate data of {persons}" if event.intimate else f"at {persons}"
    when = (
        f"in the {many(event.at - event.first, 'day')} before"
        if event.last < event.at
        else f"in the {many(event.last - event.first, 'day')} after"
    )
    before = "nobody had" if not event.before else f"that had happened {often(event.before)}"
    usual = round(event.expected)
    expected = f", and {spelled(usual)} such {'look' if usual == 1 else 'looks'} would be usual" if usual else ""
    return (
        f"{people(len({e.who for e in looks}), looks)} looked {what} of those named by {event.what} and of those around them, {when} "
        f"it, without a reason on file; in the months before {before}{expected}."
    )
