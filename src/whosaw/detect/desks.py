# SPDX-License-Identifier: Apache-2.0
"""Who sits behind a machine that leaves no name: whose address it was used from.

    looks of people    ──▶ an address from which one of them works, and hardly anybody else  ─┐
    looks of machines  ──▶ from there, with or without the name of the human behind it       ─┴─▶ per human: of n persons k
                                                                  at whom it looked without a name and without a reason

Counted for all persons and for protected ones, against what machines do from everybody else's addresses.

*Innocent*: a name that got lost on the way, now and then, everywhere. *Beaten by*: an address that many share, or a strange one.

Invariant: an address accuses nobody whom others share it with, and no human of what a machine does all day by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whosaw.detect.signal import World
from whosaw.detect.tails import at_least, times
from whosaw.facts.columns import DAY
from whosaw.facts.extra import need

# Of the looks that people make from an address, all but one in so many are by the one whose it is.
_OTHERS = 10


def behind(world: World) -> Any:
    """human, person, and row, u, protected of what machines looked at from that human's address; bare: 1 without a name."""
    return world.once("behind", lambda: _behind(world))


def _behind(world: World) -> Any:
    ibis = need("ibis", "watching")
    looks = world.looks
    looks = looks.filter(looks.claimed == 0, looks.person.notnull(), looks.src_ip.notnull(), looks.function.notnull())
    looks = looks.filter(looks.t > world.as_of - world.defaults.reference_days * DAY)
    looks = looks.mutate(machine=(looks.function == "service").cast("int64"))
    looks = looks.mutate(bare=ibis.ifelse((looks.machine == 1) & (looks.named == 0), 1, 0).cast("int64"))
    used = looks.group_by("src_ip", "who").aggregate(own=looks.count(where=looks.machine == 0), bare=looks.bare.sum())
    there = ibis.window(group_by=[used.src_ip])
    used = used.mutate(people=used.own.sum().over(there), machines=used.bare.sum().over(there))
    # Where a machine works more than the human does, the address is the machine's.
    desks = used.filter(used.own * _OTHERS >= used.people * (_OTHERS - 1), used.own > used.machines)
    desks = desks.select(d_ip="src_ip", human="who")
    found = looks.filter(looks.machine == 1).inner_join(desks, looks.src_ip == desks.d_ip)
    return found.select("human", "person", "row", "u", "protected", "bare")


def by_human(behind: Any) -> Any:
    """Per human how many persons machines looked at from their address; bare: looks without a name; and k persons, k_protected,

    without a name and without a reason.
    """
    bare = (behind.bare == 1) & (behind.u == 1)
    return behind.group_by("human").aggregate(
        persons=behind.person.nunique(),
        bare=behind.bare.sum(),
        k=behind.person.nunique(where=bare),
        k_protected=behind.person.nunique(where=bare & (behind.protected == 1)),
    )


def without_name(
    own: Mapping[str, Any],
    every: Sequence[Mapping[str, Any]],
    rates: tuple[float, float],
    prior: int,
    dispersion: float,
) -> tuple[float, int, float]:
    """p, persons and how many would be usual, of the stronger of the two counts.

    `every`: all humans; `rates`: of all and of protected persons before anything is known, `prior` persons' worth of each.
    """
    found = []
    for name, rate in zip(("k", "k_protected"), rates, strict=True):
        others = sorted((row[name], row["persons"]) for row in every if row["human"] != own["human"])
        # Of the others the one who stands out most may be sought as well.
        others = others[: max(1, len(others) - 1)]
        k, n = (sum(each) for each in zip(*others, strict=True)) if others else (0, 0)
        usual = (k + prior * rate) / (n + prior)
        found.append((at_least(own[name], own["persons"], usual, dispersion), own[name], own["persons"] * usual))
    p, k, expected = min(found)
    return times(p, len(found)), k, expected
