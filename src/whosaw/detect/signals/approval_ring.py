# SPDX-License-Identifier: Apache-2.0
"""Approvals in line, in return, or always by the same hand.

    who asked ──▶ who approved        from recorded approvals, and from the cases that somebody looked under

    k of n that were not independent: in one line, under one manager, in one unit, a party to the case, or in
        return for one within 30 days                                ── counts ──────▶ one signal per principal who asks
    always by the same approver, where others go to others           ── binomial ─┐
    each approves for the other                                      ── product ──┼──▶ one signal per asking and approving
    a for b, b for c, c for a                                        ── product ──┘

Independence is computed again from the staff as of the request: whoever approves for a friend writes "independent" too.
How usual a hand is, the asker's own unit says as well as the function: a unit with one approver is no ring. How usual it is to
ask the same one again, all who ask say. What one lets pass for another on one day is one request.

*Innocent*: small sites, holiday cover, a single duty approver.
*Beaten by*: a deceived approver outside the line. An approval never makes a p larger.  Design: docs/adr/0148, 0198, 0230
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.hands import Edge, Hands
from whosaw.detect.others import Counted, Others
from whosaw.detect.reporting import Lines, staff_rows
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import all_of, at_least, times
from whosaw.detect.wording import often, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "approval_ring"
FAMILY: Family = "cover"
NEEDS = frozenset({"look", "staff", "cases"})
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]
_Edges = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`rate`: approvals that are not independent, before anything is known; `prior`: so many approvals' worth of it.

    `return_days`: so far apart two approvals are in return for each other. `least`: fewer by one hand are no habit. `loyal`: how
    often a further request goes where one did, whoever that is, before anything is known; `askers`: so many people's worth of it.
    """

    rate: float = field(metadata={"high": 0.9})
    prior: int
    return_days: int
    least: int
    loyal: float = field(metadata={"high": 0.9})
    askers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Signal):
    """`how`: what surprises most: dependent, same, mutual, three. `edges`: who asked, who approved. `back`: how often in return."""

    how: str
    edges: _Edges = field(default=(), repr=False)
    back: int = 0


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    staff = world.tables["staff"]
    functions = staff.group_by("who").aggregate(function=staff.function.max())
    edges = _edges(world)
    # Many a day by the same hand are one row: who stands in whose line does not change within it.
    party = (edges.approver == edges.assignee).fill_null(False) | (edges.approver == edges.opened_by).fill_null(False)
    edges = edges.mutate(party=party.cast("int64"), day=edges.t // DAY)
    edges = edges.group_by("requester", "approver", "day", "party").aggregate(n=edges.count(), t=edges.t.max())
    return {"edges": edges, "staff": staff_rows(staff), "functions": functions}


def _edges(world: World) -> Any:
    """Each approval once: who asked, who approved, when; the case and the look where they are known."""
    return world.once("approved", lambda: _approved(world))


def _approved(world: World) -> Any:
    ibis = need("ibis", "watching")
    start = world.as_of - world.defaults.reference_days * DAY
    looks, staff, cases = world.looks, world.tables["staff"], world.tables["cases"]
    used = looks.filter(looks.case.notnull(), looks.t > start).select("case").distinct()
    given = cases.filter(cases.approver.notnull(), cases.known_to.isnull())
    given = given.semi_join(used, given.case_id == used.case)
    # Where a customer asked for the case, whoever works on it asked for the approval.
    of_staff = staff.select(r_who=staff.who).distinct()
    given = given.left_join(of_staff, given.requester == of_staff.r_who)
    parts = [
        given.select(
            requester=ibis.coalesce(given.r_who, given.assignee, given.opened_by), approver=given.approver,
            t=given.opened, case=given.case_id, look_id=ibis.null("string"), assignee=given.assignee,
            opened_by=given.opened_by,
        )
    ]  # fmt: skip
    if "approvals" in world.tables:
        a = world.tables["approvals"]
        a = a.filter(a.t <= world.as_of, a.t > start, a.outcome == "approved", a.approver.notnull())
        c = cases.group_by(c_case=cases.case_id).aggregate(
            assignee=cases.assignee.max(), opened_by=cases.opened_by.max()
        )
        a = a.left_join(c, a.case_id == c.c_case)
        parts.append(
            a.select("requester", "approver", "t", "look_id", "assignee", "opened_by", case=a.case_id)[
                "requester", "approver", "t", "case", "look_id", "assignee", "opened_by"
            ]
        )
    edges = reduce(lambda a, b: a.union(b), parts)
    edges = edges.filter(edges.requester.notnull())
    # Both tables may tell of the same approval.
    return edges.group_by("requester", "approver", "case", "look_id").aggregate(
        t=edges.t.min(), assignee=edges.assignee.max(), opened_by=edges.opened_by.max()
    )


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Ring]:
    """A signal for whoever asked for an approval, for each two of whom one approved for the other, and for rings of three."""
    numbers = world.defaults.of(NAME, NUMBERS)
    edges = _counted(rows, numbers.return_days * DAY)
    others = (edge for edge in edges if edge.requester != edge.approver)
    return [*_askers(edges, world, numbers), *_hands(Hands(others, numbers.loyal, numbers.askers), numbers)]


def _counted(rows: _Rows, apart: int) -> list[Edge]:
    lines = Lines(rows["staff"])
    functions = {row["who"]: row["function"] for row in rows["functions"]}
    given: dict[tuple[str, str], list[Any]] = {}
    for row in cast("Sequence[Any]", rows["edges"]):
        given.setdefault((row["requester"], row["approver"]), []).append(row)
    times_ = {edge: [row["t"] for row in mine] for edge, mine in given.items()}
    made = []
    for (who, approver), mine in sorted(given.items()):
        back = times_.get((approver, who), [])
        k = sum(
            1
            for row in mine
            if row["party"]
            or lines.one(who, approver, row["t"])
            or lines.near(who, approver, row["t"])
            or any(abs(row["t"] - t) <= apart for t in back)
        )
        last = max(row["t"] for row in mine)
        unit, manager = lines.unit(who, last), lines.manager(who, last)
        function = cast("str | None", functions.get(who))
        made.append(Edge(who, approver, unit, function, manager, len(mine), k))
    return made


def _askers(edges: Iterable[Edge], world: World, numbers: NUMBERS) -> list[Ring]:
    of: dict[str, list[Edge]] = {}
    for edge in edges:
        of.setdefault(edge.requester, []).append(edge)
    counted = [
        Counted(who, mine[0].unit, mine[0].function, mine[0].manager, sum(e.k for e in mine), sum(e.n for e in mine))
        for who, mine in sorted(of.items())
    ]
    others = Others(counted, replace(world.defaults.counts, rate=numbers.rate, prior=numbers.prior))
    made = []
    for each in counted:
        of_all = others.usual("principal", each.who, each.unit, each.function)
        made.append(
            Ring(
                signal=NAME, family=FAMILY, kind="principal", unit=each.who, stratum=of_all.stratum,
                p=at_least(each.k, each.n, of_all.rate, of_all.inverse_s), tries=1, days=world.defaults.reference_days,
                k=each.k, n=each.n, expected=each.n * of_all.rate, others=of_all.others, how="dependent",
                edges=tuple((e.requester, e.approver) for e in of[each.who] if e.k),
            )
        )  # fmt: skip
    return made


def _hands(hands: Hands, numbers: NUMBERS) -> list[Ring]:
    tails = hands.tails()
    made: list[Ring] = []
    edges: _Edges
    for (who, approver), edge in sorted(hands.edges.items()):
        approvers, back = hands.approvers(edge), hands.edges.get((approver, who))
        same = times(tails[who, approver], approvers) if edge.n >= numbers.least else 1.0
        once = back is None or min(edge.n, back.n) < _TWICE
        mutual = 1.0 if once else times(all_of([tails[who, approver], tails[approver, who]]), approvers)
        how, p = ("same", same) if same <= mutual else ("mutual", mutual)
        edges = ((who, approver),) if how == "same" else ((who, approver), (approver, who))
        made.append(_ring(how, times(p, 2), 2, edges, hands))
    # Only hands that are unusual by themselves make a ring worth telling, and so few rings are tried.
    seldom = {pair for pair, p in tails.items() if p <= _SELDOM and hands.edges[pair].n >= _TWICE}
    for ring in _rings(seldom):
        edges = ((ring[0], ring[1]), (ring[1], ring[2]), (ring[2], ring[0]))
        tries = hands.approvers(hands.edges[edges[0]]) ** 2
        p = times(all_of([tails[each] for each in edges]), tries)
        made.append(_ring("three", p, tries, edges, hands))
    return made


_SELDOM = 0.2
# Who once let something pass for another is in no habit with them.
_TWICE = 2


def _rings(edges: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """A for b, b for c, c for a: each ring once, beginning with the first by name."""
    to: dict[str, set[str]] = {}
    for a, b in edges:
        to.setdefault(a, set()).add(b)
    return sorted(
        (a, b, c)
        for a in to for b in to[a] for c in to.get(b, ())
        if a < b and a < c and b != c and a in to.get(c, ())
    )  # fmt: skip


def _ring(how: str, p: float, tries: int, edges: _Edges, hands: Hands) -> Ring:
    edge, back = hands.edges[edges[0]], hands.edges.get((edges[0][1], edges[0][0]))
    n = hands.asked[edge.requester]
    whos = list(dict.fromkeys(who for each in edges for who in each))
    return Ring(
        signal=NAME, family=FAMILY, kind="approvers", unit=" ".join(whos if how == "three" else edges[0]),
        stratum=edge.function or "everybody", p=p, tries=tries, days=0, k=edge.n, n=n, expected=n * hands.share(edge),
        how=how, edges=edges, back=0 if back is None else back.n,
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Ring)]
    if not mine:
        return []
    edges = _edges(world)
    whos = {who for signal in mine for edge in signal.edges for who in edge}
    edges = among(among(edges, "requester", whos), "approver", whos)
    rows: list[Any] = world.facts.rows(
        edges.select("requester", "approver", "case", "look_id"),
        ("requester", "approver", "case", "look_id"),
        NAME,
    )
    cases = {row["case"] for row in rows if row["case"] is not None}
    ids = {row["look_id"] for row in rows if row["look_id"] is not None}
    looks = world.looks
    start = world.as_of - world.defaults.reference_days * DAY
    looks = looks.filter(looks.judged == 1, looks.t > start)
    named = among(looks, "case", cases).select("row").union(among(looks, "look_id", ids).select("row"))
    found = evidence_of(world, looks.semi_join(named, "row"))
    return [_told(signal, rows, found, world) for signal in mine]


def _told(signal: Ring, rows: Iterable[Any], found: Iterable[Evidence], world: World) -> Signal:
    mine = [row for row in rows if (row["requester"], row["approver"]) in signal.edges]
    cases = {row["case"] for row in mine if row["case"] is not None}
    ids = {row["look_id"] for row in mine if row["look_id"] is not None}
    looks = [look for look in found if look.case in cases or look.look in ids]
    if not looks:
        return replace(signal, p=1.0)  # what nobody used did no harm
    whos = {who for edge in signal.edges for who in edge}
    # Who approves in one's own line is not thereby in it; who is always the one, or in return, may be.
    asked = {signal.unit} if signal.how == "dependent" else whos
    return replace(
        signal,
        principals=tuple(sorted(asked)),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted(cases)),
        sentence=_sentence(signal),
        # Always the same hand is mostly how it is organised, and what has a reason needed no friend to let it pass.
        opens=signal.how != "same" or 2 * sum(look.explained for look in looks) <= len(looks),
    )


def _sentence(signal: Ring) -> str:
    match signal.how:
        case "dependent":
            return (
                f"{_of(signal)} approved by somebody of the same reporting line or unit, by a party to the case, or in return; "
                f"{usual(signal.expected, 'such request', 'such requests')}."
            )
        case "same":
            return (
                f"{_of(signal)} approved by one and the same other person; "
                f"{usual(signal.expected, 'of them', 'of them')}."
            )
        case "mutual":
            return (
                f"Two people approved for each other, {often(signal.k)} one way and {often(signal.back)} the "
                "other; few people do so as often."
            )
        case _:
            return "Three people approved for each other in a ring, each for the next one; by chance that is rare."


def _of(signal: Ring) -> str:
    """`3 of 4 requests of one person were`."""
    if signal.n == 1:
        return "The only request of one person was"
    if signal.k == signal.n:
        return f"{'Both' if signal.n == 2 else f'All {signal.n:,}'} requests of one person were"
    return f"{signal.k:,} of {signal.n:,} requests of one person {'was' if signal.k == 1 else 'were'}"
