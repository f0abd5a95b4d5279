# SPDX-License-Identifier: Apache-2.0
"""Whether the case that a look names may be its reason: anybody can type a number.

    looks without a reason that name a case ─┬─ on file, open then ─┬─ theirs, or of their unit, queue or type of case
                                             │                      └─ it names the person, by somebody else's hand
                                             └─ not on file, where what people there name mostly is not

Of a case whose link to the person is missing the other half still holds: it lies with whoever works on it. What is made up, borrowed,
long over or not there yet has neither half, or no time.

Invariant: what a table does not say fails nothing, and of several versions of a case one is enough. Whoever names made-up numbers alone
makes no number usual: people are counted, not looks.                                          Design: docs/adr/0302
"""

from __future__ import annotations

from typing import Any

from whosaw.detect.fits import not_theirs
from whosaw.detect.signal import World
from whosaw.facts.columns import DAY
from whosaw.facts.extra import need
from whosaw.facts.prepared.looks import unsaid

# As long after the look a case may be opened, and before it be closed, as the reasons in templates.toml allow.
_EARLY, _OVER = DAY, 7 * DAY
# Of so many people most must name what is not on file before a table of cases counts as one that does not have theirs.
_SEVERAL = 5


def with_case(world: World, looks: Any) -> Any:
    """`looks`, some of ``world.looks``, with `cased`, 1: without a reason, and the case that it names may be one."""
    ibis = need("ibis", "watching")
    if "cases" not in world.tables:
        return looks.mutate(cased=ibis.ifelse((looks.u == 1) & looks["case"].notnull(), 1, 0).cast("int64"))
    named = world.once("named_cases", lambda: _named(world), large=True)
    looks = looks.left_join(named, looks.row == named.c_row)
    return looks.mutate(cased=ibis.ifelse(looks.c_row.notnull(), 1, 0).cast("int64")).drop("c_row")


def _named(world: World) -> Any:
    """c_row: the looks without a reason whose case may be one."""
    looks = world.looks
    looks = looks.filter(looks.u == 1, looks["case"].notnull(), looks.person.notnull())
    of = {f"l_{name}": looks[name] for name in ("row", "t", "who", "own_person", "unit", "person", "case")}
    return _fitting(world, looks.select(**of)).union(_elsewhere(world)).distinct()


def _fitting(world: World, looks: Any) -> Any:
    """c_row: those whose case is on file, was open, and is theirs or about the person, as far as that is known."""
    cases = world.tables["cases"]
    pairs = looks.inner_join(
        cases, [looks.l_case == cases.case_id, cases.known_to.isnull() | (looks.l_t < cases.known_to)]
    )
    pairs = pairs.filter(~unsaid(pairs.known_from, pairs["first"], pairs.l_t, world.defaults.feed_lag).fill_null(False))
    over = (pairs.l_t >= pairs.closed + _OVER).fill_null(False)
    pairs = pairs.filter(pairs.opened <= pairs.l_t + _EARLY, ~over)
    if not {"staff", "case_persons"} <= world.tables.keys():
        return pairs.select(c_row=pairs.l_row)
    asked = pairs.filter(pairs.requester == pairs.l_person).select(c_row="l_row")
    theirs = not_theirs(world, pairs)
    # An empty one that lies with nobody is as easily opened as a number is typed.
    empty = (
        theirs.assignee.isnull()
        & theirs.queue.isnull()
        & (_own(theirs.opened_by, theirs) | _own(theirs.requester, theirs))
    )
    theirs = theirs.filter(theirs.not_theirs == 0, ~empty).select(c_row="l_row")
    return theirs.union(asked).union(_about(world, pairs))


def _about(world: World, pairs: Any) -> Any:
    """c_row: those whose case names the person, not by the one who looked."""
    cp = world.tables["case_persons"]
    cp = cp.select(
        n_case="case_id",
        n_person="person",
        n_added="added",
        n_by="added_by",
        n_from="known_from",
        n_to="known_to",
        n_first="first",
    )
    met = pairs.select("l_row", "l_t", "l_who", "l_own_person", "l_case", "l_person")
    met = met.inner_join(cp, [met.l_case == cp.n_case, met.l_person == cp.n_person])
    late = (met.n_added > met.l_t + _EARLY) | unsaid(met.n_from, met.n_first, met.l_t, world.defaults.feed_lag)
    gone = met.n_to.isnull() | (met.l_t < met.n_to)
    return met.filter(~_own(met.n_by, met), ~late.fill_null(False), gone).select(c_row="l_row")


def _own(hand: Any, looks: Any) -> Any:
    """It is that of the one who looked, or of their private account."""
    return ((hand == looks.l_who) | (hand == looks.l_own_person)).fill_null(False)


def _elsewhere(world: World) -> Any:
    """c_row: those whose case is not on file, in a function or with a tool of which the table of cases has mostly none."""
    ibis = need("ibis", "watching")
    looks = world.looks
    looks = looks.filter(looks.judged == 1, looks["case"].notnull())
    known = world.tables["cases"].select(k_case="case_id").distinct()
    looks = looks.select(
        "row", "u", "who", "person", "function", "app", "case",
        ago=(world.as_of // DAY - looks.day) // world.defaults.first_days,
    )  # fmt: skip
    looks = looks.left_join(known, looks["case"] == known.k_case)
    looks = looks.mutate(there=ibis.ifelse(looks.k_case.notnull(), 1, 0).cast("int64"))
    unknown = looks.filter(looks.u == 1, looks.there == 0, looks.person.notnull())
    found = []
    for column in ("function", "app"):
        by = looks.filter(looks[column].notnull())
        by = by.group_by("who", "ago", b_of=by[column]).aggregate(all=by.count(), there=by.there.sum())
        of = by.group_by("b_of", b_ago=by.ago).aggregate(
            people=by.count(), without=ibis.ifelse(by.there * 2 < by["all"], 1, 0).cast("int64").sum()
        )
        of = of.filter(of.people >= _SEVERAL, of.without * 2 > of.people)
        met = unknown.inner_join(of, [unknown[column] == of.b_of, unknown.ago == of.b_ago])
        found.append(met.select(c_row="row"))
    return found[0].union(found[1])
