# SPDX-License-Identifier: Apache-2.0
"""Reasons that count only where most people work so.

    who looked so often for such a reason alone ──▶ most people of the company, and of the function ──▶ it counts there

Where agents take a call and open the case themselves, a case of one's own says as much as any other; where nobody else
does so, it is what whoever snoops would write. A function of few goes with the company, or two would be most of it.

Invariant: no team makes anything a convention: it takes most people of the whole company.        Design: docs/adr/0228
"""

from __future__ import annotations

from typing import Any

from whosaw.detect.templates import Templates
from whosaw.facts.extra import need

# Whoever looked at fewer shows no habit; of fewer people a function has no convention of its own.
_LOOKS = 20
_PEOPLE = 3
_MACHINES = "service"


def with_conventions(looks: Any, templates: Templates, step: int) -> Any:
    """`looks` with what is usual (o_then, o_now) where it counts.

    then, now, o_then, o_now: packed as in explain.py, a weight of one being `step`, and less than that the template.
    """
    ibis = need("ibis", "watching")
    alone = (looks.then < templates.explained_from * step) & (looks.o_then > 0)
    people = looks.filter(looks.person.notnull(), looks.claimed == 0).mutate(alone=alone.cast("int64"))
    people = people.group_by("function", "who").aggregate(n=people.count(), k=people.alone.sum())
    seen = people.n >= _LOOKS
    people = people.mutate(
        seen=seen.cast("int64"),
        does=(seen & (people.k * 100 >= people.n * templates.convention_looks)).cast("int64"),
    )
    humans = people.filter(people.function.isnull() | (people.function != _MACHINES))
    company = humans.aggregate(all_seen=humans.seen.sum(), all_do=humans.does.sum())
    functions = people.filter(people.function.notnull()).group_by(o_function="function")
    functions = functions.aggregate(of=people.seen.sum(), do=people.does.sum()).cross_join(company)
    holds = (2 * functions.all_do > functions.all_seen) & (
        (functions.of < _PEOPLE) | (functions.do * 100 >= functions.of * templates.convention_people)
    )
    functions = functions.filter(holds).select("o_function")
    both = looks.left_join(functions, looks.function == functions.o_function)
    here = both.o_function.notnull()
    return both.mutate(
        then=ibis.ifelse(here, ibis.greatest(both.then, both.o_then), both.then),
        now=ibis.ifelse(here, ibis.greatest(both.now, both.o_now), both.now),
    ).drop("o_then", "o_now", "o_function")
