# SPDX-License-Identifier: Apache-2.0
"""Asking and answering: what is on record, who is told, who may not sign and why, and what a failing journal leaves."""

from dataclasses import replace

import pytest
from tests.directory.town import DAY, HOUR
from tests.guard.approvals.room import COMPANY, COUNCIL

from whosaw.directory.change import Said, bring, confirm
from whosaw.directory.content import rows_of
from whosaw.errors import BadInput, Busy, IdempotencyConflict, OutcomeUnknown, Unavailable
from whosaw.guard.approvals.answer import Refused, refuse
from whosaw.guard.approvals.ask import withdraw
from whosaw.guard.approvals.glass import broken, review
from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.state import No, State
from whosaw.model.approval import As, Counts, Uses
from whosaw.model.approval_kept import Holder
from whosaw.model.record import parse


def codes(answer):
    assert isinstance(answer, Refused), answer
    return [reason.code for reason in answer.reasons]


def test_asked_given_and_told(room):
    """One independent approver is enough where the purpose says no more; every step is in both streams, and told."""
    kept = room.ask(to=("lea",))
    assert (kept.standing.state, room.told("lea")) == (State.PENDING, ["asked"])
    given = room.give(kept, "lea")
    assert given.standing.state is State.APPROVED
    assert room.told("ana") == ["approved"]
    assert room.recorded() == room.recorded(ledger=True) == ["asked", "given"]
    streams = [[record.stream.id for record in s.records] for s in room.journal.submissions if s.caller == "approvals"]
    assert streams == [["mira", "approvals"]] * 2


def test_the_same_key_is_the_same_request(room):
    """A retry asks nothing anew; the same key for something else is refused."""
    look = room.look()
    kept = room.ask(look)
    room.clock.turn(HOUR)
    assert room.ask(look) == kept
    assert room.recorded() == ["asked"]
    for other in ({"what": "ip:network"}, {"person": "kate"}, {"purpose": "legal_demand"}):
        with pytest.raises(IdempotencyConflict):
            room.ask(room.look(key=look.key, **other))
    with pytest.raises(IdempotencyConflict):
        room.ask(look, reason="Another one.")
    assert room.give(kept) == room.give(kept)


def test_what_cannot_be_asked_leaves_nothing(room):
    """A purpose that nobody knows, a window that the purpose does not let, no reason, a reason that steers a terminal."""
    for look, more in (
        (room.look(purpose="curiosity"), {}),
        (room.look(purpose="legal_demand"), {"window": True}),
        (room.look(), {"reason": "  "}),
        (room.look(), {"reason": "x" * 1001}),
        (room.look(), {"reason": "\x1b[2J"}),
        (room.look(break_glass=True), {}),
    ):
        with pytest.raises(BadInput):
            room.ask(look, **more)
    assert room.recorded() == []


def test_groups_are_and_never_any_two(room):
    """Two independent ones are no overseer; the state says approved only when each group has signed."""
    kept = room.ask(everything=True)
    assert kept.request.needs == Counts(independent=2, stewards=1, overseers=1)
    assert room.told("works-council") == room.told("monitor") == ["asked"]
    for staff, role in (("lea", As.LEGAL), ("rae", As.INDEPENDENT), ("sam", As.STEWARD)):
        assert room.give(kept, staff, role).standing.state is State.PENDING


@pytest.mark.parametrize("person", ["mira", "kate", "ken", "nobody-knows"])
def test_a_request_says_nothing_about_the_person(room, person):
    """Protected, elsewhere or not known at all: the same needs, the same state after the same signature."""
    kept = room.ask(room.look(person=person))
    assert kept.request.needs == Counts(independent=1)
    assert room.give(kept, "lea").standing.state is State.APPROVED


@pytest.mark.parametrize(
    ("staff", "role", "said"),
    [
        ("ben", As.INDEPENDENT, ["common-manager", "same-unit", "gains"]),
        ("hd-ie", As.INDEPENDENT, ["line", "common-manager", "same-unit", "gains"]),
        ("boss", As.INDEPENDENT, ["line"]),
        ("una", As.INDEPENDENT, ["common-manager", "sister-unit"]),
        ("left", As.INDEPENDENT, ["approver-left"]),
        ("stopped", As.INDEPENDENT, ["approver-suspended"]),
        ("stranger", As.INDEPENDENT, ["approver-unknown", "unit-unknown"]),
        ("portal", As.INDEPENDENT, ["party"]),
        ("rae", As.STEWARD, ["no-steward"]),
        ("rae", As.LEGAL, ["no-legal"]),
    ],
)
def test_who_cannot_sign_is_told_why_and_that_they_tried_is_on_record(room, staff, role, said):
    """By code, in the person's stream and the ledger; the request stands as it stood."""
    kept = room.ask()
    answer = room.give(kept, staff, role)
    assert [code for code in codes(answer) if code != "unit-unknown" or staff == "stranger"] == said
    assert room.now(kept) == kept
    tried = parse(room.journal.submissions[-1].records[0].body)
    assert (tried["n"], tried["state"], tried["by"]) == (0, "pending", room.e(staff))
    assert tried["reasons"] == [reason.code for reason in answer.reasons]


def test_stewards_of_the_region_or_of_a_group_it_belongs_to(room):
    """IE by itself, and IE as a part of EU; somebody assigned to another region is none."""
    for staff in ("sam", "chief"):
        assert isinstance(room.give(room.ask(), staff, As.STEWARD), Kept)
    assert codes(room.give(room.ask(room.look(person="ken")), "sam", As.STEWARD)) == ["no-steward"]
    assert isinstance(room.give(room.ask(room.look(person="ken")), "rae", As.STEWARD), Kept)


def test_who_was_made_a_steward_for_a_request_is_none(room):
    """The directory is read as of the request: an assignment of this morning signs nothing of yesterday, nor one that has ended."""
    old = room.ask(room.look(person="ken"))
    room.clock.turn(HOUR)
    room.load(assignments=[{"staff_id": "lea", "scope_kind": "steward", "scope": "US"}])
    room.clock.turn(HOUR)
    assert codes(room.give(old, "lea", As.STEWARD)) == ["no-steward"]
    assert codes(room.give(old, "rae", As.STEWARD)) == ["no-steward"]
    assert isinstance(room.give(room.ask(room.look(person="ken", what="profile")), "lea", As.STEWARD), Kept)


def test_a_party_to_the_case_and_the_unit_that_gains(room):
    """Whoever opened the case has a hand in it; of an inquiry into staff the whole unit that opened it gains."""
    assert codes(room.give(room.ask(room.look(case="F-2")), "rae")) == ["party"]
    assert isinstance(room.give(room.ask(room.look(case="F-2")), "lea"), Kept)
    inquiry = room.ask(room.look(case="I-1", purpose="internal_inquiry"))
    assert codes(room.give(inquiry, "prime")) == ["party", "gains"]
    assert isinstance(room.give(inquiry, "rae"), Kept)


def test_somebody_whose_own_account_it_is_cannot_sign(room):
    """And is told no more than that they have to do with the case or the person."""
    assert codes(room.give(room.ask(room.look(person="u-sam")), "sam")) == ["party"]


def test_who_shares_an_account_or_a_home_with_the_one_who_asks_cannot_sign(room):
    """A second staff id of the same hand, and somebody who lives there, also by way of an account, also until last week."""
    staff = [dict(row) for row in COMPANY["staff"]]
    by = {row["staff_id"]: row for row in staff}
    by["ana"]["own_person"], by["lea"]["own_person"] = "u-ana", "u-ana"
    by["ana"]["household"], by["rae"]["household"] = "elm 4", "elm 4"
    persons = [*COMPANY["persons"], {"person": "u-ana", "region": "IE", "household": "oak 1"}]
    persons = [{**row, "household": "oak 1"} if row["person"] == "u-sam" else row for row in persons]
    room.load(staff=staff, persons=persons)
    kept = room.ask()
    assert [codes(room.give(kept, each)) for each in ("lea", "rae", "sam")] == [["tied"]] * 3
    room.load()
    assert codes(room.give(room.ask(), "lea")) == ["tied"]
    room.clock.turn(31 * DAY)
    room.load()
    assert isinstance(room.give(room.ask(), "lea"), Kept)


def test_favours_are_not_returned_and_do_not_go_round(room):
    """Whom I approved for does not approve for me, also where the favour came between request and signature."""
    mine = room.ask()
    theirs = room.ask(room.look(principal="lea", case=None))
    assert isinstance(room.give(theirs, "ana"), Kept)
    assert codes(room.give(mine, "lea")) == ["returned"]
    third = room.ask(room.look(principal="rae", case=None))
    assert isinstance(room.give(third, "lea"), Kept)
    assert codes(room.give(mine, "rae")) == ["favour-by-way-of"]
    room.clock.turn(31 * DAY)
    room.load()
    assert isinstance(room.give(room.ask(), "lea"), Kept)


def test_a_unit_re_organised_the_day_before_launders_nothing(room):
    """ben is moved into another unit and line; for a month he is of ana's unit all the same."""
    moved = [row | {"unit": "new", "manager": "prime"} if row["staff_id"] == "ben" else row for row in COMPANY["staff"]]
    room.clock.turn(HOUR)
    room.load(staff=moved)
    room.clock.turn(DAY - HOUR)
    assert "same-unit" in codes(room.give(room.ask(), "ben"))
    room.clock.turn(31 * DAY)
    room.load(staff=moved)
    assert isinstance(room.give(room.ask(), "ben"), Kept)


def test_a_unit_re_organised_after_the_request_neither(room):
    """The house counts as it was when the request was made."""
    kept = room.ask()
    moved = [row | {"unit": "new", "manager": "prime"} if row["staff_id"] == "ben" else row for row in COMPANY["staff"]]
    room.clock.turn(HOUR)
    room.load(staff=moved)
    assert "same-unit" in codes(room.give(kept, "ben"))


def test_with_a_stale_directory_nobody_is_independent(room):
    """Neither for a request that was made so, nor for one that is signed so."""
    early = room.ask(everything=True)
    room.clock.turn(25 * HOUR)
    late = room.ask()
    assert codes(room.give(late, "lea")) == ["directory-stale"]
    room.clock.turn(HOUR)
    room.load()
    assert codes(room.give(late, "lea")) == ["directory-stale"]
    assert isinstance(room.give(room.ask(), "lea"), Kept)
    assert isinstance(room.give(early, "lea"), No)


def test_unanswered_requests_expire_after_twelve_hours(room):
    """Nobody can sign it then, and that it ran out is a record like any other."""
    kept = room.ask()
    room.clock.turn(12 * HOUR)
    assert isinstance(room.give(kept, "lea"), No)
    assert room.now(kept).standing.state is State.EXPIRED
    assert room.recorded() == room.recorded(ledger=True) == ["asked", "expired"]
    assert room.told("ana") == ["expired"]


def test_refused_withdrawn_and_taken_back(room):
    """An approver says no; the asker takes it back; an approver takes back what nobody has used."""
    no = room.ask()
    assert refuse(room.desk, no.request.id, "rae").standing.state is State.REFUSED
    gone = room.ask()
    assert isinstance(withdraw(room.desk, gone.request.id, "lea"), No)
    assert withdraw(room.desk, gone.request.id, "ana").standing.state is State.WITHDRAWN
    back = room.give(room.ask(), "lea")
    assert isinstance(refuse(room.desk, back.request.id, "rae"), No)
    assert refuse(room.desk, back.request.id, "lea").standing.state is State.REFUSED


def test_an_overseer_does_not_sign_at_the_desk(room):
    """Nobody of the staff signs as one, whoever they say they are."""
    assert isinstance(room.give(room.ask(), "lea", As.OVERSEER), No)


def test_a_window_only_where_the_purpose_lets_it(room):
    """Fraud reviews have one here; its end is fixed when it is asked for."""
    kept = room.ask(window=True)
    assert (kept.request.uses, kept.request.until - kept.request.at) == (Uses.WINDOW, 60 * HOUR)
    assert room.ask().request.until - room.clock.at == 24 * HOUR


@pytest.mark.parametrize(
    ("fate", "error"), [("busy", Busy), ("down", Unavailable), ("lost", OutcomeUnknown), ("late", OutcomeUnknown)]
)
def test_a_journal_that_fails_leaves_nothing_told_and_nothing_kept(room, fate, error):
    """Whether the record is there or not: asked again, it is the same request, there once, told once."""
    look = room.look()
    room.journal.fate = fate
    with pytest.raises(error):
        room.ask(look, to=("lea",))
    room.journal.fate = "ok"
    assert room.told("lea") == []
    assert room.desk.rows.open() == []
    kept = room.ask(look, to=("lea",))
    room.journal.fate = fate
    with pytest.raises(error):
        room.give(kept, "lea")
    room.journal.fate = "ok"
    assert room.give(room.now(kept), "lea").standing.state is State.APPROVED
    assert room.recorded() == ["asked", "given"]
    assert (room.told("lea"), room.told("ana")) == (["asked"], ["approved"])


class Stops(Exception):
    """The process ends here."""


@pytest.mark.parametrize("where", ["tell", "put"])
def test_a_crash_between_record_and_effect_is_made_up_for(room, where, monkeypatch):
    """Recorded, and then nothing: whoever comes next finds it on record, tells and keeps it. Nothing is told twice."""
    kept = room.ask(to=("lea",))

    def stops(*_):
        raise Stops

    with monkeypatch.context() as patch:
        patch.setattr(room.desk.notices if where == "tell" else room.desk.rows, where, stops)
        with pytest.raises(Stops):
            room.give(kept, "lea")
    assert room.desk.rows.find(kept.request.id).state == "pending"
    assert room.now(kept).standing.state is State.APPROVED
    assert room.desk.rows.find(kept.request.id).state == "approved"
    assert room.told("ana") == ["approved"]
    assert room.recorded() == ["asked", "given"]


def test_a_crash_after_the_first_record_of_a_request(room, monkeypatch):
    """The asker's retry finds its own request on record and keeps it with the times that stand there."""
    look = room.look()

    def stops(*_):
        raise Stops

    with monkeypatch.context() as patch:
        patch.setattr(room.desk.rows, "put", stops)
        with pytest.raises(Stops):
            room.ask(look)
    began = room.clock.at
    room.clock.turn(HOUR)
    kept = room.ask(look)
    assert (kept.request.at, room.recorded()) == (began, ["asked"])
    assert room.people.open(kept.request.person, kept.request.at, kept.sealed) == "She cannot sign in."


def test_an_erased_person_has_no_requests(room):
    """The row goes with the person; before it is gone, nothing can happen to it."""
    kept = room.ask()
    room.people.erased.add(kept.request.person)
    assert isinstance(room.give(kept, "lea"), No)


def test_no_request_by_this_id(room):
    """Said as it is, and nothing is recorded."""
    for act in (lambda: refuse(room.desk, "a-nothing", "lea"), lambda: withdraw(room.desk, COUNCIL.name, "ana")):
        with pytest.raises(BadInput):
            act()
    assert room.recorded() == []


def hands(room, *rows):
    """What a system that keeps cases says of who had a hand in F-1."""
    said = rows_of(
        {"case_id": "F-1", "role": role, "of": of and room.e(of), "hand": hand and room.e(hand)}
        for role, of, hand in rows
    )
    bring([Said("case_hands", {"case_id": "F-1"}, said)], source="tickets", office=room.office.changes)


@pytest.mark.parametrize(
    ("hand", "said"),
    [
        (("opened", None, "rae"), ["party"]),
        (("assigned", "portal", "rae"), ["party"]),
        (("named", None, "rae"), ["party"]),
        (("assigned", "rae", "portal"), ["party", "gains"]),
        (("assigned", "prime", "portal"), []),
    ],
)
def test_every_hand_that_a_ticket_system_saw_is_a_party(room, hand, said):
    """Not only the last of each, for which the table of cases has room; also where the hand was taken out since."""
    hands(room, hand, ("opened", None, "portal"))
    room.clock.turn(HOUR)
    hands(room, ("opened", None, "portal"))
    assert codes(room.give(room.ask(), "rae")) == said if said else isinstance(room.give(room.ask(), "rae"), Kept)


def with_ron(room, **what):
    """One more of the staff: far from ana, and near to rae in one way or another."""
    row = {"staff_id": "ron", "unit": "watch-us", "function": "security", "country": "US"} | what
    rae = [dict(each) for each in COMPANY["staff"]]
    if "household" in what:
        next(each for each in rae if each["staff_id"] == "rae")["household"] = what["household"]
    room.load(staff=[*rae, row])


@pytest.mark.parametrize(
    "near",
    [{"unit": "risk-us"}, {"manager": "rae"}, {"manager": "prime"}, {"household": "elm 4"}],
    ids=["of one unit", "under the other", "under one manager", "of one home"],
)
@pytest.mark.parametrize("where", ["one request", "two requests"])
def test_two_who_count_as_one_do_not_sign_for_one_look(room, near, where):
    """Two signatures are two wills. Whoever signs second is told, under the same request or another for the same look."""
    with_ron(room, **near)
    look = room.look()
    kept = room.ask(look, needs=Counts(independent=2))
    assert isinstance(room.give(kept, "rae"), Kept)
    second = kept if where == "one request" else room.ask(replace(look, key="k-other"))
    assert codes(room.give(second, "ron")) == ["fellow"]
    assert isinstance(room.give(second, "lea"), Kept)
    # For another look they may: nobody is bound for good.
    assert isinstance(room.give(room.ask(room.look(what="profile")), "ron"), Kept)


def test_two_who_work_apart_may_both_sign(room):
    with_ron(room)
    kept = room.ask(needs=Counts(independent=2))
    assert room.give(room.give(kept, "rae"), "ron").standing.state is State.APPROVED


def test_a_fellow_is_found_by_whichever_source_says_it(room):
    """By the tables rae and ron work apart; by the identity provider in one unit, and last week in ana's."""
    with_ron(room)
    rows = [row for row in room.office.directory.rows("staff", room.clock.at) if row["principal"] == room.e("ron")]
    cells = {name: value for name, value in rows[0].items() if name not in ("source", "known_from", "known_to")}

    def said(unit):
        about = {"principal": room.e("ron")}
        bring([Said("staff", about, rows_of([cells | {"unit": unit}]))], source="scim", office=room.office.changes)
        room.clock.turn(HOUR)

    said("help-ie")
    said("risk-us")
    kept = room.ask(needs=Counts(independent=2))
    assert codes(room.give(kept, "ron")) == ["same-unit", "gains"]
    room.clock.turn(31 * 24 * HOUR)
    room.load(cases=[{**COMPANY["cases"][0], "case_id": "F-3"}])
    confirm("scim", room.office.changes)
    kept = room.ask(room.look(case="F-3"), needs=Counts(independent=2))
    assert isinstance(room.give(kept, "rae"), Kept)
    assert codes(room.give(kept, "ron")) == ["fellow"]


def test_a_kind_review_is_a_favour_too(room):
    """Who found ana's broken glass to be fine gets no approval from ana in return, and the other way round."""
    look = room.look(purpose="incident_response", break_glass=True)
    glass = broken(room.desk, look, Holder("guard/e-x", look.key), room.clock.at)
    assert isinstance(review(room.desk, glass.request.id, "rae", fine=True, nonce="r"), Kept)
    assert "returned" in codes(room.give(room.ask(room.look("rae")), "ana"))
