# SPDX-License-Identifier: Apache-2.0
"""A list edited around looks, reasons filed once the looks were made; beside each, honest edits and filings."""

import random
from dataclasses import replace

import pytest
from tests.detect.calm import AS_OF, calm
from tests.detect.signals.misuse import Plant
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import signals, world_of
from whosaw.detect.signals import trail_tampering
from whosaw.detect.templates import load_templates

SHIPPED = load_templates()
TEMPLATES = replace(SHIPPED, templates=SHIPPED.templates[:1], digest="0" * 64)
EDITOR, DESK = "e-security-0-3", "e-security-1-3"
LATE, TIMELY, ADMIN = "e-safety-0-3", "e-safety-1-3", "e-engineering-0-3"
GUEST, HOLDER, OUT, SLOW = "e-fraud-0-2", "e-fraud-1-2", "e-safety-0-2", "e-fraud-0-4"


def facts(made, changes):
    names = ("staff", "persons", "classes", "links", "cases", "case_persons", "assignments")
    looks = sorted(made.looks, key=lambda look: look["t"])
    return facts_of(looks, changes=changes, **{name: getattr(made, name) for name in names})


def edit(changes, who, day, object_, target=None, old=None, new=None):
    name = f"ch-{len(changes)}"
    row = {"change_id": name, "t": at(day), "who": who, "object": object_, "target": target, "old": old, "new": new}
    changes.append(row)


def honest(made, changes, seed):
    """Edits by several desks, of persons whom nobody looked at because of it."""
    draw = random.Random(seed)
    persons = [row["person"] for row in made.persons]
    for n in range(60):
        desk = f"e-{draw.choice(('legal', 'audit', 'security'))}-1-{n % 5}"
        edit(
            changes,
            desk,
            draw.uniform(1, 89),
            "class_list",
            draw.choice(persons),
            *draw.choice((("press", None), (None, "press"))),
        )
        edit(changes, desk, draw.uniform(1, 89), draw.choice(("role_grant", "retention", "template")))


@pytest.fixture(scope="module")
def told():
    """Strongest signal of each unit; three persons each."""
    made, changes = calm(7, persons=2000, each=2), []
    plant = Plant(made)
    honest(made, changes, 7)
    taken, late, around = plant.protected(3), plant.others(6, 300), plant.others(6, 400)
    for n, person in enumerate(taken):
        edit(changes, EDITOR, 20 + 9 * n, "class_list", person, "press", None)
        edit(changes, DESK, 20.1 + 9 * n, "class_list", plant.protected(3, 6)[n], "press", None)
        plant.look(EDITOR, person, 21 + 9 * n, f_ip=1)
    for n, person in enumerate(late):
        plant.look(LATE, person, 30 + 3 * n, f_ip=1)
        plant.case("threat", 35 + 3 * n, LATE, [person], by=LATE)
        plant.case("threat", 29 + 3 * n, TIMELY, [plant.others(6, 350)[n]], by="e-legal-0-3")
        plant.look(TIMELY, plant.others(6, 350)[n], 30 + 3 * n, f_ip=1)
    edit(changes, ADMIN, 50, "log_source", "desk")
    for n, person in enumerate(around):
        plant.look(ADMIN, person, 49 + 0.4 * n, f_ip=1)
    for n, person in enumerate(plant.others(6, 450)):
        who, length = (GUEST, 0.3) if n % 2 else (HOLDER, 8)
        edit(changes, "e-legal-0-2", 20 + 10 * n, "role_grant", who, None, "reader")
        edit(changes, "e-legal-0-2", 20 + 10 * n + length, "role_grant", who, "reader", None)
        plant.look(who, person, 20.1 + 10 * n)
    for n, person in enumerate(plant.others(3, 470)):
        made.assignments.append({
            "who": GUEST, "scope_kind": "account", "scope": person, "valid_from": at(25 + n), "valid_to": at(25.2 + n)
        })  # fmt: skip
        plant.look(GUEST, person, 25.1 + n)
    for n, person in enumerate(plant.others(4, 480)):
        case = plant.case("threat", 30 + n, OUT, [person], by="e-legal-0-3")
        plant.look(OUT, person, 31 + n, case=case)
        edit(changes, OUT, 33 + n, "case_person", case, f"{person}|p-1", "p-1")
        plant.look(SLOW, plant.others(4, 490)[n], 40 + n, arrived=at(43 + n))
    with facts(made, changes) as opened:
        found = signals(trail_tampering, world_of(opened, AS_OF, load_defaults(), TEMPLATES), 0.1)
    yield {s.unit: s for s in found if s.kind == "principal"}, set(taken), set(late), set(around)


def test_who_takes_persons_off_a_list_and_looks_at_them_is_found(told):
    """The twin takes as many off, and looks at none of them."""
    by, taken, _, _ = told
    assert set(by[EDITOR].persons) == taken
    assert by[EDITOR].p < 0.001
    assert DESK not in by or by[DESK].p > 0.05
    assert by[EDITOR].sentence == (
        "One person of security edited a list or a case about 3 persons at whom they looked within 3 days of it, without a "
        "reason on file; none would be usual."
    )


def test_who_files_reasons_for_looks_already_made_is_found(told):
    """The twin's cases were there before."""
    by, _, late, _ = told
    assert set(by[LATE].persons) == late
    assert by[LATE].p < 0.02
    assert TIMELY not in by or by[TIMELY].p > 0.05
    assert "only afterwards they or their own unit filed one" in by[LATE].sentence


def test_looks_around_a_change_of_the_log_are_found(told):
    """Six persons in the days around one change, and nothing else without a reason."""
    by, _, _, around = told
    assert around <= set(by[ADMIN].persons)
    assert by[ADMIN].p < 0.02
    assert "changed roles, rules, retention or logs and looked at" in by[ADMIN].sentence


def test_what_was_theirs_for_a_moment_is_found(told):
    """A role for some hours and three accounts; the twin has the role for a week."""
    by, *_ = told
    assert len(by[GUEST].persons) == 6
    assert by[GUEST].p < 0.001
    assert HOLDER not in by or by[HOLDER].p > 0.05
    assert by[GUEST].sentence == (
        "One person of fraud looked at 6 persons while a role, or just these accounts, had been given to them for a day or less; "
        "none would be usual."
    )


def test_who_takes_persons_out_of_the_case_again_is_found(told):
    by, *_ = told
    assert len(by[OUT].persons) == 4
    assert by[OUT].p < 0.02
    assert "afterwards they or their own unit took somebody out of the case" in by[OUT].sentence


def test_what_the_log_learns_late_supports_and_opens_nothing(told):
    by, *_ = told
    assert by[SLOW].p < 0.1
    assert not by[SLOW].opens
    assert "the log learnt of it more than a day later" in by[SLOW].sentence


def test_honest_edits_say_nothing(told):
    """What nobody planted, among many edits: what is called seldom is seldom."""
    by, *_ = told
    rest = [s.p for who, s in by.items() if who not in (EDITOR, LATE, ADMIN, GUEST, OUT, SLOW)]
    assert len(rest) > 100
    assert sum(p < 0.01 for p in rest) <= 0.01 * len(rest) + 1
