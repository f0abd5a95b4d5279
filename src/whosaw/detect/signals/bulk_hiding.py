# SPDX-License-Identifier: Apache-2.0
"""A few persons inside a crowd, or behind a machine.

    wide requests of one principal   core    persons who stand in three of them or more, though few do: Poisson, per person
                                             or, where they were looked at alone afterwards, per such person
                                     crowd   protected persons in one request, against other requests: negative binomial
    looks of a service account       machine persons looked at in a way that is not its habit, for no reason: Poisson
                 ──smallest tail, paid for──▶ one signal per principal

Requests with the same query are one: a list that is drawn again is a habit, and so is a list in which nearly everybody
comes again. A machine's habit is its own: the tools and modes in which it does nearly all of its work.

*Innocent*: cohorts that are followed, lists drawn again after a fault, a machine that is taken into another tool.
*Beaten by*: a total that names nobody; three lists drawn by three people who share nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import at_least, poisson, times
from whosaw.detect.tally import judged
from whosaw.detect.wording import days_of, many, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "bulk_hiding"
FAMILY: Family = "concealment"
NEEDS = frozenset({"look", "staff"})
CORE, CROWD, MACHINE = "core", "crowd", "machine"
# A person whom chance brings again this often is not one of a core.
_CHANCE = 0.05
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`again`: in how many requests a person of a core stands, at least. `most`: more persons than this are no core but
    a cohort. `habit`: of a machine's looks, the share below which a tool and mode is none. `outside`: persons that a
    machine looks at outside its habit and for no reason, of all that it looks at, before anything is known of others.
    """

    again: int
    most: int
    rate: float = field(metadata={"high": 0.5})
    dispersion: float
    prior: int
    habit: float = field(metadata={"high": 0.5})
    outside: float = field(metadata={"high": 0.5})
    machine_prior: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden(Signal):
    """`way`: core, crowd or machine. `at`: the persons of the core, the request of the crowd, or the ways of the machine."""

    way: str
    at: tuple[str, ...] = field(repr=False)


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    numbers = world.defaults.of(NAME, NUMBERS)
    wide = world.once(f"wide_{NAME}", lambda: _wide(world))
    mentions = wide.group_by("who", "person").aggregate(c=wide.list.nunique())
    everywhere = mentions.group_by(e_person=mentions.person).aggregate(all=mentions.c.sum())
    core = mentions.filter(mentions.c >= numbers.again)
    size = core.group_by(s_who=core.who).aggregate(size=core.count())
    core = core.inner_join(size.filter(size.size <= numbers.most), core.who == size.s_who)
    core = core.inner_join(everywhere, core.person == everywhere.e_person)
    followed = judged(world)
    followed = followed.filter(followed.u == 1, followed["size"] <= world.defaults.narrow)
    followed = followed.select(f_who=followed.who, f_person=followed.person).distinct()
    named = mentions.semi_join(followed, [mentions.who == followed.f_who, mentions.person == followed.f_person])
    core = core.left_join(followed, [core.who == followed.f_who, core.person == followed.f_person])
    core = core.mutate(followed=core.f_who.notnull().cast("int64"))
    machine = _recent(world)
    machine = machine.filter(machine.function == "service")
    return {
        "requests": wide.group_by("who", "list").aggregate(
            function=wide.function.max(), size=wide.person.nunique(), k=wide.person.nunique(where=wide.protected == 1)
        ),
        "core": core.select("who", "person", "c", "all", "followed"),
        "followed": named.group_by("who").aggregate(persons=named.count()),
        "persons": everywhere.aggregate(persons=everywhere.count()),
        "machine": machine.group_by("who", way=_way(machine)).aggregate(
            looks=machine.count(), persons=machine.person.nunique(), k=machine.person.nunique(where=machine.u == 1)
        ),
    }


def _wide(world: World) -> Any:
    """Mentions in requests that are too wide to be looks at each; `list`: what was asked, where that is known."""
    ibis = need("ibis", "watching")
    looks = _recent(world)
    looks = looks.filter(looks["size"] > world.defaults.narrow)
    asked = looks.query if "query" in looks.columns else ibis.null("string")
    return looks.select("row", "who", "function", "person", "protected", list=ibis.coalesce(asked, looks.request))


def _recent(world: World) -> Any:
    looks = world.looks
    looks = looks.filter(looks.claimed == 0, looks.person.notnull())
    return looks.filter(looks.t > world.as_of - world.defaults.reference_days * DAY)


def _way(looks: Any) -> Any:
    return looks.app.fill_null("") + "|" + looks["mode"]


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Hidden]:
    """A signal for every principal with a wide request, and for every machine."""
    numbers = world.defaults.of(NAME, NUMBERS)
    tried: dict[str, list[tuple[float, str, int, int, float, tuple[str, ...]]]] = {}
    functions: dict[str, str | None] = {}
    requests: dict[str, list[Any]] = {}
    for row in cast("Sequence[Any]", rows["requests"]):
        requests.setdefault(row["who"], []).append(row)
        functions[row["who"]] = row["function"]
    cores: dict[str, list[Any]] = {}
    for row in cast("Sequence[Any]", rows["core"]):
        cores.setdefault(row["who"], []).append(row)
    followed: dict[Any, Any] = {row["who"]: row["persons"] for row in rows["followed"]}
    persons = cast("int", rows["persons"][0]["persons"])
    mentions = sum(row["size"] for of in requests.values() for row in of)
    hits = sum(row["k"] for of in requests.values() for row in of)
    for who, own in requests.items():
        tried[who] = [
            _core(own, cores.get(who, ()), followed.get(who, 0), mentions, persons),
            _crowd(own, hits, mentions, numbers),
        ]
    machines: dict[str, list[Any]] = {}
    for row in cast("Sequence[Any]", rows["machine"]):
        machines.setdefault(row["who"], []).append(row)
    for who, ways in machines.items():
        functions[who] = "service"
        others = [of for other, of in machines.items() if other != who]
        beside = sum(way["k"] for of in others for way in _outside(of, numbers))
        among = sum(way["persons"] for of in others for way in of)
        tried.setdefault(who, []).append(_machine(ways, (beside, among), numbers))
    return [_signal(who, tried[who], functions[who]) for who in sorted(tried)]


_Tried = tuple[float, str, int, int, float, tuple[str, ...]]


def _signal(who: str, tried: Sequence[_Tried], function: str | None) -> Hidden:
    p, way, k, n, expected, at = min(tried)
    return Hidden(
        signal=NAME, family=FAMILY, kind="principal", unit=who, stratum=function or "everybody", p=times(p, len(tried)),
        tries=len(tried), days=0, k=k, n=n, expected=expected, way=way, at=at,
    )  # fmt: skip


def _core(own: Sequence[Any], core: Sequence[Any], followed: int, mentions: int, persons: int) -> _Tried:
    """The persons who come again most surprisingly, paid for by all that the requests name, or by those of them who were
    looked at alone afterwards for no reason, where they are such.
    """
    named = sum(row["size"] for row in own)
    found = []
    for row in core:
        # As often as others' lists have them, or one more than were seen: who was never listed may be.
        expected = named * (row["all"] - row["c"] + 1) / (mentions - named + persons)
        p = times(poisson(row["c"], expected), 2 * min(named, followed) if row["followed"] else 2 * named)
        found.append((p, row["person"], expected))
    kept = [each for each in found if each[0] <= _CHANCE]
    if not kept:
        return 1.0, CORE, 0, len(own), 0.0, ()
    return (
        min(kept)[0],
        CORE,
        len(kept),
        len(own),
        max(e for *_, e in kept),
        tuple(sorted(person for _, person, _ in kept)),
    )


def _crowd(own: Sequence[Any], hits: int, mentions: int, numbers: NUMBERS) -> _Tried:
    """The request with most protected persons, against the requests of others."""
    mine, named = sum(row["k"] for row in own), sum(row["size"] for row in own)
    rate = (hits - mine + numbers.prior * numbers.rate) / (mentions - named + numbers.prior)
    tried = [(at_least(row["k"], row["size"], rate, numbers.dispersion), row) for row in own]
    p, row = min(tried, key=lambda each: (each[0], each[1]["list"]))
    return times(p, len(own)), CROWD, row["k"], row["size"], row["size"] * rate, (row["list"],)


def _machine(ways: Sequence[Any], others: tuple[int, int], numbers: NUMBERS) -> _Tried:
    """Against what other machines do outside their habits: (persons there, all persons)."""
    odd, persons = _outside(ways, numbers), sum(way["persons"] for way in ways)
    k = sum(way["k"] for way in odd)
    rate = (others[0] + numbers.machine_prior * numbers.outside) / (others[1] + numbers.machine_prior)
    at = tuple(sorted(way["way"] for way in odd))
    return poisson(k, persons * rate), MACHINE, k, persons, persons * rate, at


def _outside(ways: Sequence[Any], numbers: NUMBERS) -> list[Any]:
    looks = sum(way["looks"] for way in ways)
    return [way for way in ways if way["k"] and way["looks"] <= numbers.habit * looks]


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Hidden)]
    return [_told(signal, _looks(world, signal), world) for signal in mine]


def _looks(world: World, signal: Hidden) -> list[Evidence]:
    looks = _recent(world)
    looks = looks.filter(looks.who == signal.unit)
    if signal.way == CORE:
        # With what was looked at of them afterwards, one by one.
        return evidence_of(world, looks.filter(looks.person.isin(list(signal.at))))
    if signal.way == MACHINE:
        return evidence_of(world, looks.filter(looks.u == 1, _way(looks).isin(list(signal.at))))
    wide = world.once(f"wide_{NAME}", lambda: _wide(world))
    wide = wide.filter(wide.list.isin(list(signal.at)), wide.protected == 1)
    return evidence_of(world, looks.semi_join(wide, "row"))


def _told(signal: Hidden, looks: Sequence[Evidence], world: World) -> Signal:
    if not looks or not signal.k:
        return replace(signal, p=1.0)
    return replace(
        signal,
        days=days_of(looks),
        principals=(signal.unit,),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=_sentence(signal, looks),
    )


def _sentence(signal: Hidden, looks: Sequence[Evidence]) -> str:
    who = people(1, looks)
    match signal.way:
        case "core":
            has = "stands" if signal.k == 1 else "stand"
            return (
                f"{who} asked for {many(signal.n, 'long list')} of persons, and {many(signal.k, 'person')} {has} in three of "
                f"them or more, where chance gives none."
            )
        case "crowd":
            return (
                f"{who} asked for a list of {many(signal.n, 'person')} of whom {many(signal.k, 'is', 'are')} protected; "
                f"{usual(signal.expected)} in such a list."
            )
        case _:
            return (
                f"A machine's account looked at {many(signal.k, 'person')} in a way that is not its habit, without a reason on "
                f"file, in {many(days_of(looks), 'day')}; {usual(signal.expected)}."
            )
