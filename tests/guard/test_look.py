# SPDX-License-Identifier: Apache-2.0
"""One look through the gate: decide, record, release, in this order or nothing at all."""

import threading
from datetime import timedelta

import pytest
from tests.guard.gate import COMPANY, DAY, SUMMER, Gate, renamed, stream_of
from tests.policy.ground import EVERYTHING, POLICY

from whosaw.directory.change import Said, bring, confirm
from whosaw.errors import (
    BadInput,
    Busy,
    Damaged,
    IdempotencyConflict,
    OutcomeUnknown,
    Unavailable,
    WrongReceipt,
)
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Field
from whosaw.model.ask import ask_digest
from whosaw.model.record import Kind
from whosaw.policy.again import again
from whosaw.policy.decide import decide
from whosaw.policy.facts import Facts as FactsOf
from whosaw.policy.told import PLAIN

MS = timedelta(milliseconds=1)


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def rules(answer):
    return [rule.id for rule in answer.decision.rules]


def test_a_permitted_look_is_recorded_and_then_shown(gate):
    """Values, receipt and decision; the record stands in the person's own stream and says all of it by pseudonym."""
    look = gate.ask()
    answer = gate.guard.look(look)
    assert isinstance(answer, Shown)
    assert [v.text for v in answer.values] == ["203.0.113.0/24"]
    assert (answer.receipt, answer.index, answer.look_id) == (b"receipt 1", 1, look.look_id)
    assert rules(answer) == ["subject-request"]
    submission, body = gate.last()
    (record,) = submission.records
    assert record.stream == stream_of("mira")
    who, whom = gate.names.principal("ana"), gate.names.person("mira")
    assert (body.kind, body.origin, body.source, body.look) == (Kind.LOOK, "asked", "guard", look.look_id)
    assert (body.principal, body.person, body.at) == (who, whom, SUMMER)
    assert (body.asked, body.purpose, body.case) == (((Field.IP, "network"),), "subject_request", "T-100")
    assert (body.decision, body.rules) == ("permit", ("subject-request",))
    assert body.ask == ask_digest(look, who, whom)
    assert (body.facts, body.policy) == (answer.decision.facts, POLICY.digest)


def test_what_was_decided_can_be_decided_again(gate):
    """From the record's time, the directory and the policy, the same decision with the same digests."""
    look = gate.ask()
    answer = gate.guard.look(look)
    gate.clock.turn(DAY)
    gate.office.load({**COMPANY, "cases": [], "case_persons": []}, regions=None)
    _, body = gate.last()
    known = gate.office.directory.known(body.principal, body.person, body.case, body.at)
    facts = FactsOf(known=known, offered=EVERYTHING, last_look=None, quota=gate.quotas.given)
    assert decide(POLICY, look, facts, body.at) == answer.decision
    assert decide(POLICY, *again(body, known), body.at) == answer.decision


def test_a_refused_look_is_recorded_just_the_same(gate):
    """A refusal stands in the person's stream, with every rule that spoke; the vault was not even asked."""
    answer = gate.guard.look(gate.ask("finn"))
    assert isinstance(answer, Refused)
    assert rules(answer) == ["case-not-assigned", "function-not-accepted"]
    submission, body = gate.last()
    assert submission.records[0].stream == stream_of("mira")
    assert (body.decision, body.rules) == ("refuse", ("case-not-assigned", "function-not-accepted"))
    assert answer.receipt == b"receipt 1"
    assert gate.vault.opened == []
    assert answer.decision.detail == ()


def test_the_asker_learns_what_is_wrong_with_the_question_and_nothing_of_the_person(gate):
    """A protected person, one who lives elsewhere and one who does not exist: the same words."""
    said = {
        gate.guard.look(gate.ask("finn", p, "ip:exact", "fraud_review", "F-200")).told for p in ("kate", "mira", "none")
    }
    assert said == {PLAIN}
    assert gate.guard.look(gate.ask(purpose="because")).told == POLICY.rules["purpose-unknown"].sentence


@pytest.mark.parametrize(
    ("fate", "error", "recorded"),
    [("busy", Busy, 0), ("down", Unavailable, 0), ("lost", OutcomeUnknown, 0), ("late", OutcomeUnknown, 1)],
)
def test_without_a_receipt_nothing_is_released(gate, fate, error, recorded):
    """The journal fails, whether it stored or not: the error passes and the vault stays shut. A retry gets the answer."""
    look = gate.ask()
    gate.journal.fate = fate
    with pytest.raises(error):
        gate.guard.look(look)
    assert gate.vault.opened == []
    assert len(gate.journal.submissions) == recorded
    gate.journal.fate = "ok"
    gate.clock.turn(timedelta(seconds=3))
    assert isinstance(gate.guard.look(look), Shown)
    assert len(gate.journal.submissions) == 1
    assert gate.bodies()[0].at == (SUMMER if recorded else SUMMER + timedelta(seconds=3))


def test_a_journal_that_cannot_be_asked_decides_nothing(gate):
    """Not even the facts are read when nobody can say whether this is a retry."""
    gate.journal.fate = "down"
    with pytest.raises(Unavailable):
        gate.guard.look(gate.ask())
    assert gate.facts.asked == 0


def test_a_vault_that_fails_leaves_a_look_recorded_and_never_seen(gate):
    """Wrong in the safe direction: the record stands, nothing was shown, and a retry shows it under the same record."""
    look = gate.ask()
    for error in (WrongReceipt("no"), Unavailable("no"), Damaged("no")):
        gate.vault.error = error
        with pytest.raises(type(error)):
            gate.guard.look(look)
    gate.vault.error = None
    assert isinstance(gate.guard.look(look), Shown)
    assert len(gate.journal.submissions) == 1


def test_names_that_cannot_be_kept_stop_the_look(gate):
    """Whoever looks must be findable by an inquiry: no name, no look."""

    def down(_):
        raise Unavailable("names are down", part="names")

    with pytest.raises(Unavailable):
        gate.another(remember=down).look(gate.ask())
    assert gate.journal.submissions == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unavailable("the directory cannot be read", part="directory"), "the directory cannot be read"),
        (Damaged("persons says two things", where="persons"), "persons says two things"),
        (KeyError("mira and kate"), "KeyError"),
        (RecursionError("mira"), "RecursionError"),
        (TimeoutError("mira"), "TimeoutError"),
    ],
)
def test_facts_that_cannot_be_read_forbid_on_record(gate, error, cause):
    """Any failure to look up a fact is a refusal that is recorded; what failed is said to the house, without a value."""
    gate.facts.error = error
    answer = gate.guard.look(gate.ask())
    assert rules(answer) == ["facts-unavailable"]
    assert (answer.cause, answer.told) == (cause, POLICY.rules["facts-unavailable"].sentence)
    _, body = gate.last()
    assert (body.decision, body.rules, body.case) == ("refuse", ("facts-unavailable",), None)


def test_a_directory_that_nobody_confirms_forbids(gate):
    """A day after the last confirmation every look is refused, and the next confirmation opens the gate again."""
    gate.clock.turn(timedelta(hours=23))
    assert isinstance(gate.guard.look(gate.ask()), Shown)
    gate.clock.turn(MS)
    stale = gate.guard.look(gate.ask())
    assert rules(stale) == ["directory-too-old"]
    assert stale.cause == "the source csv of the directory, which was not confirmed in time"
    gate.office.load(COMPANY, regions=None)
    gate.clock.turn(MS)
    assert isinstance(gate.guard.look(gate.ask()), Shown)


def test_a_source_that_is_silent_forbids_and_is_named(gate):
    """The tables are fresh, the identity provider is not: refused, and which of them it was."""
    office = gate.office
    bring([Said("staff", {"principal": "e-" + "a" * 16}, {})], source="scim", office=office.changes)
    gate.clock.turn(timedelta(hours=24))
    office.load(COMPANY, regions=None)
    gate.clock.turn(MS)
    stale = gate.guard.look(gate.ask())
    assert (rules(stale), "the source scim" in stale.cause) == (["directory-too-old"], True)
    confirm("scim", office.changes)
    gate.clock.turn(MS)
    assert isinstance(gate.guard.look(gate.ask()), Shown)


def test_a_clock_that_went_back_forbids_until_it_caught_up(gate):
    """After a look at nine, a look at one to nine is refused, whoever looks; at nine again it is not."""
    gate.guard.look(gate.ask())
    gate.clock.turn(-MS)
    assert rules(gate.guard.look(gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200"))) == ["clock-went-back"]
    assert gate.bodies()[-1].at == SUMMER - MS
    gate.clock.turn(MS)
    assert isinstance(gate.guard.look(gate.ask()), Shown)


def test_a_clock_that_went_back_over_a_restart_forbids_too(gate):
    """The newest time in the journal is handed to a new guard."""
    guard = gate.another(last_look=SUMMER + MS)
    assert rules(guard.look(gate.ask())) == ["clock-went-back"]


def test_the_same_key_is_the_same_look(gate):
    """Asked again with the same key: the same answer from the same record, opened again, and no second record."""
    look = gate.ask()
    first = gate.guard.look(look)
    gate.clock.turn(timedelta(minutes=5))
    again = gate.guard.look(look)
    other_id = gate.another().look(renamed(look, look_id="another-id"))
    assert first == again == other_id
    assert len(gate.journal.submissions) == 1
    assert [decision for _, _, decision in gate.vault.opened] == [first.decision] * 3
    assert {opened.look_id for opened, _, _ in gate.vault.opened} == {look.look_id}


def test_a_refusal_stays_a_refusal_for_its_key(gate):
    """What was refused is not decided anew under the same key, even if it would be permitted now."""
    look = gate.ask(case="T-101")
    first = gate.guard.look(look)
    gate.clock.turn(timedelta(minutes=20))
    cases = [*COMPANY["cases"], {**COMPANY["cases"][0], "case_id": "T-101"}]
    names = [*COMPANY["case_persons"], {**COMPANY["case_persons"][0], "case_id": "T-101"}]
    gate.office.load({**COMPANY, "cases": cases, "case_persons": names}, regions=None)
    assert gate.guard.look(look) == first
    assert rules(first) == ["case-unknown"]
    assert isinstance(gate.guard.look(gate.ask(case="T-101")), Shown)


@pytest.mark.parametrize(
    "change",
    [
        {"person": "owen"}, {"asked": (Asked(Field.IP, "country"),)}, {"purpose": "fraud_review"}, {"case": "F-200"},
        {"case": None}, {"app": "other"}, {"asked": (Asked(Field.IP, "network"), Asked(Field.DEVICE, "exact"))},
    ],
)  # fmt: skip
def test_the_same_key_for_another_question_is_a_conflict(gate, change):
    """A key that was used is no ticket for anything else; nothing is opened and nothing recorded."""
    look = gate.ask()
    gate.guard.look(look)
    opened = len(gate.vault.opened)
    with pytest.raises(IdempotencyConflict):
        gate.guard.look(renamed(look, **change))
    assert (len(gate.vault.opened), len(gate.journal.submissions)) == (opened, 1)


def test_nobody_can_use_another_principals_key(gate):
    """The same key from somebody else is their own look, decided and recorded as theirs."""
    look = gate.ask()
    gate.guard.look(look)
    other = gate.guard.look(renamed(look, principal="finn"))
    assert isinstance(other, Refused)
    assert [body.principal for body in gate.bodies()] == [gate.names.principal("ana"), gate.names.principal("finn")]


def test_free_text_is_not_written_down(gate):
    """A purpose outside the list and a case that nobody knows can be a name: the rules say so, the digest holds them."""
    look = gate.ask(purpose="is mira.novak@example.org at it again?", case="mira's house")
    answer = gate.guard.look(look)
    assert rules(answer) == ["case-unknown", "purpose-unknown"]
    submission, body = gate.last()
    assert (body.purpose, body.case) == (None, None)
    assert b"mira" not in submission.records[0].body
    assert body.ask == ask_digest(look, body.principal, body.person)


@pytest.mark.parametrize(
    "bad", [{"look_id": "mira novak"}, {"look_id": "é"}, {"app": "a" * 65}, {"app": "tool of mira!"}]
)
def test_look_id_and_app_are_plain_names(gate, bad):
    """Both are recorded as they are, so they must be names of things: BadInput, nothing recorded."""
    with pytest.raises(BadInput):
        gate.guard.look(gate.ask(**bad))
    assert gate.journal.submissions == []


HARD = [
    "x' OR '1'='1",
    "'; DROP TABLE staff; --",
    '"',
    "%",
    "Zoë Ångström",
    "李雷",
    "👩",
    "e-aaaaaaaaaaaaaaaa",
    "a" * 200,
]


@pytest.mark.parametrize("hard", HARD)
def test_hard_ids_are_refused_on_record_like_any_unknown_one(gate, hard):
    """Ids that look like statements or like nothing else: unknown, refused, recorded, and nobody else is affected."""
    answer = gate.guard.look(gate.ask(principal=hard, person=hard, case=hard))
    assert rules(answer) == ["case-unknown", "person-unknown", "relation-unknown", "principal-unknown"]
    submission, body = gate.last()
    assert submission.records[0].stream == stream_of(hard)
    assert body.principal == gate.names.principal(hard)
    assert isinstance(gate.guard.look(gate.ask()), Shown)


def test_nothing_of_an_answer_prints_a_value_or_an_id(gate):
    """reprs of looks and answers may end in a log: they show neither values nor ids nor the reason's words."""
    look = gate.ask()
    shown, refused = gate.guard.look(look), gate.guard.look(gate.ask("finn", "kate"))
    for text in (repr(look), repr(shown), repr(refused), repr(gate.guard)):
        assert not any(word in text for word in ("203.0.113", "ana", "mira", "kate", "protected", "T-100")), text


def test_many_looks_at_once_are_each_recorded_and_answered(gate):
    """Twenty threads, two guards over one journal, own keys: as many records as looks, each with its own answer."""
    guards = [gate.guard, gate.another()]
    looks = [gate.ask() if n % 2 else gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200") for n in range(60)]
    answers = _at_once(looks, lambda n, look: guards[n % 2].look(look))
    assert all(isinstance(answer, Shown) for answer in answers), answers
    assert [answer.look_id for answer in answers] == [look.look_id for look in looks]
    assert sorted(body.look for body in gate.bodies()) == sorted(look.look_id for look in looks)
    assert len({answer.index for answer in answers}) == len(looks)


def test_one_look_asked_by_many_at_once_is_one_record(gate):
    """The same key twenty times at the same moment, through two guards: one record, and everybody gets its answer."""
    guards = [gate.guard, gate.another()]
    look = gate.ask()

    def tick(n, look):
        gate.clock.turn(MS)
        return guards[n % 2].look(renamed(look, look_id=f"id-{n}"))

    answers = _at_once([look] * 20, tick)
    assert len(gate.journal.submissions) == 1
    assert all(answer == answers[0] for answer in answers), answers


def test_threads_do_not_turn_the_clock_back(gate):
    """A clock that only goes forward never makes `clock-went-back` speak, however threads meet."""
    tick = threading.Lock()

    def forward():
        with tick:
            return gate.clock.turn(timedelta(microseconds=300))

    guard = gate.another(clock=forward)
    answers = _at_once([gate.ask() for _ in range(80)], lambda _, look: guard.look(look))
    assert {type(answer) for answer in answers} == {Shown}


def _at_once(looks, run):
    """`run(n, look)` for each look on a thread of its own, begun together; answers, or what was raised, in order."""
    answers, start = [None] * len(looks), threading.Barrier(len(looks))

    def one(n):
        start.wait()
        try:
            answers[n] = run(n, looks[n])
        except Exception as error:
            answers[n] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(looks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
