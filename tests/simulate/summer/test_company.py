# SPDX-License-Identifier: Apache-2.0
"""The company: its shape, its cast, and that the same seed and start are the same company."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.simulate.summer.played import START

from whosaw.simulate.summer.cases import AUDIT_CASE
from whosaw.simulate.summer.company import company, truth
from whosaw.simulate.summer.persons import around

SEEDS = range(8)


def test_the_same_seed_and_start_are_the_same_company():
    """Equal arguments give equal companies; another seed or start does not."""
    assert company(1, START) == company(1, START)
    assert company(1, START) != company(2, START)
    assert company(1, START) != company(1, START + timedelta(days=1))


def test_another_process_makes_the_same_summer():
    """Nothing depends on this process: not on its hash seed, not on its clock."""
    code = (
        "from datetime import date; import hashlib; from whosaw.simulate.summer.company import company;"
        "from whosaw.simulate.summer.summer import summer; c = company(3, date(2026, 6, 15));"
        "told = [(type(a).__name__, *(getattr(a, n) for n in a.__slots__)) for a in summer(c, 3)];"
        "cases = [tuple(getattr(x, n) for n in x.__slots__) for x in c.cases];"
        "print(hashlib.sha256(repr((told, cases)).encode()).hexdigest())"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0].strip()) == 64


@pytest.mark.parametrize("seed", SEEDS)
def test_ids_are_unique_and_nobody_is_two_things(seed):
    """Staff, persons and cases have ids of their own, and no person is called like one of the staff.

    In the directory's tables a requester is one of the staff if the staff table has the name, else a person.
    """
    town = company(seed, START)
    staff, persons = [each.staff_id for each in town.staff], [each.person for each in town.persons]
    for ids in (staff + persons, [case.case_id for case in town.cases]):
        assert len(set(ids)) == len(ids)


def test_the_company_has_the_shape_of_the_case():
    """Forty people and a machine in nine units and two countries; four auditors, two in each, under one director."""
    town = company(0, START)
    people = [each for each in town.staff if each.function != "service"]
    assert len(people) == 40
    assert len({each.unit for each in people}) == 9
    assert {each.country for each in people} == {"IE", "US"}
    audit = [each for each in people if each.unit == "internal-audit"]
    assert Counter(each.country for each in audit) == {"IE": 2, "US": 2}
    assert {each.manager for each in audit} == {"ruth.kessel"}
    assert truth(town).principals == tuple(each.staff_id for each in audit)


def test_every_reporting_line_ends_at_the_top():
    """Managers exist, and nobody is above themselves."""
    managers = {each.staff_id: each.manager for each in company(0, START).staff}
    for staff_id in managers:
        line, who = [], staff_id
        while who is not None:
            assert who not in line
            line.append(who)
            who = managers[who]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cast_of_the_tour_is_there(seed):
    """The names that docs/tour.md asks the reader to type exist under every seed, and are what it says they are."""
    town = company(seed, START)
    persons = {each.person: each for each in town.persons}
    assert {name for name, each in persons.items() if "press" in each.classes} == {
        "maren.holt",
        "idris.quaye",
        "tilde.brandt",
    }
    assert {"jonas.holt", "ama.quaye", "pia.lund", "sam.ortega", "noor.haddad", "leo.winter"} == set(truth(town).around)
    assert "dana.reyes" in truth(town).principals
    assert len(persons) == 60
    assert [case for case in town.cases if case.case_id == "c-900"]


def test_links_are_between_persons_and_go_both_ways():
    """Whoever is around a journalist is one of the persons."""
    town = company(0, START)
    names = {each.person for each in town.persons}
    for link in town.links:
        assert {link.a, link.b} <= names
        assert link.b in around(link.a)
        assert link.a in around(link.b)


@pytest.mark.parametrize("seed", SEEDS)
def test_honest_cases_come_from_another_unit(seed):
    """Whoever has the case in hand is not of the unit of the one who opened it; only the audit department's own is."""
    town = company(seed, START)
    units = {each.staff_id: each.unit for each in town.staff}
    inside = [case.case_id for case in town.cases if units[case.opened_by] == (case.queue or units[case.assignee])]
    assert inside == [AUDIT_CASE]


@pytest.mark.parametrize("start", [START + timedelta(days=n) for n in range(7)])
def test_a_summer_may_begin_on_any_day_of_the_week(start):
    """Cases are opened before they are closed, worked on in between, and on working days only."""
    for case in company(5, start).cases:
        assert case.opened < case.closed
        for day in case.work:
            on = start + timedelta(days=day)
            assert on.weekday() < 5
            assert case.opened.date() < on <= case.closed.date()


def test_no_repr_shows_a_name():
    """What ends up in a log line or a traceback names nobody."""
    town = company(0, date(2026, 6, 15))
    said = " ".join(repr(each) for each in (town, *town.staff, *town.persons, *town.links, *town.cases, truth(town)))
    for name in [each.staff_id for each in town.staff if each.staff_id != "portal"] + [
        each.person for each in town.persons
    ]:
        assert name not in said


def test_times_have_a_zone():
    """Every instant is in UTC."""
    town = company(0, START)
    assert {case.opened.tzinfo for case in town.cases} | {each.since.tzinfo for each in town.staff} == {UTC}
    assert all(isinstance(case.opened, datetime) for case in town.cases)
