# SPDX-License-Identifier: Apache-2.0
"""A watch over a company of forty: who is found, who is not, and what it says."""

import random
from dataclasses import fields, replace

import pytest
from tests.detect.company import AS_OF, AUDITORS, DAYS, Company, company, opened
from tests.facts.made import at, look

from whosaw.detect import run as running
from whosaw.detect.defaults import load_defaults
from whosaw.detect.finding import NONE, Findings
from whosaw.detect.findings_file import encode, parse
from whosaw.detect.looks import REPEAT, looks_at, looks_of
from whosaw.detect.run import signals, watch, world_of
from whosaw.detect.signals import unexplained
from whosaw.detect.templates import load_templates
from whosaw.facts.columns import DAY, micros
from whosaw.facts.ports import CasePersonRow, CaseRow, Tables

DEFAULTS, SHIPPED = load_defaults(), load_templates()
# Most of the time goes into compiling templates; where it is not about them, three are as good as all.
FEW = ("case_assigned", "person_asked", "account_assigned")
TEMPLATES = replace(SHIPPED, templates=tuple(t for t in SHIPPED.templates if t.id in FEW), digest="0" * 64)


@pytest.fixture(scope="module", autouse=True)
def one_signal():
    """What is tried here is the run, and `unexplained`; the others have companies of their own, and take seconds each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "SIGNALS", (unexplained,))
        yield


def watched(folder, made: Company, as_of=AS_OF, earlier=None, templates=TEMPLATES):
    with opened(folder, made.looks, made.tables) as facts:
        return watch(facts, as_of, earlier=earlier, defaults=DEFAULTS, templates=templates)


@pytest.fixture(scope="module")
def snooped():
    return company(1)


@pytest.fixture(scope="module")
def run(snooped, tmp_path_factory):
    return watched(tmp_path_factory.mktemp("facts"), snooped, templates=SHIPPED)


@pytest.fixture(scope="module")
def facts(snooped, tmp_path_factory):
    with opened(tmp_path_factory.mktemp("facts"), snooped.looks, snooped.tables) as open_:
        yield open_


# ── who is found ──


def test_the_four_are_one_finding_and_nobody_else_is(run, snooped):
    """Internal audit, two countries, eleven persons: one finding, of exactly these four and exactly these looks."""
    (finding,) = run.findings
    assert finding.principals == AUDITORS
    assert set(finding.looks) == snooped.planted
    assert finding.sentence == (
        "Four people of audit looked at 11 persons, 4 of them protected, without a case, assignment or other reason on "
        "file in 69 days; one such person would be usual."
    )
    assert finding.harm == (
        "Mostly addresses, locations or messages were looked at.",
        "Mostly no reason was on file, however weak, and none that counts has been filed since.",
        "Mostly no case was named.",
    )
    assert run.new == ("f-000001",) == (finding.id,)


@pytest.mark.slow
def test_they_are_found_in_another_company_too(tmp_path):
    """Other cases, persons and slips: the four, and nobody else."""
    made = company(2)
    found = watched(tmp_path, made).findings
    assert [finding.principals for finding in found] == [AUDITORS]
    assert set(found[0].looks) <= made.planted


def test_where_nobody_snoops_nobody_is_found(tmp_path):
    """Such a company without the four, and with three looks in a hundred that nobody linked to a case."""
    run = watched(tmp_path, company(4, planted=False), templates=SHIPPED)
    assert run.findings == run.new == ()
    assert run.sentence.startswith("No findings; ")
    assert 90 <= run.coverage.explained_percent < 100


def test_no_planted_look_is_explained_away(snooped, facts):
    """Coming back launders nothing: each planted look is unexplained, and most others are explained."""
    looks = facts.rows(world_of(facts, AS_OF, DEFAULTS, SHIPPED).looks, ("row",), "test")
    planted = [row for row in looks if row["look_id"] in snooped.planted]
    assert len(planted) == len(snooped.planted)
    assert [row for row in planted if row["weight_then"] >= TEMPLATES.explained_from] == []
    others = [row["weight_then"] >= TEMPLATES.explained_from for row in looks if row["look_id"] not in snooped.planted]
    assert sum(others) >= 0.95 * len(others)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three who snoop, each alone: one of whom nothing is known, one always refused, one in a unit of twelve."""
    made = company(6, planted=False)
    unknown = [("e-nobody", DAYS - 1, i / 9, {"origin": "observed", "decision": None}) for i in range(9)]
    refused = [("e-0035", DAYS - 20, i, {"decision": "refuse"}) for i in range(9)]
    member = [("e-0003", DAYS - 40, i, {}) for i in range(14)]
    looks = [
        look(91_000 + i, who, f"p-{i:04d}", at(day, hour), **more)
        for i, (who, day, hour, more) in enumerate([*unknown, *refused, *member])
    ]
    run = watched(tmp_path_factory.mktemp("facts"), replace(made, looks=[*made.looks, *looks]))
    return run, {finding.principals: finding for finding in run.findings}


def test_those_who_snoop_alone_are_found_and_bring_nobody_in(three):
    """Three findings of one person each: a team is more than one person, and they do not make each other usual."""
    assert three[1].keys() == {("e-nobody",), ("e-0035",), ("e-0003",)}
    assert three[1]["e-nobody",].sentence == (
        "One account that is not in the directory looked at 9 persons without a case, assignment or other reason on file in "
        "1 day; none would be usual."
    )


def test_what_was_refused_is_an_attempt(three):
    """Whoever is refused every time is found like one who is not, and it is said that nothing was shown."""
    run, found = three
    assert "All 9 looks were refused: nothing was shown." in found["e-0035",].counter
    # That none of all looks had a reason speaks for a finding, and so it stands nowhere against it.
    assert not [text for f in found.values() for text in f.counter if " for 0 of " in text]
    assert not [text for who, f in found.items() if who != ("e-0035",) for text in f.counter if "refused" in text]
    assert run.coverage.refused == 9


def test_what_is_filed_later_is_counted_and_clears_nobody(tmp_path, snooped):
    """Cases filed when somebody asked: the finding stays, and says how many looks have one now."""
    looks = sorted(snooped.looks, key=lambda body: body.at)
    first = {body.person: body for body in looks if body.look in snooped.planted}
    cases, named = list(snooped.tables.case_rows), list(snooped.tables.case_person_rows)
    for number, body in enumerate(first.values()):
        now = micros(at(DAYS - 0.5))
        cases.append(
            CaseRow(
                case=f"late-{number}", type="internal_inquiry", opened=now, assignee=body.principal, opened_by="e-0000"
            )
        )
        named.append(CasePersonRow(case=f"late-{number}", person=body.person, added=now, added_by="e-0000"))
    tables = replace(snooped.tables, case_rows=tuple(cases), case_person_rows=tuple(named))
    (finding,) = watched(tmp_path, replace(snooped, tables=tables)).findings
    assert finding.principals == AUDITORS
    assert any(
        text.endswith("have a reason that was filed, or became known, only afterwards.") for text in finding.counter
    )


# ── what it says ──


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing(snooped, run, tmp_path):
    """Leaves and rows of the directory in another order: the same findings, to the byte."""
    draw = random.Random(7)
    looks = draw.sample(snooped.looks, len(snooped.looks))
    mixed = {
        f.name: tuple(draw.sample(rows, len(rows))) for f in fields(Tables) if (rows := getattr(snooped.tables, f.name))
    }
    again = watched(tmp_path, Company(Tables(**mixed), looks), templates=SHIPPED)
    assert encode(again.kept) == encode(run.kept)
    assert (again.coverage, again.sentence) == (run.coverage, run.sentence)


def test_nothing_that_is_said_names_anybody(run, snooped):
    """No sentence, and no finding that is printed, has an id of a principal, a person, a case or a look in it."""
    said = [run.sentence, *run.coverage.off, repr(run.coverage)]
    for finding in run.findings:
        said += [
            finding.sentence,
            *finding.harm,
            *finding.counter,
            repr(finding),
            *(r.sentence for r in finding.signals),
        ]
    bodies = snooped.looks
    ids = {i for b in bodies for i in (b.look, b.principal, b.person, b.case) if i} | {
        c.case for c in snooped.tables.case_rows
    }
    text = "\n".join(said)
    assert len(ids) > 1000
    assert [id_ for id_ in ids if id_ in text] == []


def test_what_could_be_seen_is_said(run, snooped):
    """Counts of looks by source and origin, and what has a reason."""
    seen = run.coverage
    assert seen.looks == seen.with_person == len(snooped.looks)
    assert dict(seen.sources) == {"admin-log": len(snooped.planted), "guard": len(snooped.looks) - len(snooped.planted)}
    assert dict(seen.origins)["observed"] == len(snooped.planted)
    assert seen.first_explained <= seen.first <= seen.looks
    assert f"{seen.looks:,} looks up to 2026-08-24 08:00 UTC" in run.sentence
    assert [said for said in seen.off if not said.startswith("The signal ")] == []


def test_an_unknown_table_switches_off_and_says_so(tmp_path, snooped):
    """Without cases nobody has a reason and nobody is accused; without assignments a finding says what was not tried."""
    looks = [body for body in snooped.looks if body.look in snooped.planted]
    without = replace(snooped.tables, case_rows=None, case_person_rows=None)
    run = watched(tmp_path / "a", Company(without, looks))
    assert run.findings == ()
    assert "The signal unexplained is off: it needs case_persons, cases." in run.coverage.off
    partly = watched(tmp_path / "b", Company(replace(snooped.tables, assignment_rows=None, person_rows=None), looks))
    off = partly.coverage.off
    assert "The reason account_assigned is off: it needs assignments." in off
    assert "The table persons is empty: no load of the directory brought a row of it." in off
    assert "Nobody counts as protected: no table says who is." in off
    assert any(
        "of reasons could not be checked: a table that would tell of them is missing." in text
        for text in partly.findings[0].counter
    )


def test_that_somebody_wrote_among_the_facts_outlives_them(tmp_path, snooped):
    """Whoever throws the facts and their list away leaves the word of it: it is told for 30 days, and kept for good."""
    for number, (days, told) in enumerate(((29, True), (31, False))):
        changed = AS_OF - days * DAY
        run = watched(tmp_path / str(number), Company(snooped.tables), earlier=Findings(7, (), changed))
        assert (run.changed, run.kept) == (changed if told else None, Findings(7, (), changed))
        assert parse(encode(run.kept)) == run.kept


def test_an_empty_journal_is_watched(tmp_path, snooped):
    """No looks: no findings, and a sentence that says so."""
    run = watched(tmp_path, Company(snooped.tables))
    assert run.sentence.startswith("No findings; 0 looks up to ")
    assert run.kept == NONE


# ── from run to run ──


@pytest.mark.slow
def test_a_finding_keeps_its_number(tmp_path, snooped):
    """Week after week it is the same finding; another one gets the next number; a gone one keeps its own."""
    alone = [look(91_000 + i, "e-0003", f"p-{i:04d}", at(70, i), case=None) for i in range(14)]
    made = replace(snooped, looks=[*snooped.looks, *alone])
    kept, seen = None, []
    with opened(tmp_path, made.looks, made.tables) as facts:
        for day in (55, 72, DAYS, 200):
            run = watch(facts, micros(at(day)), earlier=kept, defaults=DEFAULTS, templates=TEMPLATES)
            kept = parse(encode(run.kept))
            seen.append({finding.principals: finding.id for finding in run.findings})
    assert seen[0] == {AUDITORS: "f-000001"}
    assert seen[1] == seen[2] == {AUDITORS: "f-000001", ("e-0003",): "f-000002"}
    assert seen[3] == {}
    assert [(finding.id, finding.as_of) for finding in kept.findings] == [("f-000001", AS_OF), ("f-000002", AS_OF)]


@pytest.mark.slow
def test_a_watch_sees_nothing_later(tmp_path, snooped):
    """Up to an instant in the past it says what it would have said then, whatever was written after."""
    day = micros(at(50))
    then = replace(snooped, looks=[body for body in snooped.looks if micros(body.at) <= day])
    assert encode(watched(tmp_path / "a", snooped, day).kept) == encode(watched(tmp_path / "b", then, day).kept)


@pytest.mark.slow
def test_a_second_watch_in_one_session_says_the_same(facts):
    """Nothing is left over in the engine."""
    once = watch(facts, AS_OF, earlier=None, defaults=DEFAULTS, templates=TEMPLATES)
    assert watch(facts, AS_OF, earlier=None, defaults=DEFAULTS, templates=TEMPLATES) == once


# ── single looks ──


def test_looks_say_what_explains_them(facts, snooped):
    """A finding's looks and a person's looks, with the reason or how the nearest one fails, as the watch judges them."""
    person = next(body.person for body in snooped.looks if body.look in snooped.planted)
    numbers = (DEFAULTS, TEMPLATES)
    rows = {r["row"]: r for r in facts.rows(world_of(facts, AS_OF, *numbers).looks, ("row",), "test")}
    planted = looks_of(facts, AUDITORS, *numbers, looks=snooped.planted, as_of=AS_OF)
    theirs = looks_of(facts, AUDITORS, *numbers, persons=[person], as_of=AS_OF)
    at_person = looks_at(facts, person, *numbers, as_of=AS_OF)
    everything = looks_of(facts, sorted({r["who"] for r in rows.values()}), *numbers)
    assert {found.look for found in planted} == snooped.planted
    assert not any(found.explained for found in planted)
    assert {found.origin for found in planted} == {"observed"}
    assert [f for f in at_person if f.who in AUDITORS] == theirs
    assert [found.t for found in at_person] == sorted(r["t"] for r in rows.values() if r["person"] == person)
    judged = {found.leaf: found.explained for found in everything}
    assert judged == {r["leaf"]: r["weight_then"] >= TEMPLATES.explained_from for r in rows.values()}
    reasons = {t.id: t.sentence for t in TEMPLATES.templates}
    assert {
        found.sentence == reasons[found.reason] for found in everything if found.explained and found.reason != REPEAT
    } == {True}
    assert {found.reason for found in everything if not found.explained} == {None}


def test_every_unit_has_a_signal(facts, snooped):
    """Each principal and team that looked is tried once, so that the share of chance is paid for by all of them."""
    tried = signals(unexplained, world_of(facts, AS_OF, DEFAULTS, TEMPLATES), 0.1)
    keys = [(signal.kind, signal.unit) for signal in tried]
    assert keys == sorted(set(keys))
    whos = {body.principal for body in snooped.looks}
    assert {unit for kind, unit in keys if kind == "principal"} == whos
    members = [s for s in snooped.tables.staff_rows if s.who in whos]
    assert {unit for kind, unit in keys if kind == "unit"} == {s.unit for s in members}
