# SPDX-License-Identifier: Apache-2.0
"""The summer: its order, its counts, and what is planted in it."""

from collections import Counter
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from itertools import pairwise

import pytest
from tests.simulate.summer.played import START, looks

from whosaw.simulate.summer.acts import Asks, Connects, Loads, Publishes, Uses
from whosaw.simulate.summer.company import company, truth
from whosaw.simulate.summer.days import LENGTH
from whosaw.simulate.summer.summer import summer

SEEDS = range(8)
DOCUMENTED = [ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module", params=SEEDS)
def told(request):
    town = company(request.param, START)
    return town, request.param, summer(town, request.param)


def test_the_same_seed_is_the_same_summer(told):
    """Equal company and seed give equal acts; another seed gives others."""
    town, seed, acts = told
    assert summer(company(seed, START), seed) == acts
    assert summer(town, seed + 1) != acts


def test_time_goes_forward(told):
    """Every act is strictly later than the one before, all within the ten weeks; the directory is loaded first."""
    _, _, acts = told
    times = [act.at for act in acts]
    assert all(a < b for a, b in pairwise(times))
    assert isinstance(acts[0], Loads)
    assert {(at.date() - START).days for at in times} <= set(range(LENGTH))


def test_the_directory_never_grows_old(told):
    """It is loaded every morning, so that no look finds it older than 24 hours."""
    _, _, acts = told
    loads = [act.at for act in acts if isinstance(act, Loads)]
    assert len(loads) == LENGTH
    assert {b - a for a, b in pairwise(loads)} == {DAY}


def test_as_many_as_the_demonstration_can_play(told):
    """About 130 connections and 300 honest looks, most of them through the guard; some dozens are planted."""
    town, seed, acts = told
    honest, planted = looks(town, seed)
    assert len([act for act in acts if isinstance(act, Connects)]) == 130
    assert 250 <= len(honest) <= 350
    assert sum(isinstance(act, Asks) for act in honest) > 0.8 * len(honest)
    assert 60 <= len(planted) <= 90
    assert Counter(type(act) for act in planted)[Asks] == 9


def test_documentation_ranges_only(told):
    """No address could be anybody's, and two persons share one only at home."""
    town, _, acts = told
    homes = {each.person: each.household or each.person for each in town.persons}
    whose = {}
    for act in acts:
        if isinstance(act, Connects):
            address = ip_address(act.address)
            assert any(address in network for network in DOCUMENTED)
            assert str(address) == act.address
            assert whose.setdefault(act.address, homes[act.person]) == homes[act.person]


def test_everybody_connects_before_anybody_is_looked_at(told):
    """A look at an address finds one; both ways of connecting are there."""
    town, seed, acts = told
    first = min(act.at for part in looks(town, seed) for act in part)
    early = {act.person for act in acts if isinstance(act, Connects) and act.at < first}
    assert early == {each.person for each in town.persons}
    assert {act.proxied for act in acts if isinstance(act, Connects)} == {True, False}


def test_ids_are_unique(told):
    """No two looks share an id."""
    _, _, acts = told
    ids = [act.look_id for act in acts if isinstance(act, Asks)] + [
        act.request_id for act in acts if isinstance(act, Uses)
    ]
    assert len(set(ids)) == len(ids)


def test_every_detail_is_asked_for(told):
    """Support asks for a network, fraud for networks and addresses; somebody honest looks into staff's own work."""
    town, seed, _ = told
    honest, _ = looks(town, seed)
    asked = Counter(
        (act.purpose, f"{a.field}:{a.detail}") for act in honest if isinstance(act, Asks) for a in act.asked
    )
    assert asked.keys() == {
        ("subject_request", "ip:network"), ("fraud_review", "ip:network"),
        ("fraud_review", "ip:exact"), ("internal_inquiry", "activity:exact"),
    }  # fmt: skip


def test_honest_looks_have_a_reason_that_somebody_else_wrote(told):
    """For each there is an open case in the looker's hands that names the person, opened a morning before by another unit."""
    town, seed, _ = told
    honest, _ = looks(town, seed)
    assert [act for act in honest if not reasons(town, act)] == []


def test_planted_looks_have_none(told):
    """No case that somebody outside the department opened is in an auditor's hands, and their own was opened inside."""
    town, seed, _ = told
    _, planted = looks(town, seed)
    assert [act for act in planted if reasons(town, act)] == []


def reasons(town, act):
    """Cases that explain a look, written down again from the words of the templates."""
    staff = {each.staff_id: each for each in town.staff}
    morning = act.at.replace(hour=5, minute=30, second=0)
    return [
        case for case in town.cases
        if act.person in case.persons
        and (case.assignee == act.principal or case.queue == staff[act.principal].unit)
        and case.opened <= morning < act.at < case.closed
        and staff[case.opened_by].unit != staff[act.principal].unit
        and case.requester != act.principal
    ]  # fmt: skip


def test_the_planted_looks_follow_the_articles(told):
    """Each is within two weeks after an article, none before the first; after each article there are some."""
    town, seed, acts = told
    _, planted = looks(town, seed)
    articles = [act.at for act in acts if isinstance(act, Publishes)]
    newest = [max((at for at in articles if at < act.at), default=None) for act in planted]
    assert set(newest) == set(articles)
    assert all(act.at - at < 14 * DAY for act, at in zip(planted, newest, strict=True))


def test_what_is_planted_is_the_truth(told):
    """The four looked at exactly the persons told of: each of these from both countries, none of the four at all of them."""
    town, seed, _ = told
    _, planted = looks(town, seed)
    known, country = truth(town), {each.staff_id: each.country for each in town.staff}
    used = [act for act in planted if isinstance(act, Uses)]
    assert {act.person for act in used} == set(known.persons)
    assert {act.principal for act in used} == set(known.principals)
    for person in known.persons:
        assert {country[act.principal] for act in used if act.person == person} == {"IE", "US"}
    for principal in known.principals:
        assert len({act.person for act in used if act.principal == principal}) < len(known.persons)


def test_journalists_have_honest_twins(told):
    """Each journalist is looked at by support too, in the old tool, because they asked for something."""
    town, seed, _ = told
    honest, _ = looks(town, seed)
    for name in truth(town).journalists:
        twins = [act for act in honest if act.person == name]
        assert twins
        assert {type(act) for act in twins} == {Uses}


@pytest.mark.parametrize("start", [date(2025, 12, 29) + timedelta(days=n) for n in range(7)])
def test_it_need_not_be_summer(start):
    """Any first day will do: over a new year, on any day of the week."""
    town = company(11, start)
    acts = summer(town, 11)
    assert all(a.at < b.at for a, b in pairwise(acts))
    honest, planted = looks(town, 11)
    assert [act for act in honest if not reasons(town, act)] == []
    assert [act for act in planted if reasons(town, act)] == []
    assert len(planted) > 50


def test_no_repr_shows_a_name(told):
    """What ends up in a log line or a traceback names nobody."""
    town, _, acts = told
    said = " ".join(map(repr, acts))
    names = [each.staff_id for each in town.staff] + [each.person for each in town.persons]
    assert [name for name in names if name in said] == []
