# SPDX-License-Identifier: Apache-2.0
"""What is done with findings: by whom, in which order, on record first; and what is refused."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.review.court import BEGAN, DAY, STAFF, Court, finding

from whosaw.errors import BadInput, Busy, OutcomeUnknown, ProofFailed, Unavailable
from whosaw.policy.independence import Approved
from whosaw.review.record import Step
from whosaw.review.shown import listed, shown
from whosaw.review.state import NEW, standings
from whosaw.review.words import Resolution, State, What, reasons_for
from whosaw.review.work import Done, Refused, Wish, briefed, do, find, steps
from whosaw.review.work import rule as rule_
from whosaw.tlog.note import VerifierKey
from whosaw.verify.overseer import OverseerKey
from whosaw.verify.ruling import Ruling

F = "f-000001"


def wish(what, by, **more):
    return Wish(What(what), F, by, **more)


def resolved(by, as_="justified", why="case-found", **more):
    return wish("resolve", by, resolution=Resolution(as_), why=(why,), **more)


def states(court, *wishes):
    """Where the finding is after each, or the codes of a refusal."""
    found = []
    for each in wishes:
        done = do(each, court.desk)
        found.append(str(done.standing.state) if isinstance(done, Done) else [r.code for r in done.reasons])
    return found


def test_one_takes_it_and_says_how_it_ended():
    """Open, in review, closed, with a resolution apart from the state; reopened, it keeps how it ended before."""
    court = Court()
    assert states(court, wish("take", "rita"), resolved("rita")) == ["in_review", "closed"]
    (standing,) = standings(steps(court.desk)).values()
    assert (standing.resolution, standing.ended[0].signals) == (Resolution.JUSTIFIED, ("unexplained",))
    assert states(court, wish("reopen", "rob", why=("new-evidence",))) == ["reopened"]
    (standing,) = standings(steps(court.desk)).values()
    assert (standing.resolution, standing.ended[0].resolution) == (None, Resolution.JUSTIFIED)


@pytest.mark.parametrize(
    ("more", "as_", "why"),
    [
        ({}, "misuse", "no-work-reason"),
        ({"persons": ("p-kate",)}, "justified", "case-found"),
        ({"persons": ("p-nobody-knows",)}, "justified", "case-found"),
        ({"score": 9.0}, "inconclusive", "records-missing"),
    ],
    ids=["misuse", "protected", "unknown", "score"],
)
def test_some_take_two(more, as_, why):
    """Misuse, protected persons and those of whom nobody knows, a high score: another agrees, who is independent of the first."""
    court = Court([finding(**more)])
    said = states(
        court, wish("take", "rita"), resolved("rita", as_, why), wish("confirm", "rita"), wish("return", "olga", why=("not-heard",)),
        resolved("rita", as_, why), wish("confirm", "olga"),
    )  # fmt: skip
    assert said == ["in_review", "second", ["same-person"], "in_review", "second", "closed"]
    (standing,) = standings(steps(court.desk)).values()
    assert standing.ended[0].by == ("rita", "olga")


def test_a_second_of_the_same_line_is_none():
    """Whoever the first one's boss can tell what to say does not count as another."""
    mate = replace(STAFF[7], who="mate", unit="audit-fr", function="audit", manager="chief")
    court = Court([finding(persons=("p-kate",))], staff=(*STAFF, mate))
    said = states(court, wish("take", "rita"), resolved("rita"), wish("confirm", "mate"))
    assert said[2] == ["not-independent", "common-manager"]


def test_nobody_has_to_do_with_it_who_is_near_or_owes_a_favour():
    """Those named, their boss, who approved for them or they for them, who approved a look, who shares a home."""
    court = Court()
    assert states(court, wish("take", "sam"))[0][:2] == ["reviewer-named", "reviewer-unit-of-named"]
    assert "reviewer-line-of-named" in states(court, wish("take", "boss"))[0]
    for requester, approver in (("sam", "rita"), ("rita", "sam")):
        court.approvals.lately = (Approved(requester, approver, BEGAN - 20 * DAY),)
        assert states(court, wish("take", "rita")) == [["approved-for-named"]]
    court.approvals.lately, court.approvals.signed = (), frozenset({"rita"})
    assert "approved-look" in states(court, wish("take", "rita"))[0]
    court.approvals.signed, court.directory.homes = frozenset(), ({"sam", "rita"},)
    assert "reviewer-tied-to-named" in states(court, wish("take", "rita"))[0]
    assert "reviewer-tied-to-named" in states(court, wish("assign", "rob", to="rita"))[0]
    assert states(court, wish("take", "rob")) == ["in_review"]


def test_who_does_not_review_is_assigned_first():
    """Somebody of another function reviews what a reviewer gave them; and nobody takes what another has."""
    court = Court()
    assert states(court, wish("take", "olga")) == [["not-a-reviewer"]]
    assert states(court, wish("assign", "olga", to="olga")) == [["not-a-reviewer"]]
    said = states(court, wish("assign", "rita", to="olga"), wish("take", "rob"), wish("take", "olga"), resolved("rob"))
    assert said == ["assigned", ["another-has-it"], "in_review", ["another-has-it"]]
    assert states(court, resolved("olga")) == ["closed"]


def test_what_is_about_reviewers_is_for_the_overseer():
    """Nobody here resolves it, whoever it is; and those named cannot even read it."""
    court = Court([finding(named=("rita",))])
    assert "for-overseer" in states(court, wish("take", "rob"))[0]
    assert "for-overseer" in states(court, wish("assign", "rob", to="olga"))[0]
    assert isinstance(shown(F, "rita", court.desk), Refused)
    assert listed("rita", court.desk) == ()
    assert [row.route for row in listed("olga", court.desk)] == ["overseer"]


COUNCIL = OverseerKey.make("works-council", "ed25519", lambda n: b"\7" * n)
KEYS = (VerifierKey.parse(COUNCIL.vkey),)


def brief(court, number=1, origin="log"):
    one = find(court.desk, F)
    made = briefed(one, standings(steps(court.desk)).get(F, NEW), court.desk, origin)
    return replace(made, number=number).sealed(court.desk.digest)


def ruled(court, made, keys=KEYS):
    done = rule_(made, "olga", court.desk, "log", keys)
    return str(done.standing.state) if isinstance(done, Done) else [r.code for r in done.reasons]


def test_an_overseer_rules_with_a_key_of_theirs():
    """About reviewers alone; about an administrator as the last word. Once, at the step that was signed, with the proof on record."""
    court = Court([finding(named=("rita",))])
    made = Ruling.sign(brief(court), "misuse", ("passed-on",), COUNCIL)
    assert ruled(court, made, keys=()) == ["no-overseer"]
    with pytest.raises(ProofFailed):
        ruled(court, replace(made, resolution="justified", why=("mandate",)))
    with pytest.raises(BadInput):
        ruled(court, Ruling.sign(brief(court, origin="another"), "misuse", ("passed-on",), COUNCIL))
    with pytest.raises(BadInput):
        ruled(court, Ruling.sign(brief(court), "misuse", ("mandate",), COUNCIL))
    assert ruled(court, made) == "closed"
    assert ruled(court, made) == ["not-now"]
    step = steps(court.desk)[1]
    assert (step.by, step.overseen.vkey, Step.decode(step.encode())) == ("works-council", COUNCIL.vkey, step)
    court = Court([finding(named=("adam",))])
    assert states(court, wish("take", "rita"), resolved("rita"), wish("confirm", "olga"))[2] == ["overseer-confirms"]
    assert ruled(court, made) == ["not-now"]
    assert ruled(court, Ruling.sign(brief(court, 3), "justified", ("mandate",), COUNCIL)) == "closed"
    (standing,) = standings(steps(court.desk)).values()
    assert standing.ended[0].by == ("rita", "works-council")
    assert ruled(Court(), made) == ["not-for-overseer"]
    assert ruled(Court([]), made) == ["no-finding"]


def test_an_overseer_rules_about_what_they_read():
    """A finding that has more looks by the time the ruling comes is not closed by it, though nobody here did anything with it."""
    court = Court([finding(named=("rita",))])
    made = Ruling.sign(brief(court), "justified", ("mandate",), COUNCIL)
    (one,) = court.findings
    court.findings = [replace(one, looks=(*one.looks, "l-99"))]
    assert ruled(court, made) == ["not-now"]
    with pytest.raises(ProofFailed):
        ruled(court, replace(made, brief=brief(court)))
    assert ruled(court, Ruling.sign(brief(court), "justified", ("mandate",), COUNCIL)) == "closed"
    assert steps(court.desk)[-1].brief == brief(court).digest


@pytest.mark.parametrize(
    "told",
    [{"sentence": "Nothing."}, {"against": ("All of it was work.",)}, {"proposed": "justified"}, {"seal": bytes(32)}],
)
def test_whoever_carries_a_brief_can_tell_the_overseer_nothing_else(told):
    """Signed over what was told otherwise: not taken. The true brief put under that signature: not taken. Nothing is done with it."""
    court = Court([finding(named=("rita",))])
    true = brief(court)
    made = Ruling.sign(replace(true, **told), "justified", ("mandate",), COUNCIL)
    for each in (made, replace(made, brief=true)):
        with pytest.raises(ProofFailed):
            ruled(court, each)
    assert steps(court.desk) == ()
    assert ruled(court, Ruling.sign(true, "justified", ("mandate",), COUNCIL)) == "closed"


def test_another_house_seals_nothing_here():
    """The same words under another key are another brief."""
    court = Court([finding(named=("rita",))])
    other = brief(court).sealed(lambda text: hashlib.sha256(b"another" + text).digest())
    with pytest.raises(ProofFailed):
        ruled(court, Ruling.sign(other, "justified", ("mandate",), COUNCIL))


def test_every_refusal_is_on_record_and_moves_nothing():
    """With the codes, and nothing of what the one who was refused wanted to write."""
    court = Court()
    do(resolved("sam", note="Ask Mira Holt."), court.desk)
    (step,) = steps(court.desk)
    assert (step.outcome, step.number, step.note, step.resolution) == ("refused", 0, None, None)
    assert {"reviewer-named", "not-now"} <= set(step.reasons)
    assert standings(steps(court.desk)) == {}
    assert court.notes.kept == ()
    do(replace(wish("take", "rita"), finding="kate-miller"), court.desk)
    assert steps(court.desk)[-1].finding == ""


def test_a_note_stands_in_no_record():
    """Its digest does; what it says is kept beside the findings, and shown to who may read the finding."""
    court = Court()
    states(court, wish("take", "rita"), resolved("rita", note=" The case came from Mira Holt. "))
    assert not any(b"Mira" in frame.body for frame in court.journal.frames)
    assert [note.text for note in shown(F, "olga", court.desk).notes] == ["The case came from Mira Holt."]
    court.notes.kept = tuple(replace(note, text="Something else.") for note in court.notes.kept)
    assert shown(F, "olga", court.desk).notes == ()


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        (resolved("rita", why="handed-over-badly"), "case-found"),
        (resolved("rita", "misuse", "case-found"), "no-work-reason"),
        (wish("resolve", "rita"), ""),
        (wish("take", "rita", resolution=Resolution.MISUSE), ""),
        (wish("take", "rita", why=("mistaken",)), "takes none"),
        (wish("reopen", "rita"), "new-evidence"),
        (wish("resolve", "rita", resolution=Resolution.MISUSE), "no-work-reason"),
        (replace(wish("take", "rita"), finding="e-abcdefghijklmnop"), ""),
        (replace(wish("take", "rita"), finding="Mira Holt"), ""),
    ],
)
def test_bad_input_says_what_would_do(bad, hint):
    """A reason is mandatory, and one of the list; nothing is on record of what cannot be meant."""
    court = Court()
    with pytest.raises(BadInput) as caught:
        do(bad, court.desk)
    assert hint in caught.value.hint
    assert steps(court.desk) == ()


@pytest.mark.parametrize("note", ["", " . ", "x" * 1001, "a\nb"])
def test_a_note_says_something_in_a_line(note):
    court = Court()
    states(court, wish("take", "rita"))
    with pytest.raises(BadInput):
        do(resolved("rita", note=note), court.desk)
    assert len(steps(court.desk)) == 1


@pytest.mark.parametrize("late", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("error", [Unavailable("down", part="journal"), OutcomeUnknown("failed", part="journal")])
def test_what_the_journal_lost_did_not_happen_and_what_it_kept_did(error, late):
    """The finding is where its records say, whatever the command said; the same again is told to look, or done."""
    court = Court()
    court.journal.fail, court.journal.late = error, late
    with pytest.raises(type(error)):
        do(wish("take", "rita"), court.desk)
    assert standings(steps(court.desk)).get(F, NEW).state is (State.IN_REVIEW if late else State.OPEN)
    assert states(court, wish("take", "rita")) == [["not-now"] if late else "in_review"]


def test_of_two_at_once_one_is_first():
    """The other is told to look again, and nothing was done for them."""
    court = Court()
    before = tuple(court.journal.frames)
    assert states(court, wish("take", "rita")) == ["in_review"]
    with pytest.raises(Busy):
        do(wish("take", "rob"), replace(court.desk, steps=lambda: before))
    (standing,) = standings(steps(court.desk)).values()
    assert standing.holder == "rita"


def test_a_step_has_one_spelling():
    """What is recorded reads back the same."""
    court = Court([finding(persons=("p-kate",))])
    states(court, wish("assign", "rita", to="olga"), wish("take", "olga"), resolved("olga", note="Seen."))
    for step in steps(court.desk):
        assert Step.decode(step.encode()) == step


WHO = st.sampled_from(["sam", "tess", "boss", "rita", "rob", "olga", "adam", "nobody"])


class Reviews(RuleBasedStateMachine):
    """Anybody tries anything, in any order, on three findings; a model says where each is."""

    def __init__(self):
        super().__init__()
        self.court = Court([finding(), finding("f-000002", named=("tess",), persons=("p-kate",)), finding("f-000003", named=("adam", "sam"))])  # fmt: skip
        self.ended = {}

    @rule(
        data=st.data(), what=st.sampled_from([w for w in What if w not in (What.OPENED, What.AGAIN, What.RULE)]), by=WHO, to=WHO,
        f=st.sampled_from(["f-000001", "f-000002", "f-000003"]), resolution=st.sampled_from(Resolution),
    )  # fmt: skip
    def tries(self, data, what, by, to, f, resolution):
        as_ = resolution if what is What.RESOLVE else None
        codes = list(reasons_for(what, as_))
        why = (data.draw(st.sampled_from(codes)),) if codes else ()
        before = standings(steps(self.court.desk))
        done = do(Wish(what, f, by, to if what is What.ASSIGN else None, as_, why), self.court.desk)
        after_ = standings(steps(self.court.desk))
        if isinstance(done, Refused):
            assert after_ == before
            return
        named = next(one for one in self.court.findings if one.id == f).principals
        assert by not in ("nobody", "boss", *named)
        if what is What.ASSIGN:
            assert to not in ("nobody", "boss", *named)
        assert after_[f] == done.standing
        if done.standing.state is State.CLOSED:
            last = done.standing.ended[-1]
            assert last.why
            assert len(set(last.by)) == 1 + (last.resolution is Resolution.MISUSE or f == "f-000002")
            assert f != "f-000003"  # an administrator is named: an overseer has the last word

    @invariant()
    def nothing_is_forgotten(self):
        for f, standing in standings(steps(self.court.desk)).items():
            before = self.ended.get(f, ())
            assert standing.ended[: len(before)] == before
            self.ended[f] = standing.ended
            assert (standing.resolution is not None) == (standing.state is State.CLOSED)


TestReviews = Reviews.TestCase
TestReviews.settings = settings(max_examples=10, stateful_step_count=14, deadline=None)
