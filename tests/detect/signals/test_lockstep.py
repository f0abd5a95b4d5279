# SPDX-License-Identifier: Apache-2.0
"""Three at the same five persons are found; two who hand their work to each other are not."""

from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations

import pytest
from tests.detect.made import signal
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.evidence import evidence_of
from whosaw.detect.gravity import Gravity
from whosaw.detect.run import world_of
from whosaw.detect.signals import lockstep
from whosaw.detect.templates import load_templates
from whosaw.detect.weigh import weighed


def test_a_gang_is_found_and_a_hand_over_is_not(town):
    signals, gang = town.signals(lockstep), town.plants["gang"]
    assert (signals[0].principals, set(signals[0].persons)) == (gang.whos, set(gang.persons))
    assert signals[0].p < 1e-6
    assert not [s for s in signals if s.p < 0.05 and set(town.plants["shifts"].whos) & s.whos]
    assert signals[0].sentence == (
        "Three people of two functions looked at the same 5 persons for the first time, within 7 days of each other, with "
        "little or no reason on file; none would be usual."
    )
    assert all(names_nobody(s, town.made) for s in signals)


def test_groups_grow_up_to_their_limit():
    """The weakest pair that would make a group too large is left out."""
    edge = [lockstep.Edge(f"e-{n}", f"e-{n + 1}", 9, 7, 0.1, 10.0 ** (n - 20)) for n in range(6)]
    assert lockstep._groups(edge, 4) == [
        ({"e-0", "e-1", "e-2", "e-3"}, edge[:3]),
        ({"e-4", "e-5", "e-6"}, edge[4:]),
    ]
    assert lockstep._groups([], 4) == []


def _shared(pairs, units, n=40):
    """Rows as the engine gives them: each pair shares so many of the `n` persons each of them looked at."""
    return {
        "whos": [{"who": who, "unit": unit, "n": n} for who, unit in units.items()],
        "degrees": [{"pairs": n * len(units), "lookers": 2 * sum(pairs.values())}],
        "pairs": [{"a": a, "b": b, "same": int(units[a] == units[b]), "habit": 0, **dict.fromkeys(("c7", "c30", "c120"), c)}
                  for (a, b), c in pairs.items()],
        "sums": [], "habits": [{"pairs": 0, "lookers": 0}], "work": [], "missing": [{"first": 1, "little": 1}],
    }  # fmt: skip


def test_what_most_pairs_of_a_team_share_is_how_it_works():
    """Four who all work on the same forty persons are no gang; three of four who do, and one who does not, are."""
    numbers = load_defaults().of("lockstep", lockstep.NUMBERS)
    units = {f"e-{n}": "legal" for n in range(4)} | {f"e-{n}": f"u-{n}" for n in range(4, 60)}
    four = dict.fromkeys(combinations(list(units)[:4], 2), 30)
    assert min(edge.p for edge in lockstep._edges(_shared(four, units), numbers)) > 0.05
    three = dict.fromkeys(combinations(list(units)[:3], 2), 30)
    assert max(edge.p for edge in lockstep._edges(_shared(three, units), numbers)) < 1e-6


@contextmanager
def in_names(*looks):
    """A folder of looks (who, person, in whose name or None), a day apart; e-m is a machine."""
    staff = [{"who": f"e-{x}", "unit": f"u-{x}", "function": "service" if x == "m" else "support"} for x in "abcm"]
    rows = []
    for leaf, (who, person, name) in enumerate(looks):
        look = {"leaf": leaf, "look_id": f"l-{leaf}", "t": at(10 + leaf), "person": person}
        rows.append({**look, "row": 2 * leaf, "who": who})
        if name is not None:
            rows.append({**look, "row": 2 * leaf + 1, "who": name, "account": who, "claimed": 1})
    with facts_of(rows, staff=staff) as facts:
        yield world_of(replace(facts, dataset=object()), at(60), load_defaults(), load_templates())


def pairs_of(world_):
    rows = world_.facts.rows(lockstep.query(world_)["pairs"], ("a", "b"), "")
    return {(row["a"], row["b"]): row["c120"] for row in rows}


def test_what_a_machine_did_in_somebodys_name_is_one_look():
    """Else the machine and whoever uses it would be in step with each other at everybody."""
    persons = [f"p-{n}" for n in range(4)]
    with in_names(*(("e-m", p, "e-a") for p in persons), *(("e-b", p, None) for p in persons)) as world_:
        assert pairs_of(world_) == {("e-a", "e-b"): 4}


def test_a_human_in_anothers_name_is_in_step_with_others_and_not_with_that_one():
    """To look in a colleague's name hides nobody, and accuses no two of what one of them did."""
    persons = [f"p-{n}" for n in range(4)]
    lent = [("e-a", p, "e-b") for p in persons]
    with in_names(*lent, *(("e-c", p, None) for p in persons)) as world_:
        assert pairs_of(world_) == {("e-a", "e-c"): 4, ("e-b", "e-c"): 4}
    # Where the other looked too, they have that in common.
    with in_names(*lent, *(("e-b", p, None) for p in persons[:3])) as world_:
        assert pairs_of(world_) == {("e-a", "e-b"): 3}


def test_work_done_in_anothers_name_is_no_habit_of_the_two():
    """Else whoever does an honest day's work in a colleague's name may share with that one whom they like."""
    work = [f"q-{n}" for n in range(6)]
    persons = [f"p-{n}" for n in range(3)]
    apart = [(who, p, None) for p in persons for who in ("e-a", "e-b")]
    lent, own = ([("e-a", q, "e-b") for q in work], [(who, q, None) for q in work[:2] for who in ("e-a", "e-b")])
    for looks, habit in (([*lent, *apart], 0), ([*own, *apart], 2), ([*lent, *own, *apart], 2)):
        with in_names(*looks) as world_:
            of = world_.looks
            with_reason = replace(world_, looks=of.mutate(weight_then=of.person.isin(work).ifelse(100, of.weight_then)))
            rows = world_.facts.rows(lockstep.query(with_reason)["pairs"], ("a", "b"), "")
        assert [(row["a"], row["b"], row["c120"], row["habit"]) for row in rows] == [("e-a", "e-b", 3, habit)]


def test_of_whom_a_look_was_only_made_in_the_name_a_finding_says_so():
    """Whose name was used may know nothing of it, and whoever reviews must."""
    persons = [f"p-{n}" for n in range(4)]
    with in_names(*(("e-a", p, "e-b") for p in persons), *(("e-c", p, None) for p in persons)) as world_:
        seen = evidence_of(world_, world_.looks.filter(world_.looks.who != "e-a"))
        told = signal(0.001, *seen)
        made = weighed([told], {}, frozenset(), Gravity({}, {}, 0, 180), world_, ran={"context": 1}, prices={})
    assert made.principals == ("e-b", "e-c")
    assert made.counter[0] == (
        "4 of 8 looks were made through somebody else's account, in the name of one who is named here and may know nothing "
        "of it."
    )


def test_of_one_look_it_is_not_said_that_two_made_it():
    """Two at three persons each, and one of them at two more in the other's name: three persons are told."""
    persons = [f"p-{n}" for n in range(3)]
    apart = [(who, p, None) for p in persons for who in ("e-a", "e-b")]
    with in_names(*apart, ("e-a", "p-8", "e-b"), ("e-a", "p-9", "e-b")) as world_:
        (edge,) = lockstep._edges(
            {
                name: world_.facts.rows(table, tuple(table.columns), "")
                for name, table in lockstep.query(world_).items()
            },
            load_defaults().of("lockstep", lockstep.NUMBERS),
        )
        group = lockstep._signal(frozenset({"e-a", "e-b"}), [edge], 2, 3)
        (told,) = lockstep.tell(world_, [group])
    assert told.persons == tuple(persons)
    assert "at the same 3 persons" in told.sentence


def test_nobody_shares_anything():
    made = company(2)
    made.looks = [look for n, look in enumerate(made.looks) if n < 40]
    with world(made, without=("persons", "links", "staff", "events", "event_persons")) as world_:
        assert [s for s in tried(lockstep, world_) if s.p < 0.05] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gaps", [0.06, 0.15])
def test_honest_companies_have_as_many_as_chance_brings(seed, gaps):
    with world(company(seed, gaps=gaps)) as world_:
        assert share_below(tried(lockstep, world_), 0.01) <= 0.02
