# SPDX-License-Identifier: Apache-2.0
"""Using an approval: by exactly one look, in time, with the word of those who may still give it; on SQLite and PostgreSQL."""

import threading
from dataclasses import replace

import pytest
from tests.directory.town import DAY, HOUR
from tests.guard.approvals.room import COMPANY, COUNCIL, MONITOR, Room

from whosaw.errors import Unavailable
from whosaw.guard.approvals.answer import give_signed, refuse
from whosaw.guard.approvals.ask import withdraw
from whosaw.guard.approvals.glass import broken, owes_review, review
from whosaw.guard.approvals.life import Kept, happen
from whosaw.guard.approvals.overseer import exported
from whosaw.guard.approvals.state import Event, No, State, What
from whosaw.guard.approvals.use import abandoned, hold, let_go, settle, used, valid, void
from whosaw.journal.submission import Record, Submission
from whosaw.model.approval import As, Counts, digest_of
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import exact_digest
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind, Stream
from whosaw.verify.overseer import check_overseen

MS = HOUR / 3_600_000
ONE, NOTHING = Counts(independent=1), Counts()


def holder(key="k-look"):
    return Holder("guard/e-aaaaaaaaaaaaaaaa", key)


def held(room, look, key="k-look", at=None):
    exact = exact_digest(look, room.e(look.principal), room.p(look.person))
    return hold(room.desk, exact, holder(key), at or room.clock.at)


def approved(room, look=None, **more):
    """A look, and a request for it that lea signed."""
    look = look or room.look()
    return look, room.give(room.ask(look, **more), "lea")


def recorded_look(room, look, key, decision):
    """What a gate records of a look."""
    body = LookBody(
        kind=Kind.LOOK, look=look.look_id, origin="asked", at=room.clock.at, principal=room.e(look.principal),
        person=room.p(look.person), asked=tuple((a.field, a.detail) for a in look.asked), mode=look.mode, source="guard",
        decision=decision,
    )  # fmt: skip
    room.journal.submit(Submission(holder(key).caller, key, (Record(Stream.of_person(look.person), body.encode()),)))


def test_exactly_the_look_that_was_approved(room):
    """Another field, more detail, another person, case, purpose, principal or mode: no approval. The look itself: one."""
    look, _ = approved(room)
    for other in (
        {"what": "ip:exact profile"}, {"what": "ip:network"}, {"person": "kate"}, {"case": "F-2"}, {"case": None},
        {"purpose": "legal_demand"}, {"principal": "ben"}, {"mode": type(look.mode).EXPORT}, {"break_glass": True},
    ):  # fmt: skip
        assert held(room, room.look(**other)).counts == NOTHING, other
    assert held(room, room.look()).counts == ONE


def test_used_once_and_by_one_look_only(room):
    """Whoever comes second gets nothing, before and after the first is on record; the first, asked again, what it had."""
    look, kept = approved(room)
    first = held(room, look, "k-1")
    assert held(room, look, "k-2").counts == NOTHING
    assert held(room, look, "k-1") == first
    used(room.desk, first.requests, "l-1")
    used(room.desk, first.requests, "l-1")
    assert (room.now(kept).standing.state, room.now(kept).standing.used) == (State.USED, "l-1")
    assert held(room, look, "k-2").counts == held(room, look, "k-3").counts == NOTHING
    assert room.recorded() == ["asked", "given", "used"]
    assert room.told("lea") == ["used"]


def test_what_one_look_used_no_other_look_is_shown_for(room):
    """However a second look came to have it in its record: it raises, and goes on raising; the first is used again and again."""
    look, kept = approved(room)
    had = held(room, look, "k-1").requests
    used(room.desk, had, "l-1")
    for _ in range(2):
        with pytest.raises(Unavailable, match="another look"):
            used(room.desk, had, "l-2")
    used(room.desk, had, "l-1")
    assert room.now(kept).standing.used == "l-1"


def test_a_refused_look_gives_it_back(room):
    """It was refused for something else: nothing was used."""
    look, _ = approved(room)
    let_go(room.desk, held(room, look, "k-1"))
    second = held(room, look, "k-2")
    assert second.counts == ONE
    let_go(room.desk, replace(second, holder=holder("k-1")))
    assert held(room, look, "k-3").counts == NOTHING


def test_pending_refused_withdrawn_and_expired_requests_are_no_approvals(room):
    """Only what all groups have signed, and only in its time: to the millisecond."""
    look = room.look()
    waiting = room.ask(look, needs=Counts(independent=2))
    room.give(waiting, "lea")
    assert held(room, look).counts == NOTHING
    room.give(waiting, "rae")
    assert held(room, look).counts == Counts(independent=2)
    room.clock.turn(24 * HOUR)
    room.load()
    assert held(room, look).counts == NOTHING
    assert room.now(waiting).standing.state is State.EXPIRED
    again, kept = approved(room)
    refuse(room.desk, kept.request.id, "lea")
    assert held(room, again).counts == NOTHING


def test_expiry_between_two_tries_of_one_look(room):
    """A look that held it, was not recorded, and comes again too late: refused like any other."""
    look, kept = approved(room)
    assert held(room, look, "k-1").counts == ONE
    room.clock.at = kept.request.until
    assert held(room, look, "k-1").counts == NOTHING


def test_a_window_is_used_again_until_its_end(room):
    """By different looks that ask the same; the first use is on record as one."""
    look, kept = approved(room, window=True)
    for n in range(3):
        mine = held(room, look, f"k-{n}")
        assert mine.counts == ONE
        used(room.desk, mine.requests, f"l-{n}")
    assert room.recorded() == ["asked", "given", "used"]
    room.clock.at = kept.request.until
    assert held(room, look, "k-9").counts == NOTHING


def test_an_approver_counts_once_over_all_requests(room):
    """Two requests for the same look, signed by the same two: two approvers, and all of it is used at once."""
    look = room.look()
    for key in ("k-a", "k-b"):
        kept = room.ask(room.look(key=key), needs=Counts(independent=2))
        room.give(kept, "lea", As.LEGAL)
        room.give(kept, "sam", As.STEWARD)
    mine = held(room, look)
    assert (mine.counts, len(mine.requests)) == (Counts(independent=2, legal=1, stewards=1), 2)


@pytest.mark.parametrize("how", ["left", "suspended", "erased from the tables"])
def test_who_has_left_approves_nothing(room, how):
    """Also what they signed while they were here, and before anybody told the desk."""
    look, _ = approved(room)
    changed = {"left": {"valid_to": "2026-03-02T10:00:00Z"}, "suspended": {"suspended": "true"}}.get(how)
    staff = [row | changed if changed and row["staff_id"] == "lea" else row for row in COMPANY["staff"]]
    room.clock.turn(HOUR)
    room.load(staff=staff if changed else [row for row in staff if row["staff_id"] != "lea"])
    assert held(room, look).counts == NOTHING


def test_a_request_that_lost_one_of_its_groups_counts_for_nothing(room):
    """Two were needed, one has left: the one who is left is not half an approval."""
    look = room.look()
    kept = room.ask(look, needs=Counts(independent=2))
    room.give(kept, "lea")
    room.give(kept, "rae")
    room.clock.turn(HOUR)
    room.load(staff=[row for row in COMPANY["staff"] if row["staff_id"] != "rae"])
    assert held(room, look).counts == NOTHING


def test_open_requests_of_a_leaver_are_void(room):
    """What they asked for and what they signed; what is over stays as it is."""
    _, theirs = approved(room)
    mine = room.ask(room.look(principal="lea", case=None))
    over = room.ask(room.look(principal="lea", case=None, what="device"))
    refuse(room.desk, over.request.id, "rae")
    assert void(room.desk, room.e("lea"), "approver-left") == 2
    assert [room.now(each).standing.state for each in (theirs, mine, over)] == [
        State.WITHDRAWN,
        State.WITHDRAWN,
        State.REFUSED,
    ]
    assert room.now(theirs).standing.closed.reasons == ("approver-left",)
    assert sorted(room.told("ana")) == ["approved", "void"]


def test_a_leaver_is_noticed_by_whoever_settles(room):
    """Nobody has to say so: what they asked for and what they signed is void from the next reading on."""
    _, theirs = approved(room)
    mine = room.ask(room.look(principal="lea", case=None))
    other = room.ask()
    room.clock.turn(HOUR)
    room.load(staff=[row for row in COMPANY["staff"] if row["staff_id"] != "lea"])
    settle(room.desk)
    assert [room.now(each).standing.state for each in (theirs, mine, other)] == [
        State.WITHDRAWN,
        State.WITHDRAWN,
        State.PENDING,
    ]
    assert room.now(theirs).standing.closed.reasons == ("approver-unknown",)


# ── at once ──


def race(room: Room, look, keys):
    """Looks at the same moment, each in a thread of its own: what each of them holds."""
    ready, found = threading.Barrier(len(keys)), {}

    def one(key):
        ready.wait()
        found[key] = held(room, look, key).counts.independent

    threads = [threading.Thread(target=one, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_of_two_looks_at_once_exactly_one_has_it(shared):
    """Eight at once, again and again: one, and the same one when all come again."""
    for _ in range(2):
        look, _ = approved(shared)
        found = race(shared, look, [f"k-{n}" for n in range(8)])
        assert sorted(found.values()) == [0] * 7 + [1]
        assert race(shared, look, list(found)) == found
        used(shared.desk, held(shared, look, max(found, key=found.get)).requests, "l")


def test_two_approvals_two_uses_and_expiry_in_between(shared):
    """Two requests of the same look at different times: each is used once, and the one that ran out not at all."""
    look = shared.look()
    early = shared.give(shared.ask(shared.look(key="early")), "lea")
    shared.clock.turn(11 * HOUR)
    shared.load()
    first = held(shared, look, "k-1")
    used(shared.desk, first.requests, "l-1")
    late = shared.give(shared.ask(shared.look(key="late")), "rae")
    third = shared.give(shared.ask(shared.look(key="third")), "lea")
    assert shared.now(early).standing.state is State.USED
    second = held(shared, look, "k-2")
    assert (second.counts, set(second.requests)) == (Counts(independent=2), {late.request.id, third.request.id})
    shared.clock.turn(25 * HOUR)
    assert held(shared, look, "k-2").counts == NOTHING
    assert {shared.now(each).standing.state for each in (late, third)} == {State.EXPIRED}


def test_two_who_answer_at_once_are_one_after_the_other(shared):
    """A signature and a withdrawal at the same moment: both are told the same story, and it is one that can happen."""
    for n in range(2):
        kept = shared.ask()
        ready, answers = threading.Barrier(3), []

        def act(deed, kept=kept, ready=ready, answers=answers):
            ready.wait()
            answers.append(deed())

        deeds = [
            lambda kept=kept: shared.give(kept, "lea"),
            lambda kept=kept: shared.give(kept, "rae"),
            lambda kept=kept: withdraw(shared.desk, kept.request.id, "ana"),
        ]
        threads = [threading.Thread(target=act, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        state = shared.now(kept).standing.state
        withdrawn = [a for a in answers if isinstance(a, Kept) and a.standing.state is State.WITHDRAWN]
        assert len(answers) == 3, n
        assert state is State.WITHDRAWN or not withdrawn
        assert shared.desk.rows.find(kept.request.id).state == state


def test_what_counts_is_a_pure_function_of_requests_time_and_who_is_here(room):
    """The same values, the same answer; the end is out; one whose word counts no more takes the request with them."""
    look = room.look()
    kept = room.ask(look, needs=Counts(independent=2))
    room.give(kept, "lea")
    standing = room.give(kept, "rae").standing
    until = standing.request.until
    assert len(valid([standing], until - MS, lambda _: True)) == 2
    assert valid([standing], until, lambda _: True) == ()
    assert valid([standing], until - MS, lambda grant: grant.by != room.e("rae")) == ()
    assert valid([standing, standing], until - MS, lambda _: True) == valid([standing], until - MS, lambda _: True)


# ── what a crash leaves ──


@pytest.mark.parametrize(("decision", "state", "free"), [("permit", State.USED, 0), ("refuse", State.APPROVED, 1)])
@pytest.mark.parametrize("settled", [True, False])
def test_a_look_that_stopped_after_its_record(room, decision, state, free, settled):
    """Recorded and permitted: it is used. Recorded and refused: it is free again. Settled by whoever comes next, a look too."""
    look, kept = approved(room)
    held(room, look, "k-1")
    recorded_look(room, look, "k-1", decision)
    if settled:
        settle(room.desk)
        assert room.now(kept).standing.state is state
    assert held(room, look, "k-2").counts.independent == free
    assert room.now(kept).standing.state is state


def test_a_look_that_stopped_before_its_record_keeps_what_it_holds(room):
    """Nobody can know whether it still comes; it comes again under its key, or the approval runs out."""
    look, kept = approved(room)
    held(room, look, "k-1")
    settle(room.desk)
    assert held(room, look, "k-2").counts == NOTHING
    assert held(room, look, "k-1").counts == ONE
    room.clock.at = kept.request.until
    settle(room.desk)
    assert room.now(kept).standing.state is State.EXPIRED


def test_a_start_gives_back_what_a_dead_look_held_and_nothing_else(room):
    """Not on record: it died. On record and permitted: it used it, and a start does not take that back."""
    look, kept = approved(room)
    held(room, look, "k-1")
    other, also = approved(room, room.look(what="profile"))
    held(room, other, "k-2")
    recorded_look(room, other, "k-2", "permit")
    assert abandoned(room.desk) == 1
    assert held(room, look, "k-3").counts == ONE
    assert held(room, other, "k-3").counts == NOTHING
    assert (room.now(kept).standing.state, room.now(also).standing.state) == (State.APPROVED, State.USED)


# ── overseers ──


@pytest.mark.parametrize("key", [COUNCIL, MONITOR], ids=["ed25519", "ml-dsa-44"])
def test_an_overseer_signs_elsewhere_and_it_counts(room, key):
    """Out as a file, signed where no house is, back as a file; the proof checks against the look's own digest."""
    look = room.look()
    kept = room.ask(look, needs=Counts(independent=1, overseers=1))
    out = exported(room.desk, kept, "log.example.org/whosaw")
    back = key.sign(type(out).parse(out.encode()))
    given = give_signed(room.desk, type(back).parse(back.encode()), "n")
    assert given.standing.state is State.APPROVED
    mine = held(room, look)
    assert mine.counts == Counts(independent=1, overseers=1)
    (one,) = mine.approvals
    exact = exact_digest(look, room.e("ana"), room.p("mira"))
    assert check_overseen(one.proof, digest_of(one, exact)).name == one.by == key.name


def test_an_overseers_signature_fits_one_request_and_one_key(room):
    """Replayed for another request, changed, of a stranger's key, of a key that was revoked: refused, and on record."""
    kept, other = room.ask(), room.ask()
    sign = COUNCIL.sign(exported(room.desk, kept, "o"))
    stranger = replace(COUNCIL, seed=b"\7" * 32)
    for number, (wrong, code) in enumerate(
        (
            (replace(sign, request=other.request.id), "signature"),
            (replace(sign, signature=bytes(64)), "signature"),
            (replace(sign, vkey=MONITOR.vkey), "signature"),
            (replace(sign, vkey=sign.vkey.replace("works-council", "works-counci1")), "no-overseer"),
            (stranger.sign(exported(room.desk, kept, "o")), "no-overseer"),
            (replace(COUNCIL, name="monitor").sign(exported(room.desk, kept, "o")), "no-overseer"),
        )
    ):
        answer = give_signed(room.desk, wrong, f"n-{number}")
        assert [reason.code for reason in answer.reasons] == [code]
    room.house(overseers=room.desk.house.overseers[1:])
    assert [r.code for r in give_signed(room.desk, sign, "n-9").reasons] == ["no-overseer"]
    assert room.now(kept).standing.grants == ()


def test_a_key_that_is_revoked_takes_its_approvals_with_it(room):
    """What it signed and nobody has used does not count from then on."""
    look = room.look()
    kept = room.ask(look, needs=Counts(independent=1, overseers=1))
    give_signed(room.desk, COUNCIL.sign(exported(room.desk, kept, "o")), "n")
    room.house(overseers=room.desk.house.overseers[1:])
    assert held(room, look).counts == NOTHING


def test_a_signature_that_comes_too_late(room):
    """The request has run out: an overseer's word does not bring it back."""
    kept = room.ask()
    sign = COUNCIL.sign(exported(room.desk, kept, "o"))
    room.clock.turn(12 * HOUR)
    assert isinstance(give_signed(room.desk, sign, "n"), No)


# ── broken glass ──


def test_a_broken_glass_is_seen_at_once_and_owed_a_review(room):
    """Supervisor and overseers are told before anything is shown; unreviewed after a day, it is owed; then it is not."""
    look = room.look(purpose="incident_response", break_glass=True)
    kept = broken(room.desk, look, holder(), room.clock.at)
    assert broken(room.desk, replace(look, look_id="l-99"), holder(), room.clock.at).request.id == kept.request.id
    assert room.told("hd-ie") == room.told("works-council") == room.told("monitor") == ["broken"]
    assert room.recorded() == room.recorded(ledger=True) == ["broken"]
    assert not owes_review(room.desk, room.e("ana"), room.clock.turn(23 * HOUR))
    room.load()
    assert owes_review(room.desk, room.e("ana"), room.clock.turn(HOUR))
    settle(room.desk)
    assert "overdue" in room.told("hd-ie")
    assert not owes_review(room.desk, room.e("ben"), room.clock.at)
    done = review(room.desk, kept.request.id, "lea", fine=False, nonce="n-2")
    assert (done.standing.state, done.standing.reviewed.fine) == (State.REVIEWED, False)
    assert not owes_review(room.desk, room.e("ana"), room.clock.turn(DAY))
    assert room.told("ana") == ["reviewed"]


@pytest.mark.parametrize("staff", ["ana", "ben", "hd-ie", "boss", "una"])
def test_a_review_is_for_another_unit(room, staff):
    """Neither the one who broke it nor their own line and unit; that they tried is on record."""
    look = room.look(purpose="incident_response", break_glass=True)
    kept = broken(room.desk, look, holder(), room.clock.at)
    answer = review(room.desk, kept.request.id, staff, fine=True, nonce="n")
    assert not isinstance(answer, Kept)
    assert room.now(kept).standing.state is State.USED


def test_what_was_used_is_reviewed_by_somebody_who_did_not_sign_it(room):
    """An ordinary approval, too, can be looked at afterwards."""
    look, kept = approved(room)
    used(room.desk, held(room, look).requests, "l-1")
    assert not isinstance(review(room.desk, kept.request.id, "lea", fine=True, nonce="n"), Kept)
    done = review(room.desk, kept.request.id, "rae", fine=True, nonce="n")
    assert done.standing.state is State.REVIEWED
    assert review(room.desk, kept.request.id, "rae", fine=True, nonce="n") == done


def test_what_is_given_while_the_look_is_under_way_is_not_of_this_look(room):
    """Its record would say that it was approved after it was looked: whoever checks it from outside refuses it."""
    look = room.look()
    kept, at = room.ask(look), room.clock.at
    room.clock.turn(5 * MS)
    room.give(kept)
    assert held(room, look, at=at).counts == NOTHING
    assert held(room, look).counts == ONE


def test_two_who_count_as_one_and_sign_at_one_moment_are_one(room):
    """Neither saw the other when they signed; the look sees both. The first counts, and the request is short of one."""
    ron = {"staff_id": "ron", "unit": "risk-us", "function": "security", "country": "US", "manager": "prime"}
    room.load(staff=[*COMPANY["staff"], ron])
    look = room.look()
    kept = room.ask(look, needs=Counts(independent=2))
    signed = [
        Event(what=What.GIVEN, at=room.clock.at + n * MS, by=room.e(who), role=As.INDEPENDENT)
        for n, who in enumerate(("rae", "ron"))
    ]
    for event in signed:
        kept = happen(room.desk, kept, event)
    assert kept.standing.state is State.APPROVED
    room.clock.turn(HOUR)
    assert held(room, look).counts == NOTHING
    for n, who in enumerate(("rae", "ron")):
        other = room.ask(room.look(what="profile", key=f"k-alone-{n}"))
        happen(room.desk, other, replace(signed[0], at=room.clock.at + n * MS, by=room.e(who)))
    room.clock.turn(HOUR)
    assert held(room, room.look(what="profile"), key="k-alone").counts == ONE


def test_who_left_within_this_millisecond_has_left(room):
    """Times of records are cut to milliseconds; whoever settles a moment after the leaver's row still sees it."""
    _, kept = approved(room)
    room.clock.at += MS * 0.7
    room.load(
        staff=[
            row | ({"valid_to": "2026-03-01T00:00:00Z"} if row["staff_id"] == "lea" else {}) for row in COMPANY["staff"]
        ]
    )
    settle(room.desk)
    assert room.now(kept).standing.state is State.WITHDRAWN
