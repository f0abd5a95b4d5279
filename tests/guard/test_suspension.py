# SPDX-License-Identifier: Apache-2.0
"""Suspension: at every gate at once, in the middle of a look that waits, on record first; and two to lift it."""

from datetime import timedelta

import pytest
from tests.directory.town import HOUR, MINUTE
from tests.guard.gate import COMPANY, Gate
from tests.policy.ground import POLICY

from whosaw.errors import BadInput, Busy, OutcomeUnknown, Unavailable
from whosaw.guard import suspension
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.suspension import CODES, Desk, Done
from whosaw.model.look_body import LookBody
from whosaw.model.record import parse
from whosaw.model.stage import Stage
from whosaw.policy.again import again
from whosaw.policy.decide import decide
from whosaw.policy.independence import REASONS
from whosaw.store.sql_suspension import SqlSuspensionRows


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


@pytest.fixture
def desk(gate):
    rows = SqlSuspensionRows(gate.office.engine)
    return Desk(gate.journal, rows, gate.office.directory, gate.names.remember, gate.clock)


def admin(gate: Gate) -> list[dict]:
    return [
        parse(record.body)
        for submission in gate.journal.submissions
        for record in submission.records
        if record.stream.id == "admin"
    ]


def rules(answer) -> set[str]:
    return {rule.id for rule in answer.decision.rules}


def test_stopped_from_the_next_look_on(gate, desk):
    """Shown, stopped, refused by the one rule; the record names who, whom and why, by pseudonym."""
    assert isinstance(gate.guard.look(gate.ask()), Shown)
    done = suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    assert isinstance(done, Done)
    for other in (gate.guard, gate.another()):
        answer = other.look(gate.ask())
        assert isinstance(answer, Refused)
        assert "principal-suspended" in rules(answer)
    said = admin(gate)[-1]
    assert (said["kind"], said["what"], said["outcome"], said["code"]) == ("suspension", "suspend", "done", "misuse")
    assert (said["principal"], said["by"]) == (gate.names.principal("ana"), [gate.names.principal("a3")])
    assert isinstance(gate.guard.look(gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200")), Shown)


def test_what_was_known_before_stays_what_was_known(gate, desk):
    """Asked as of a moment before it, nobody was suspended."""
    before = gate.clock()
    gate.clock.at += HOUR
    suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    ana = gate.names.principal("ana")
    known = gate.office.directory.known
    assert not known(ana, "", None, before).principal.suspended
    assert known(ana, "", None, gate.clock()).principal.suspended


def test_a_look_that_waits_is_asked_about_again(gate, desk):
    """Permitted, recorded, waiting for its record to be published; stopped meanwhile: nothing is shown, now or later."""
    wait = gate.journal.receipt

    def stopped_meanwhile(recorded, stage, timeout):
        suspension.suspend("ana", "stolen", "a3", desk, key="s-1")
        return wait(recorded, stage, timeout)

    gate.journal.reached.add(Stage.PUBLISHED)
    gate.journal.receipt = stopped_meanwhile
    look = gate.ask()
    with pytest.raises(Unavailable, match="suspended or has left") as caught:
        gate.guard.look(look, Stage.PUBLISHED)
    assert caught.value.part == "suspension"
    assert not gate.vault.opened
    gate.journal.receipt = wait
    with pytest.raises(Unavailable):
        gate.guard.look(look)
    assert not gate.vault.opened


def test_a_retry_of_an_older_look_opens_nothing(gate, desk):
    """The key of the morning's look is worth nothing after the stop, and something again after the lift."""
    look = gate.ask()
    assert isinstance(gate.guard.look(look), Shown)
    suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    with pytest.raises(Unavailable):
        gate.guard.look(look)
    assert len(gate.vault.opened) == 1
    gate.clock.at += MINUTE
    assert isinstance(suspension.lift("ana", "a3", "leaker", desk, key="s-2"), Done)
    assert isinstance(gate.guard.look(look), Shown)


def test_two_who_are_independent_lift_it(gate, desk):
    """One of risk and one of another line, neither above anybody: she may look again."""
    suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    assert isinstance(suspension.lift("ana", "a3", "leaker", desk, key="s-2"), Done)
    assert isinstance(gate.guard.look(gate.ask()), Shown)
    assert [said["what"] for said in admin(gate)] == ["suspend", "lift"]


@pytest.mark.parametrize(
    ("by", "with_", "code"),
    [
        ("a3", "a3", "same"), ("a3", "a4", "same-unit"), ("a1", "a3", "common-manager"), ("a3", "lead", "line"),
        ("ana", "a3", "same"), ("a3", "ana", "same"), ("a3", "nobody", "approver-unknown"), ("ghost", "a3", "requester-unknown"),
        ("finn", "a3", "common-manager"),
    ],
)  # fmt: skip
def test_who_may_not_lift_it(gate, desk, by, with_, code):
    """Oneself, somebody of the unit, above or below, under one manager, unknown: refused with the reason, on record."""
    suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    no = suspension.lift("ana", by, with_, desk, key="s-2")
    assert isinstance(no, suspension.Refused)
    assert code in {reason.code for reason in no.reasons}
    assert admin(gate)[-1]["outcome"] == "refused"
    assert isinstance(gate.guard.look(gate.ask()), Refused)


def test_the_suspended_stops_and_lifts_nobody(gate, desk):
    """Stopped oneself: no word counts, and the attempt is on record."""
    suspension.suspend("a3", "inquiry", "finn", desk, key="s-1")
    no = suspension.suspend("finn", "misuse", "a3", desk, key="s-2")
    assert [reason.code for reason in no.reasons] == ["requester-suspended"]
    assert isinstance(gate.guard.look(gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200")), Shown)


def test_a_stale_directory_lifts_nobody_and_stops_whom_it_must(gate, desk):
    """Two days without a word of the directory: nobody knows who is independent; a stop needs less."""
    gate.clock.at += 48 * HOUR
    assert isinstance(suspension.suspend("ana", "misuse", "a3", desk, key="s-1"), Done)
    no = suspension.lift("ana", "a3", "leaker", desk, key="s-2")
    assert "directory-stale" in {reason.code for reason in no.reasons}


def test_mistyped(gate, desk):
    """An id that nobody has, a code that is none, a lift for who is not stopped: an error, and no record."""
    for wrong in (
        lambda: suspension.suspend("anna", "misuse", "a3", desk, key="s-1"),
        lambda: suspension.suspend("ana", "because", "a3", desk, key="s-1"),
        lambda: suspension.lift("ana", "a3", "leaker", desk, key="s-1"),
    ):
        with pytest.raises(BadInput):
            wrong()
    assert admin(gate) == []


@pytest.mark.parametrize(("fate", "error"), [("busy", Busy), ("lost", OutcomeUnknown), ("down", Unavailable)])
def test_without_a_record_nobody_is_stopped(gate, desk, fate, error):
    """The record first: where it is not made there is no effect, and the command says so."""
    gate.journal.fate = fate
    with pytest.raises(error):
        suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    assert desk.rows.now() == {}


class Breaking:
    """Rows whose database goes away right after the record."""

    def __init__(self, rows: SqlSuspensionRows) -> None:
        self.rows, self.now = rows, rows.now

    def suspend(self, *_):
        raise Unavailable("gone", part="directory")

    lift = suspend


def test_what_is_on_record_is_in_force_after_a_start(gate, desk):
    """Recorded, and the database gone: the next start stops her. The same for a lift; and a start that has nothing to do does nothing."""
    broken = Desk(desk.journal, Breaking(desk.rows), desk.directory, desk.remember, desk.clock)

    def frames():
        made = [leaf for recorded in gate.journal.records.values() for leaf in recorded.leaves]
        return [leaf for leaf in made if b'"suspension"' in leaf.body]

    with pytest.raises(Unavailable):
        suspension.suspend("ana", "misuse", "a3", broken, key="s-1")
    assert isinstance(gate.guard.look(gate.ask()), Shown)
    assert suspension.resume(frames(), desk.rows, gate.clock()) == 1
    assert isinstance(gate.guard.look(gate.ask()), Refused)
    with pytest.raises(Unavailable):
        suspension.lift("ana", "a3", "leaker", broken, key="s-2")
    gate.clock.at += MINUTE
    assert suspension.resume(frames(), desk.rows, gate.clock()) == 1
    assert suspension.resume(frames(), desk.rows, gate.clock()) == 0
    gate.clock.at += MINUTE
    assert isinstance(gate.guard.look(gate.ask()), Shown)


def test_every_code_of_a_refusal_has_a_sentence_and_names_nobody():
    """Codes are recorded; sentences are for people."""
    assert all(what and not what[0].isupper() for what in CODES.values())
    assert {"directory-stale", "requester-suspended", "approver-unknown"} <= REASONS.keys()


def leave(gate):
    staff = [
        row | ({"valid_to": "2026-06-21T09:30:00Z"} if row["staff_id"] == "ana" else {}) for row in COMPANY["staff"]
    ]
    gate.office.load(COMPANY | {"staff": staff}, regions=None)


@pytest.mark.parametrize("stop", ["suspended", "left", "suspended and let go"])
def test_a_gate_whose_clock_is_slow_shows_nothing_to_who_was_stopped_by_another(gate, desk, stop):
    """By its clock nobody has stopped them yet: refused for the clock, on record so that it can be decided again, and in retries."""
    slow = gate.another(clock=lambda: gate.clock() - HOUR / 2)
    before = gate.ask()
    assert isinstance(slow.look(before), Shown)
    gate.clock.at += HOUR
    if stop == "left":
        leave(gate)
    else:
        suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    if stop == "suspended and let go":
        desk.rows.lift(gate.names.principal("ana"), gate.clock())
    answer = slow.look(gate.ask())
    assert isinstance(answer, Refused)
    assert rules(answer) == {"clock-went-back"}
    assert "clock" in answer.cause
    body = LookBody.decode(gate.journal.submissions[-1].records[0].body)
    known = gate.office.directory.known(body.principal, body.person, body.case, body.at)
    assert decide(POLICY, *again(body, known), body.at).facts == answer.decision.facts
    with pytest.raises(Unavailable) as nothing:
        slow.look(before)
    assert nothing.value.part == "clock"


@pytest.mark.parametrize("seconds", [0, 4])
def test_clocks_that_differ_a_little_stand_in_nobodys_way(gate, desk, seconds):
    slow = gate.another(clock=lambda: gate.clock() - timedelta(seconds=seconds))
    suspension.suspend("finn", "misuse", "a3", desk, key="s-1")
    assert isinstance(slow.look(gate.ask()), Shown)


def test_who_was_stopped_while_their_look_waited_for_a_database_sees_nothing(gate, desk):
    """Decided as of a moment that is long ago by the time it is recorded."""

    def submit(submission, whole=gate.journal.submit):
        recorded = whole(submission)
        if submission.caller.startswith("guard/e-"):
            gate.clock.at += MINUTE
            gate.journal.submit = whole
            suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
        return recorded

    gate.journal.submit = submit
    with pytest.raises(Unavailable) as nothing:
        gate.guard.look(gate.ask())
    assert nothing.value.part == "suspension"
    assert not gate.vault.opened


@pytest.mark.parametrize(("one", "other"), [("ana", "a3"), ("ana", "leaker"), ("a3", "leaker")])
def test_who_lives_with_one_of_them_lifts_nothing(gate, desk, one, other):
    """With the suspended, or the two with each other; also where they moved apart the day before."""
    homes = {one: "elm 4", other: "elm 4"}
    staff = [
        row | {"household": homes[row["staff_id"]]} if row["staff_id"] in homes else row for row in COMPANY["staff"]
    ]
    gate.office.load(COMPANY | {"staff": staff}, regions=None)
    suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    for key, moved in (("s-2", False), ("s-3", True)):
        if moved:
            gate.office.load(COMPANY, regions=None)
            gate.clock.at += 23 * HOUR
        no = suspension.lift("ana", "a3", "leaker", desk, key=key)
        assert isinstance(no, suspension.Refused)
        assert [reason.code for reason in no.reasons] == ["tied"]


def test_a_unit_re_organised_the_day_before_lifts_nothing(gate, desk):
    """Computed over thirty days, as for an approval."""
    suspension.suspend("ana", "misuse", "a3", desk, key="s-1")
    gate.clock.at += HOUR
    staff = [row | {"unit": "apart", "manager": ""} if row["staff_id"] == "finn" else row for row in COMPANY["staff"]]
    gate.office.load(COMPANY | {"staff": staff}, regions=None)
    gate.clock.at += 23 * HOUR
    no = suspension.lift("ana", "finn", "a3", desk, key="s-2")
    assert [reason.code for reason in no.reasons] == ["common-manager"]
