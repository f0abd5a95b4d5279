# SPDX-License-Identifier: Apache-2.0
"""Rules that hide findings: whose, about what, for how long, approved by whom; and what none of them ever hides."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.review.court import DAY, STAFF, Court, finding

from whosaw.detect.finding import Reason
from whosaw.errors import BadInput, Busy, Unavailable
from whosaw.facts.ports import StaffRow
from whosaw.policy.independence import Approved
from whosaw.review.again import found_again
from whosaw.review.rule import RuleStep, Scope
from whosaw.review.shown import listed
from whosaw.review.state import standings
from whosaw.review.suppress import Done, Look, Wanted, add, approve, end, hidden, hide, kept
from whosaw.review.words import Resolution, State, What
from whosaw.review.work import Wish, do, steps

SIGNALS = {"unexplained", "volume"}
# A unit of five, so that a rule is about nobody alone: sam and four more.
HELP = tuple(StaffRow(who=f"help-{n}", unit="help", function="support", manager="boss") for n in range(4))
PEOPLE = (*STAFF, *HELP)
SCOPE = Scope(signal="unexplained", unit="help")
LOOKS = (Look("desk", "subject_request", "none"),)


def court(*findings, staff=PEOPLE):
    return Court(list(findings) or [finding()], staff=staff)


def wanted(made, scope=SCOPE, by="olga", why="source-fault", days=30):
    return Wanted(scope, by, why, made.at + timedelta(days=days))


def in_force(made, scope=SCOPE):
    assert isinstance(add(wanted(made, scope), made.desk, SIGNALS), Done)
    assert isinstance(approve("s-000001", "cto", made.desk), Done)


def hides(made, looks=LOOKS):
    found = made.desk.findings().findings
    return hide(found, {one.id: looks for one in found}, standings(steps(made.desk)), made.desk)


def codes(no):
    return [reason.code for reason in no.reasons]


def test_a_rule_hides_once_another_has_approved_it():
    """Asked, in force, over; each watch records what it hid; who lists findings is told how many are hidden."""
    made = court()
    assert add(wanted(made), made.desk, SIGNALS).rule.state(made.at) == "asked"
    assert hides(made) == {}
    approve("s-000001", "cto", made.desk)
    assert hides(made) == {"f-000001": "s-000001"}
    assert [row.hidden_by for row in listed("rita", made.desk)] == ["s-000001"]
    assert hides(made) == {"f-000001": "s-000001"}
    assert kept(made.desk)["s-000001"].number == 4
    made.at += 31 * DAY
    assert hidden(made.desk, made.at) == hides(made) == {}
    assert kept(made.desk)["s-000001"].state(made.at) == "over"


def test_ended_it_hides_nothing_at_once():
    made = court()
    in_force(made)
    hides(made)
    assert isinstance(end("s-000001", "tess", made.desk), Done)
    assert hidden(made.desk, made.at) == hides(made) == {}
    assert codes(end("s-000001", "tess", made.desk)) == ["not-now"]


def test_that_it_hides_no_more_is_recorded_once():
    made = court()
    in_force(made)
    hides(made)
    made.findings = []
    assert [hides(made), hides(made)] == [{}, {}]
    assert kept(made.desk)["s-000001"].number == 4
    assert hidden(made.desk, made.at) == {}
    assert kept(made.desk)["s-000001"].ever == {"f-000001"}


@pytest.mark.parametrize(
    ("one", "staff", "why"),
    [
        (finding(persons=("p-kate",)), PEOPLE, "a protected person"),
        (finding(persons=("p-unknown",)), PEOPLE, "a person of whom nobody knows"),
        (finding(named=("sam", "shadow")), PEOPLE, "an account that nobody knows"),
        (finding(named=("sam", "tess")), PEOPLE, "somebody of another unit"),
        (finding(named=("adam",)), PEOPLE, "an administrator"),
        (finding(score=8.0), PEOPLE, "a high score"),
        (finding(signals=(Reason("unexplained", "principal", 0.1, "x"), Reason("volume", "principal", 0.1, "y"))), PEOPLE, "more"),
        (finding(signals=(Reason("volume", "principal", 0.1, "y"),)), PEOPLE, "another signal"),
        (finding(), (*STAFF, *HELP[:3]), "a unit that has become small"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_no_rule_hides(one, staff, why):
    """Not by a watch; nor does what it hid before that stay hidden until the next one."""
    made = court()
    in_force(made)
    assert hides(made) == {"f-000001": "s-000001"}
    made.findings, made.staff = [one], staff
    assert hidden(made.desk, made.at) == {}, why
    assert hides(made) == {}, why


def test_a_scope_is_as_narrow_as_it_says():
    """Every look fits, or nothing is hidden; and of what nobody can say, nothing is."""
    for more in ({"app": "desk"}, {"purpose": "subject_request"}, {"template": "none"}):
        made = court()
        in_force(made, replace(SCOPE, **more))
        (name,) = more
        assert hides(made) == {"f-000001": "s-000001"}
        assert hides(made, (*LOOKS, replace(LOOKS[0], **{name: "other"}))) == {}
        assert hides(made, ()) == {}


def test_what_somebody_has_in_review_is_not_hidden():
    made = court()
    in_force(made)
    do(Wish(What.TAKE, "f-000001", "rita"), made.desk)
    assert hides(made) == {}


def test_it_hides_nothing_about_who_made_it():
    """Also where they came to the unit afterwards."""
    made = court()
    in_force(made)
    made.staff = (*PEOPLE, StaffRow(who="olga", unit="help", function="legal"))
    assert hides(made) == {}


@pytest.mark.parametrize(
    ("scope", "by", "code"),
    [
        (replace(SCOPE, unit="audit-ie"), "olga", "unit-controls"),
        (replace(SCOPE, unit="systems"), "olga", "unit-controls"),
        (replace(SCOPE, unit="desk"), "olga", "unit-too-small"),
        (replace(SCOPE, unit="nowhere"), "olga", "unit-too-small"),
        (SCOPE, "sam", "own-unit"),
        (SCOPE, "boss", "own-unit"),
        (SCOPE, "nobody", "requester-unknown"),
    ],
)
def test_who_may_not_have_a_rule_and_about_what(scope, by, code):
    """Nothing about auditors, administrators, one person, one's own unit; on record, without what was typed."""
    made = court()
    said = add(wanted(made, scope, by), made.desk, SIGNALS)
    assert code in codes(said)
    assert kept(made.desk) == {}
    assert scope.unit.encode() not in made.journal.frames[-1].body


def test_a_unit_that_had_an_auditor_lately_is_no_scope():
    was = StaffRow(who="help-0", unit="audit-ie", function="audit", valid_to=1)
    made = court(staff=(*PEOPLE, was))
    assert codes(add(wanted(made), made.desk, SIGNALS)) == ["unit-controls"]


def test_the_second_is_independent_of_the_owner():
    """Not the owner, not of their line or unit, not of the unit, nobody who owes a favour."""
    made = court()
    add(wanted(made), made.desk, SIGNALS)
    assert "same" in codes(approve("s-000001", "olga", made.desk))
    assert "line" in codes(approve("s-000001", "counsel", made.desk))
    assert "own-unit" in codes(approve("s-000001", "sam", made.desk))
    made.approvals.lately = (Approved("cto", "olga", made.at),)
    assert codes(approve("s-000001", "cto", made.desk)) == ["returned"]
    assert isinstance(approve("s-000001", "rita", made.desk), Done)
    assert codes(approve("s-000001", "rob", made.desk)) == ["not-now"]


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        ({"scope": replace(SCOPE, signal="curiosity")}, "volume"),
        ({"why": "noise"}, "source-fault"),
        ({"days": 91}, ""),
        ({"days": 0}, ""),
        ({"scope": replace(SCOPE, unit="Mira Holt")}, ""),
        ({"scope": replace(SCOPE, app="a\nb")}, ""),
    ],
)
def test_bad_rules_say_what_would_do(bad, hint):
    made = court()
    with pytest.raises(BadInput) as caught:
        add(wanted(made, **bad), made.desk, SIGNALS)
    assert hint in caught.value.hint
    assert len(made.journal.frames) == 1


@pytest.mark.parametrize("late", [False, True], ids=["lost", "stored"])
def test_what_was_not_recorded_hides_nothing(late):
    """A watch whose record failed has hidden nothing, or what the record says."""
    made = court()
    in_force(made)
    made.journal.fail, made.journal.late = Unavailable("down", part="journal"), late
    with pytest.raises(Unavailable):
        hides(made)
    assert hidden(made.desk, made.at) == ({"f-000001": "s-000001"} if late else {})
    assert hides(made) == {"f-000001": "s-000001"}


def test_of_two_approvals_at_once_one_is_first():
    made = court()
    add(wanted(made), made.desk, SIGNALS)
    before = made.desk.steps()
    approve("s-000001", "cto", made.desk)
    with pytest.raises(Busy):
        approve("s-000001", "rita", replace(made.desk, steps=lambda: before))


def test_a_finding_that_is_there_again_comes_again():
    """Whatever it was resolved as: with more looks it is opened again; with the same, or fewer, it stays closed."""
    made = court()
    do(Wish(What.TAKE, "f-000001", "rita"), made.desk)
    do(Wish(What.RESOLVE, "f-000001", "rita", resolution=Resolution.JUSTIFIED, why=("case-found",)), made.desk)

    def again(one):
        return found_again([one], standings(steps(made.desk)), made.desk)

    assert again(finding()) == ()
    assert again(finding(looks=("l-2",), window=finding().window)) == ()
    assert again(finding(looks=("l-1", "l-2", "l-3"))) == ("f-000001",)
    (standing,) = standings(steps(made.desk)).values()
    assert (standing.state, standing.ended[-1].resolution) == (State.REOPENED, Resolution.JUSTIFIED)
    assert again(finding(looks=("l-1", "l-2", "l-3"))) == ()


class Rules(RuleBasedStateMachine):
    """Anybody asks, approves, ends, watches, in any order, while days go by."""

    WHO = st.sampled_from(["olga", "cto", "rita", "sam", "boss", "nobody"])

    def __init__(self):
        super().__init__()
        self.court = court(finding(), finding("f-000002", named=("help-1",), persons=("p-kate",)))

    @rule(by=WHO, days=st.integers(1, 90))
    def asks(self, by, days):
        done = add(wanted(self.court, by=by, days=days), self.court.desk, SIGNALS)
        assert isinstance(done, Done) == (by in ("olga", "cto", "rita"))

    @rule(by=WHO, number=st.integers(1, 3))
    def approves(self, by, number):
        try:
            done = approve(f"s-{number:06d}", by, self.court.desk)
        except BadInput:
            return
        if isinstance(done, Done):
            assert done.rule.approver == by
            assert by not in (done.rule.owner, "sam", "boss", "nobody")

    @rule(by=WHO, number=st.integers(1, 3))
    def ends(self, by, number):
        try:
            end(f"s-{number:06d}", by, self.court.desk)
        except BadInput:
            return

    @rule(days=st.integers(1, 40))
    def time_goes_by(self, days):
        self.court.at += days * DAY

    @rule()
    def watches(self):
        found = hides(self.court)
        force = any(one.in_force(self.court.at) for one in kept(self.court.desk).values())
        assert found.keys() == ({"f-000001"} if force else set())

    @invariant()
    def only_rules_in_force_hide_anything(self):
        now = hidden(self.court.desk, self.court.at)
        assert now.keys() <= {"f-000001"}
        for one in now.values():
            made = kept(self.court.desk)[one]
            assert made.approver
            assert made.owner != made.approver
            assert self.court.at < made.until <= made.made + 91 * DAY


TestRules = Rules.TestCase
TestRules.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)


def test_a_step_of_a_rule_has_one_spelling():
    made = court()
    in_force(made)
    hides(made)
    bodies = [frame.body for frame in made.journal.frames[1:]]
    assert [RuleStep.decode(body).encode() for body in bodies] == bodies
