# SPDX-License-Identifier: Apache-2.0
"""Looks that need approvals, through the whole guard: decided, recorded with the signatures they used, shown; or not."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.guard.approvals.room import COMPANY, COUNCIL, Room
from tests.guard.gate import FakeVault, Left
from tests.guard.test_together import Journal, Vault
from tests.policy.ground import EVERYTHING, POLICY

from whosaw.errors import Busy, Unavailable
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.approvals.answer import give_signed
from whosaw.guard.approvals.gate import DeskApprovals
from whosaw.guard.approvals.glass import review
from whosaw.guard.approvals.overseer import exported
from whosaw.guard.approvals.state import State
from whosaw.guard.look import Guard
from whosaw.guard.one import One
from whosaw.guard.turn import Turn
from whosaw.model.approval import As, Counts
from whosaw.model.look_body import LookBody
from whosaw.model.stage import Stage
from whosaw.policy.again import again
from whosaw.policy.decide import decide
from whosaw.verify.approval import check_approvals

MOMENT = timedelta(seconds=1)


class OnCall:
    """A directory in which everybody is on call."""

    def __init__(self, directory):
        self.directory = directory

    def known(self, *asked):
        known = self.directory.known(*asked)
        return replace(known, principal=known.principal and replace(known.principal, on_call=True))


class Door:
    """A guard over the desk of a room."""

    def __init__(self, room: Room):
        self.room, self.vault = room, FakeVault(room.journal)
        self.guard = self.another()

    def another(self, **changes):
        """One more guard over the same desk."""
        room = self.room
        parts = {
            "journal": room.journal, "vault": self.vault, "directory": room.office.directory, "policy": POLICY,
            "approvals": DeskApprovals(room.desk), "quotas": Left(), "pseudonyms": room.people,
            "remember": room.people.principal, "offered": EVERYTHING, "clock": room.clock,
        }  # fmt: skip
        return Guard(**(parts | changes))

    def bodies(self):
        """Every look recorded, in order."""
        looks = [s for s in self.room.journal.submissions if s.caller.startswith("guard/")]
        return [LookBody.decode(s.records[-1].body) for s in looks]


@pytest.fixture
def door(room):
    fraud = [{"staff_id": "ana", "function": "fraud"}]
    staff = [row | next((f for f in fraud if f["staff_id"] == row["staff_id"]), {}) for row in COMPANY["staff"]]
    room.clock.turn(MOMENT)
    room.load(staff=staff)
    return Door(room)


def codes(answer):
    assert isinstance(answer, Refused), answer
    return [rule.id for rule in answer.decision.rules]


def protected(door, **more):
    """A look at kate, who is protected, to which nothing else objects."""
    return door.room.look(person="kate", **more)


def both(door, look):
    """Signed by somebody inside and by somebody outside."""
    room = door.room
    kept = room.ask(look, needs=Counts(independent=2, overseers=1))
    room.give(kept, "lea")
    give_signed(room.desk, COUNCIL.sign(exported(room.desk, kept, "o")), "n")
    return room.now(kept)


def test_a_protected_person_is_shown_for_two_of_whom_one_is_an_overseer(door):
    """Refused before; after, shown, and the record holds both signatures for anybody to check; once."""
    look = protected(door)
    assert codes(door.guard.look(look)) == ["protected-person"]
    kept = both(door, protected(door))
    again_ = protected(door)
    assert isinstance(door.guard.look(again_), Shown)
    body = door.bodies()[-1]
    assert {each.role for each in body.approvals} == {As.INDEPENDENT, As.OVERSEER}
    assert len(check_approvals(body, frozenset(door.room.desk.house.overseers), "leaf")) == 2
    assert door.room.now(kept).standing.state is State.USED
    assert door.room.now(kept).standing.used == again_.look_id
    assert isinstance(door.guard.look(again_), Shown)
    assert codes(door.guard.look(protected(door))) == ["protected-person"]


def test_two_looks_of_one_group_and_one_approval_that_is_used_once(door):
    """The first has it and is shown; the other is refused, has none on record, and takes nothing from the first."""
    kept = both(door, protected(door))
    log, safe = Journal(door.room.journal), Vault(door.vault)
    guard = door.another(journal=log, vault=safe, turn=Turn(1))
    ones = [One(protected(door), Stage.DURABLE, opens=True) for _ in range(3)]
    guard._work(ones)
    first, *others = [one.became() for one in ones]
    assert isinstance(first, Shown)
    assert [codes(other) for other in others] == [["protected-person"]] * 2
    assert [len(body.approvals) for body in door.bodies()] == [2, 0, 0]
    assert log.groups == [3]
    now = door.room.now(kept)
    assert (now.standing.state, now.standing.used) == (State.USED, first.look_id)
    assert {look.key for look, _, _ in door.vault.opened} == {ones[0].look.key}


def test_one_inside_is_not_enough_and_two_inside_neither(door):
    """The rule names no group to the one who asks; the record says which rule it was."""
    look = protected(door)
    kept = door.room.ask(look, needs=Counts(independent=2))
    door.room.give(kept, "lea")
    door.room.give(kept, "rae")
    answer = door.guard.look(protected(door))
    assert (codes(answer), answer.told) == (["protected-person"], "This look is not permitted.")
    assert door.bodies()[-1].approvals == ()
    assert door.room.now(kept).standing.state is State.APPROVED  # a refused look used nothing, and holds nothing
    outside = door.room.ask(protected(door), needs=Counts(independent=1, overseers=1))
    give_signed(door.room.desk, COUNCIL.sign(exported(door.room.desk, outside, "o")), "n")
    assert isinstance(door.guard.look(protected(door)), Shown)
    assert len(door.bodies()[-1].approvals) == 3


def test_a_look_with_approvals_is_decided_again_from_its_record(door):
    """The same facts, to the bit, years later."""
    both(door, protected(door))
    door.guard.look(protected(door))
    body = door.bodies()[-1]
    look, facts = again(body, door.room.office.directory.known(body.principal, body.person, body.case, body.at))
    decision = decide(POLICY, look, facts, body.at)
    assert (decision.permitted, decision.facts) == (True, body.facts)


@pytest.mark.parametrize("what", ["hold", "used"])
def test_a_database_that_is_gone_shows_nothing(door, what, monkeypatch):
    """What cannot be held is no approval; what cannot be noted as used is not shown, and is shown when it can."""
    both(door, protected(door))

    def gone(*_):
        raise Unavailable("the approvals cannot be read", part="approvals")

    look = protected(door)
    with monkeypatch.context() as patch:
        patch.setattr(f"whosaw.guard.approvals.use.{what}", gone)
        if what == "hold":
            answer = door.guard.look(look)
            assert codes(answer) == ["protected-person"]
            assert "cannot be read" in answer.cause
            look = protected(door)
        else:
            with pytest.raises(Unavailable):
                door.guard.look(look)
            assert door.vault.opened == []
    assert isinstance(door.guard.look(look), Shown)


def test_a_journal_that_is_busy_keeps_what_the_look_holds(door):
    """Not recorded, not used; the same look comes again and has it, another does not."""
    both(door, protected(door))
    look = protected(door)
    door.room.journal.fate = "busy"
    with pytest.raises(Busy):
        door.guard.look(look)
    assert codes(door.guard.look(protected(door))) == ["protected-person"]
    assert isinstance(door.guard.look(look), Shown)


def test_of_many_looks_at_once_exactly_one_is_shown(door):
    """Through the whole guard: one approval, eight gates, one look."""
    both(door, protected(door))
    looks, ready, answers = [protected(door) for _ in range(8)], threading.Barrier(8), []

    def one(look):
        ready.wait()
        answers.append(door.guard.look(look))

    threads = [threading.Thread(target=one, args=(look,)) for look in looks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, Shown) for each in answers) == 1
    assert sum(bool(body.approvals) for body in door.bodies()) == 1


class Between:
    """A port; `do` comes before each call of `name`, at most once."""

    def __init__(self, whole, name, do):
        self.whole, self.name, self.do = whole, name, do

    def __getattr__(self, name):
        if name == self.name and self.do is not None:
            do, self.do = self.do, None
            do()
        return getattr(self.whole, name)


def test_one_key_at_two_gates_lets_no_other_look_have_what_it_used(door):
    """One gate permits it with the last place, the other has no place left, finds that record, and a third asks for the same look.

    The first stops before it says that the approval is used; the second is there and says it, and the third comes just before.
    """
    both(door, protected(door))
    look, other, answers = protected(door), protected(door), []

    def gone():
        raise Unavailable("the connection was lost", part="approvals")

    def first():
        stopped = door.another(approvals=Between(DeskApprovals(door.room.desk), "used", gone))
        with pytest.raises(Unavailable):
            stopped.look(look)

    none_left = Left()
    none_left.given["principal"] = 0
    second = door.another(
        approvals=Between(DeskApprovals(door.room.desk), "used", lambda: answers.append(door.guard.look(other))),
        quotas=Between(none_left, "take_all", first),
    )
    assert isinstance(second.look(look), Shown)
    assert [codes(answer) for answer in answers] == [["protected-person"]]
    assert {opened[0].key for opened in door.vault.opened} == {look.key}


def test_a_broken_glass_through_the_whole_guard(door):
    """On call: shown, told at once, on record before the look; a day unreviewed: no more of it, until it is reviewed."""
    room = door.room
    staff = [row | ({"function": "security"} if row["staff_id"] == "ana" else {}) for row in COMPANY["staff"]]
    cases = [
        {
            "case_id": "N-1",
            "type": "incident",
            "opened": "2026-03-01T10:00:00Z",
            "assignee": "ana",
            "opened_by": "portal",
        }
    ]
    named = [{"case_id": "N-1", "person": "mira", "added": "2026-03-01T10:00:00Z", "added_by": "portal"}]

    def load():
        room.clock.turn(MOMENT)
        room.load(staff=staff, cases=cases, case_persons=named)

    load()
    door.guard = door.another(directory=OnCall(room.office.directory))
    given = {"purpose": "incident_response", "case": "N-1", "what": "ip:exact"}
    assert "approvals-missing" in codes(door.guard.look(room.look(**given)))
    shown = door.guard.look(room.look(break_glass=True, **given))
    assert isinstance(shown, Shown), shown
    callers = [s.caller.split("/")[0] for s in room.journal.submissions]
    assert callers[-2:] == ["approvals", "guard"]
    assert "broken" in room.told("hd-ie")
    assert "broken" in room.told("works-council")
    room.clock.turn(timedelta(hours=24))
    load()
    assert "break-glass-owes-review" in codes(door.guard.look(room.look(break_glass=True, **given)))
    body = door.bodies()[-1]
    known = OnCall(room.office.directory).known(body.principal, body.person, body.case, body.at)
    look, facts = again(body, known)
    assert decide(POLICY, look, facts, body.at).facts == body.facts
    (owed,) = [row for row in room.desk.rows.open() if row.request.startswith("b-")]
    review(room.desk, owed.request, "lea", fine=True, nonce="n-r")
    assert isinstance(door.guard.look(room.look(break_glass=True, **given)), Shown)


def test_a_held_approval_says_so_to_who_asks_how_it_stands(door):
    """Held by a look that is under way, or died: whoever reads it learns why another look would not get it."""
    from whosaw.cli.approval_words import shown
    from whosaw.guard.approvals.use import hold
    from whosaw.guard.approvals.view import view
    from whosaw.model.approval_kept import Holder
    from whosaw.model.ask import exact_digest

    room, look = door.room, door.room.look()
    kept = room.give(room.ask(look), "lea")
    said = lambda: " ".join(shown(view(room.desk, room.now(kept), "ana"), Path()).after)  # noqa: E731
    assert "A look holds it" not in said()
    hold(room.desk, exact_digest(look, room.e("ana"), room.p("mira")), Holder("guard/e-x", "k"), room.clock.at)
    assert "A look holds it that is not on record yet" in said()


class Breaking:
    """``ports.Rows`` or a journal whose connection is lost at its call number `at`: before it happened, or after."""

    def __init__(self, whole, at, *, late):
        self.whole, self.left, self.late, self.broke = whole, at, late, False

    def __getattr__(self, name):
        def call(*given):
            self.left -= 1
            lost = self.left == 0
            if lost and not self.late:
                self._break()
            answer = getattr(self.whole, name)(*given)
            if lost:
                self._break()
            return answer

        return call

    def _break(self):
        self.broke = True
        raise Unavailable("the connection was lost", part="approvals")


@pytest.mark.parametrize(
    ("part", "late"),
    [
        ("rows", True),
        *(
            pytest.param(part, late, marks=pytest.mark.slow)
            for part, late in (("rows", False), ("journal", False), ("journal", True))
        ),
    ],
)
def test_a_connection_that_is_lost_anywhere_shows_one_look_and_loses_no_approval(room, part, late):
    """At each call of a look, from holding to using: nothing is shown that is not on record, one approval shows one look, and one look
    comes of it: the same again under its key, or, where it was refused on record, the next.
    """
    door, broke, n = Door(room), True, 0
    desk, staff = (
        room.desk,
        [row | ({"function": "fraud"} if row["staff_id"] == "ana" else {}) for row in COMPANY["staff"]],
    )
    room.clock.turn(MOMENT)
    room.load(staff=staff)
    while broke:
        n += 1
        room.desk = desk
        room.clock.turn(MOMENT)
        fields = ("ip:exact", "ip:network", "device", "profile:public")
        what = " ".join(f for m, f in enumerate(fields) if n >> m & 1 and not (m == 1 and n & 1)) or "payment:exact"
        first, second = (protected(door, what=what, key=f"k-{part}-{late}-{n}-{m}") for m in range(2))
        both(door, protected(door, what=what, key=f"k-{part}-{late}-{n}"))
        room.clock.turn(MOMENT)
        fault = Breaking(desk.rows if part == "rows" else desk.journal, n, late=late)
        broken = replace(desk, **{part: fault})
        guard = door.another(approvals=DeskApprovals(broken), **({"journal": fault} if part == "journal" else {}))
        shown = [opened[0].key for opened in door.vault.opened]
        try:
            guard.look(first)
        except Unavailable:
            pass
        broke = fault.broke
        for look in (first, second, first):
            door.guard.look(look)
        now = {opened[0].key for opened in door.vault.opened} - set(shown)
        assert len(now) == 1, (n, part, late)
        bodies = [body for body in door.bodies() if body.decision == "permit"]
        assert len({each.request for body in bodies for each in body.approvals}) == len(bodies)
    assert n > 3
