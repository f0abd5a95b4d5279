# SPDX-License-Identifier: Apache-2.0
"""A few persons inside a crowd, or behind a machine.

    wide requests of a principal or  core    persons who stand in three of them or more, though few do: Poisson, per person
    of a team that shares them out           or, where they were looked at alone afterwards, per such person
    wide requests of a principal     crowd   protected persons in one request, against other requests: negative binomial
    looks of a service account       machine persons looked at in a way that is not its habit, for no reason: Poisson
    its looks from one human's desk  desk    persons looked at without a name and a reason: negative binomial, see desks.py
                 ──smallest tail, paid for──▶ one signal per principal, team and desk

Requests with the same query are one: a list that is drawn again is a habit, and so is a list in which nearly everybody
comes again. A machine's habit is its own: the tools and modes, hours of the day, addresses and whether it names the human
behind it, as far as nearly all of its work is done in few of them.

*Innocent*: cohorts that are followed, lists drawn again after a fault, a machine that is taken into another tool.
*Beaten by*: a total that names nobody; three lists drawn by three people of different work and units; a machine used from an
address that many share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, cast

from whosaw.detect.desks import behind, by_human, without_name
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.expected import TEAMS
from whosaw.detect.signal import Evidence, Family, Signal, UnitKind, World
from whosaw.detect.tails import at_least, poisson, times
from whosaw.detect.tally import judged
from whosaw.detect.wording import days_of, many, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "bulk_hiding"
FAMILY: Family = "concealment"
NEEDS = frozenset({"look", "staff"})
CORE, CROWD, MACHINE, DESK = "core", "crowd", "machine", "desk"
# A person whom chance brings again this often is not one of a core.
_CHANCE = 0.05
# In what a machine has habits; it has none where more than one look in so many is in a seldom way.
_TOOL, _HOUR, _FROM, _NAMED = "w_tool", "w_hour", "w_from", "w_named"
_NO_HABIT = 5
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`again`: in how many requests a person of a core stands, at least. `most`: more persons than this are no core but
    a cohort. `habit`: of a machine's looks, the share below which a tool and mode is none. `outside`: persons that a
    machine looks at outside its habit and for no reason, of all that it looks at, before anything is known of others.
    `nameless`: persons whom machines look at from a human's desk without a name and without a reason, of all from there.
    """

    again: int
    most: int
    rate: float = field(metadata={"high": 0.5})
    dispersion: float
    prior: int
    habit: float = field(metadata={"high": 0.5})
    outside: float = field(metadata={"high": 0.5})
    machine_prior: int
    nameless: float = field(metadata={"high": 0.5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden(Signal):
    """`way`: core, crowd, machine or desk. `at`: the persons of the core, or the request of the crowd. `column`: whose lists."""

    way: str
    at: tuple[str, ...] = field(repr=False)
    column: str = "who"


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    wide = world.once(f"wide_{NAME}", lambda: _wide(world))
    everywhere = wide.group_by("who", "person").aggregate(c=wide.list.nunique())
    everywhere = everywhere.group_by(e_person=everywhere.person).aggregate(all=everywhere.c.sum())
    followed = judged(world)
    followed = followed.filter(followed.u == 1, followed["size"] <= world.defaults.narrow)
    made = [_lists(world, wide, everywhere, followed, column) for column in TEAMS]
    odd = _odd(world)
    return {
        **{
            name: reduce(lambda a, b: a.union(b), [each[name] for each in made])
            for name in ("lists", "core", "followed")
        },
        "requests": wide.group_by("who", "list").aggregate(
            size=wide.person.nunique(), k=wide.person.nunique(where=wide.protected == 1)
        ),
        "persons": everywhere.aggregate(persons=everywhere.count()),
        "without": _without(world, wide),
        "machine": odd.group_by("who").aggregate(
            persons=odd.person.nunique(), k=odd.person.nunique(where=(odd.u == 1) & (odd.odd == 1))
        ),
        "desks": by_human(behind(world)),
    }


def _without(world: World, wide: Any) -> Any:
    """How many principals asked for no long list: nothing comes again there, and that counts as tried."""
    whos = _recent(world).filter(lambda t: t.function.notnull(), lambda t: t.function != "service")
    whos = whos.select("who").distinct().anti_join(wide, "who")
    return whos.aggregate(whos=whos.count())


def _lists(world: World, wide: Any, everywhere: Any, followed: Any, column: str) -> dict[str, Any]:
    """Of each principal or team: its lists, the persons who come again in them, and how many of them were looked at alone."""
    ibis = need("ibis", "watching")
    numbers, name = world.defaults.of(NAME, NUMBERS), ibis.literal(column)
    wide = wide.filter(wide[column].notnull()).mutate(id=wide[column])
    own = wide.group_by("id", "who", "list").aggregate(size=wide.person.nunique())
    lists = own.group_by("id").aggregate(lists=own.list.nunique(), named=own["size"].sum(), whos=own.who.nunique())
    if column != "who":
        lists = lists.filter(lists.whos > 1)
        wide = wide.semi_join(lists, "id")
    mentions = wide.group_by("id", "person").aggregate(c=wide.list.nunique(), whos=wide.who.nunique())
    core = mentions.filter(mentions.c >= numbers.again)
    if column != "who":
        core = core.filter(core.whos > 1)  # what one of them did is theirs alone
    size = core.group_by(s_id=core.id).aggregate(size=core.count())
    core = core.inner_join(size.filter(size.size <= numbers.most), core.id == size.s_id)
    core = core.inner_join(everywhere, core.person == everywhere.e_person)
    alone = followed.filter(followed[column].notnull())
    alone = alone.select(f_id=alone[column], f_person=alone.person).distinct()
    named = mentions.semi_join(alone, [mentions.id == alone.f_id, mentions.person == alone.f_person])
    core = core.left_join(alone, [core.id == alone.f_id, core.person == alone.f_person])
    core = core.mutate(followed=core.f_id.notnull().cast("int64"))
    return {
        "lists": lists.select("id", "lists", "named").mutate(column=name),
        "core": core.select("id", "person", "c", "all", "followed").mutate(column=name),
        "followed": named.group_by("id").aggregate(persons=named.count()).mutate(column=name),
    }


def _wide(world: World) -> Any:
    """Mentions in requests that are too wide to be looks at each; `list`: what was asked, where that is known."""
    ibis = need("ibis", "watching")
    looks = _recent(world)
    looks = looks.filter(looks["size"] > world.defaults.narrow)
    asked = looks.query if "query" in looks.columns else ibis.null("string")
    return looks.select(
        "row", "who", "unit", "function", "manager", "person", "protected", list=ibis.coalesce(asked, looks.request)
    )


def _recent(world: World) -> Any:
    looks = world.looks
    looks = looks.filter(looks.claimed == 0, looks.person.notnull())
    return looks.filter(looks.t > world.as_of - world.defaults.reference_days * DAY)


def _odd(world: World) -> Any:
    """row, who, person, u of what machines looked at, with odd: 1 where it is in some way not that machine's habit."""
    return world.once(f"odd_{NAME}", lambda: _marked(world))


def _marked(world: World) -> Any:
    rare = round(1 / world.defaults.of(NAME, NUMBERS).habit)
    looks = _recent(world)
    looks = looks.filter(looks.function == "service")
    looks = looks.mutate(
        w_tool=looks.app.fill_null("") + "|" + looks["mode"],
        w_hour=(looks.t // (DAY // 24) % 24).cast("string"),
        w_from=looks.src_ip.fill_null("") + "|" + looks.src_country.fill_null(""),
        w_named=looks.named.cast("string"),
    )
    # What lends itself to people has their hours and desks.
    lent = looks.group_by("who").aggregate(whole=looks.count(), lent=looks.named.sum())
    alone = looks.semi_join(lent.filter(lent.lent * _NO_HABIT <= lent.whole), "who")
    found = [_seldom(of, way, rare) for way, of in ((_TOOL, looks), (_NAMED, looks), (_HOUR, alone), (_FROM, alone))]
    rows = reduce(lambda a, b: a.union(b), found).distinct()
    looks = looks.left_join(rows, looks.row == rows.o_row)
    odd = looks.o_row.notnull()
    if world.facts.dataset is not None:
        odd = odd & (looks.named == 0)  # what it did in a name that is known is that one's
    return looks.select("row", "who", "person", "u", odd=odd.cast("int64"))


def _seldom(looks: Any, way: str, rare: int) -> Any:
    """o_row of what each machine does in a way that it seldom uses, unless it has no habit in that."""
    ibis = need("ibis", "watching")
    ways = looks.group_by("who", way).aggregate(c=looks.count())
    own = ibis.window(group_by=[ways.who])
    ways = ways.mutate(whole=ways.c.sum().over(own))
    ways = ways.mutate(seldom=ibis.ifelse(ways.c * rare <= ways.whole, ways.c, 0))
    ways = ways.mutate(all_=ways.seldom.sum().over(ibis.window(group_by=[ways.who])))
    ways = ways.filter(ways.seldom > 0, ways.all_ * _NO_HABIT <= ways.whole)
    return looks.semi_join(ways, ["who", way]).select(o_row="row")


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Hidden]:
    """A signal for every principal with a wide request, for every team that has several such, for every machine, and for every
    human from whose desk one was used.
    """
    numbers = world.defaults.of(NAME, NUMBERS)
    given: dict[str, list[Any]] = {name: cast("list[Any]", of) for name, of in rows.items()}
    requests: dict[str, list[Any]] = {}
    for row in given["requests"]:
        requests.setdefault(row["who"], []).append(row)
    cores: dict[tuple[str, str], list[Any]] = {}
    for row in given["core"]:
        cores.setdefault((row["column"], row["id"]), []).append(row)
    followed = {(row["column"], row["id"]): row["persons"] for row in given["followed"]}
    persons = given["persons"][0]["persons"]
    mentions = sum(row["size"] for of in requests.values() for row in of)
    hits = sum(row["k"] for of in requests.values() for row in of)
    tried: dict[tuple[str, str], list[_Tried]] = {}
    for row in given["lists"]:
        key = row["column"], row["id"]
        tried[key] = [_core(row, cores.get(key, ()), followed.get(key, 0), mentions, persons)]
        if row["column"] == "who":
            tried[key].append(_crowd(requests[row["id"]], hits, mentions, numbers))
    for row in given["machine"]:
        key = "who", row["who"]
        others = [of for of in given["machine"] if of["who"] != row["who"]]
        tried.setdefault(key, []).append(_machine(row, others, numbers))
    made = [_signal(key, of, given["without"][0]["whos"]) for key, of in sorted(tried.items())]
    # Where a name was always left nothing is tried, and much to be compared with.
    return made + [_desk(row, given["desks"], numbers) for row in given["desks"] if row["bare"]]


_Tried = tuple[float, str, int, int, float, tuple[str, ...]]


def _signal(key: tuple[str, str], tried: Sequence[_Tried], without: int) -> Hidden:
    (column, id_), (p, way, k, n, expected, at) = key, min(tried)
    kind = "principal" if column == "who" else cast("UnitKind", column)
    return Hidden(
        signal=NAME, family=FAMILY, kind=kind, unit=id_, stratum="everybody", p=times(p, len(tried)), tries=len(tried),
        days=0, k=k, n=n, expected=expected, way=way, at=at, column=column, rest=without if kind == "principal" else 0,
    )  # fmt: skip


def _core(own: Any, core: Sequence[Any], followed: int, mentions: int, persons: int) -> _Tried:
    """The persons who come again most surprisingly, paid for by all that the requests name, or by those of them who were
    looked at alone afterwards for no reason, where they are such.
    """
    named, lists = own["named"], own["lists"]
    found = []
    for row in core:
        # As often as others' lists have them, or one more than were seen: who was never listed may be.
        expected = named * (row["all"] - row["c"] + 1) / (mentions - named + persons)
        p = times(poisson(row["c"], expected), 2 * min(named, followed) if row["followed"] else 2 * named)
        found.append((p, row["person"], expected))
    kept = [each for each in found if each[0] <= _CHANCE]
    if not kept:
        return 1.0, CORE, 0, lists, 0.0, ()
    return (
        min(kept)[0],
        CORE,
        len(kept),
        lists,
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


def _machine(own: Any, others: Sequence[Any], numbers: NUMBERS) -> _Tried:
    """Against what other machines do outside their habits."""
    # Of several others the one that stands out most may be sought as well.
    others = sorted(others, key=lambda row: (row["k"] / row["persons"], row["who"]))[: max(1, len(others) - 1)]
    k, n = (sum(row[name] for row in others) for name in ("k", "persons"))
    expected = own["persons"] * (k + numbers.machine_prior * numbers.outside) / (n + numbers.machine_prior)
    return poisson(own["k"], expected), MACHINE, own["k"], own["persons"], expected, ()


def _desk(own: Any, every: Sequence[Any], numbers: NUMBERS) -> Hidden:
    """Against what machines do from the desks of others. A kind of its own: most desks have nothing, and most lists something."""
    rates = numbers.nameless, numbers.nameless * numbers.rate
    p, k, expected = without_name(own, every, rates, numbers.prior, numbers.dispersion)
    return Hidden(
        signal=NAME, family=FAMILY, kind="desk", unit=own["human"], stratum="everybody", p=p, tries=2, days=0, k=k,
        n=own["persons"], expected=expected, way=DESK, at=(),
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Hidden)]
    return [_told(signal, _looks(world, signal), world) for signal in mine]


def _looks(world: World, signal: Hidden) -> list[Evidence]:
    looks = _recent(world)
    if signal.way == DESK:
        there = behind(world).filter(lambda t: t.human == signal.unit, lambda t: t.bare == 1, lambda t: t.u == 1)
        return evidence_of(world, looks.semi_join(there, "row"))
    looks = looks.filter(looks[signal.column] == signal.unit)
    if signal.way == CORE:
        # With what was looked at of them alone, for no reason.
        long = looks["size"] > world.defaults.narrow
        return evidence_of(world, looks.filter(looks.person.isin(list(signal.at)), long | (looks.u == 1)))
    if signal.way == MACHINE:
        odd = _odd(world).filter(lambda t: t.u == 1, lambda t: t.odd == 1)
        return evidence_of(world, looks.semi_join(odd, "row"))
    wide = world.once(f"wide_{NAME}", lambda: _wide(world))
    wide = wide.filter(wide.list.isin(list(signal.at)), wide.protected == 1)
    return evidence_of(world, looks.semi_join(wide, "row"))


def _told(signal: Hidden, looks: Sequence[Evidence], world: World) -> Signal:
    if not looks or not signal.k:
        return replace(signal, p=1.0)
    return replace(
        signal,
        days=days_of(looks),
        principals=tuple(sorted({look.who for look in looks} | ({signal.unit} if signal.way == DESK else set()))),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=_sentence(signal, looks),
    )


def _sentence(signal: Hidden, looks: Sequence[Evidence]) -> str:
    who = people(len({look.who for look in looks}), looks)
    match signal.way:
        case "core":
            has = "stands" if signal.k == 1 else "stand"
            return (
                f"{who} asked for {many(signal.n, 'long list')} of persons, and {many(signal.k, 'person')} {has} in three of "
                f"them or more, where by chance there would be none."
            )
        case "crowd":
            return (
                f"{who} asked for a list of {many(signal.n, 'person')} of whom {many(signal.k, 'is', 'are')} protected; "
                f"{usual(signal.expected)} in such a list."
            )
        case "desk":
            return (
                f"A machine's account looked at {many(signal.k, 'person')} without a reason on file and without the name of "
                f"whoever used it, from an address where one person alone works; {usual(signal.expected)}."
            )
        case _:
            return (
                f"A machine's account looked at {many(signal.k, 'person')} in a way that is not its habit, without a reason on "
                f"file, in {many(days_of(looks), 'day')}; {usual(signal.expected)}."
            )
