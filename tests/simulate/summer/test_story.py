# SPDX-License-Identifier: Apache-2.0
"""The summer against the real directory and the shipped policy: who is shown something, and who is not."""

from datetime import timedelta

import pytest
from tests.policy.ground import POLICY
from tests.simulate.summer.played import SEED, START, play

from whosaw.guard.answer import Refused, Shown
from whosaw.oversight.decisions import decided_again
from whosaw.simulate.summer.company import truth
from whosaw.simulate.summer.days import LENGTH


# Other seeds too, in summers that begin at the end of a week or at a weekend.
@pytest.fixture(
    scope="module",
    params=[(SEED, 0), pytest.param((3, 4), marks=pytest.mark.slow), pytest.param((4, 6), marks=pytest.mark.slow)],
    ids="seed-{0[0]}-day-{0[1]}".format,
)
def played(request, tmp_path_factory):
    seed, later = request.param
    return play(tmp_path_factory.mktemp("summer"), seed, START + timedelta(days=later))


def test_every_decision_can_be_made_again(played):
    """At the end of the summer every look of it is decided again from its record and the directory as known then: by the
    same facts, to the last bit, and with the same rules.
    """
    asked = [body for body in played.bodies if body.origin == "asked"]
    assert len(asked) > 250
    assert {body.decision for body in asked} == {"permit", "refuse"}
    for index, body in enumerate(asked):
        made = decided_again(index, body, POLICY, played.office.directory)
        assert (made.facts, made.policy, made.replayed, made.turned) == ("same", True, True, False), made


def test_the_tables_load_every_morning(played):
    """Every day's folder is taken in whole, with no column put aside; the first load changes everything."""
    assert len(played.loads) == LENGTH
    assert {loaded.aside for _, loaded in played.loads} == {()}
    assert played.loads[0][1].changed
    assert {loaded.tables["staff"].rows for _, loaded in played.loads} == {41}
    assert {loaded.tables["staff"].new for _, loaded in played.loads[1:]} == {0}
    assert played.loads[-1][1].tables["cases"].rows == len(played.company.cases)


def test_every_honest_question_is_answered(played):
    """Nobody who does their work is refused."""
    auditors = truth(played.company).principals
    honest = [(act, answer) for act, answer in played.answers if act.principal not in auditors]
    refused = [answer.decision.sentence for _, answer in honest if isinstance(answer, Refused)]
    assert refused == []
    assert len(honest) > 250


def test_every_question_of_the_audit_department_is_refused(played):
    """The address is more than the purpose needs, whoever is asked about; for journalists three more rules speak."""
    known = truth(played.company)
    audit = [(act, answer) for act, answer in played.answers if act.principal in known.principals]
    assert len(audit) == 9
    assert [act for act, answer in audit if isinstance(answer, Shown)] == []
    for act, answer in audit:
        spoke = {rule.id for rule in answer.decision.rules}
        assert "field-beyond-purpose" in spoke
        assert "case-not-yet-open" not in spoke
        assert "case-unknown" not in spoke
        if act.person in known.journalists:
            assert {"protected-person", "inquiry-about-staff-only", "inquiry-never-outsiders-traces"} <= spoke


def test_the_case_is_no_pretext(played):
    """Nothing is wrong with their case but what it is for: for somebody it names, case rules speak of the opener only."""
    known = truth(played.company)
    about_case = {
        rule.id
        for act, answer in played.answers
        if act.principal in known.principals and act.person in (*known.journalists, *known.suspected)
        for rule in answer.decision.rules
        if rule.id.startswith(("case-", "person-named"))
    }
    assert about_case <= {"case-opened-by-principal", "person-named-by-principal"}
