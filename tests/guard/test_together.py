# SPDX-License-Identifier: Apache-2.0
"""Looks that are worked on together: each gets what it would have got alone, and what fails, fails for one of them."""

import random
import threading
from contextlib import closing

import pytest
from tests.directory.town import FakeJournal
from tests.guard.gate import FakeVault, Gate, Left, Signed

from whosaw.errors import Busy, IdempotencyConflict, OutcomeUnknown, Unavailable
from whosaw.guard.answer import Permitted, Refused, Shown
from whosaw.guard.one import One
from whosaw.guard.turn import Turn
from whosaw.model.stage import Stage

PATIENCE_S = 20
DECIDING = ("hold", "learn", "judge", "write")
STEPS = ("names", "find", "clock", *DECIDING, "record", "read back", "vault")


class Broken(Exception):
    """No error of ours."""


class Journal:
    """The gate's journal, several at once; `fates`: what becomes of a submission instead, by its key."""

    def __init__(self, journal):
        self.journal, self.fates, self.groups, self.opaque, self.whole = journal, {}, [], set(), None

    def submit(self, submission):
        self.groups.append(1)
        return self._one(submission)

    def submit_all(self, submissions, admit=None):
        self.groups.append(len(submissions))
        if self.whole is not None:
            raise self.whole
        made = []
        for each in submissions:
            try:
                made.append(self._one(each))
            except Exception as error:
                made.append(error)
        return made

    def _one(self, submission):
        fate = self.fates.pop(submission.key, None)
        if isinstance(fate, str):
            self.journal.fate = fate
        elif fate is not None:
            raise fate
        return self.journal.submit(submission)

    def find(self, caller, key):
        if key in self.opaque:
            raise Broken
        return self.journal.find(caller, key)

    def find_all(self, asked):
        return [outcome(lambda each=each: self.find(*each)) for each in asked]

    def receipt(self, recorded, stage, timeout):
        return self.journal.receipt(recorded, stage, timeout)


class Vault:
    """The gate's vault, several at once; `broken`: looks that it does not open for."""

    def __init__(self, vault):
        self.vault, self.broken, self.whole = vault, set(), None

    def open(self, look, recorded, decision, receipt, aside):
        if look.key in self.broken:
            raise Broken
        return self.vault.open(look, recorded, decision, receipt, aside)

    def open_all(self, granted, aside):
        if self.whole is not None:
            raise self.whole
        made = []
        for each in granted:
            try:
                made.append(self.open(each.look, each.recorded, each.decision, each.receipt, aside))
            except Exception as error:
                made.append(error)
        return made


class Together(Gate):
    """A gate whose looks are worked on together."""

    def anew(self):
        """Nobody has looked, and nothing is broken; the directory is what it was."""
        self.journal = FakeJournal()
        self.vault, self.quotas, self.approvals = FakeVault(self.journal), Left(), Signed()
        self.log, self.safe, self._drawn = Journal(self.journal), Vault(self.vault), 0
        self.guard = self.another(journal=self.log, vault=self.safe, turn=Turn(1))
        return self

    def at_once(self, looks, wait=Stage.DURABLE, opens=True):
        """What becomes of each: an answer, or an error."""
        ones = [One(look, wait, opens=opens) for look in looks]
        self.guard._turn.share(ones[0], lambda group: self.guard._work([*group, *ones[1:]]))
        return [outcome(one.became) for one in ones]


def until(true):
    for _ in range(PATIENCE_S * 1000):
        if true():
            return
        threading.Event().wait(0.001)
    raise AssertionError("waited in vain")


def outcome(ask):
    try:
        return ask()
    except Exception as error:
        return error


def said(answer):
    """What can be compared of an answer: leaves have other places in another order."""
    if isinstance(answer, Shown):
        return "shown", answer.look_id, answer.values, answer.decision
    if isinstance(answer, Permitted):
        return "permitted", answer.look_id, answer.decision
    if isinstance(answer, Refused):
        return "refused", answer.look_id, answer.decision, answer.told, answer.cause
    return type(answer), str(answer)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with closing(Together(tmp_path_factory.mktemp("gate"))) as gate:
        yield gate


@pytest.fixture
def gate(made):
    return made.anew()


def some_look(gate, n, rng):
    person, case = rng.choice(
        [("mira", "T-100"), ("owen", "F-200"), ("kate", "F-201"), ("nobody", "T-100"), ("mira", "T-1")]
    )
    return gate.ask(
        rng.choice(["ana", "ana", "finn", "leaker", "ghost"]), person, rng.choice(["ip:network", "profile", "ip:exact"]),
        rng.choice(["subject_request", "subject_request", "fraud_review", "curiosity"]), rng.choice([case, case, None]),
        look_id=rng.choice([f"l-{n}", f"l-{n}", "no name!"]), key=f"k-{rng.choice([n, n, n, 1])}",
    )  # fmt: skip


@pytest.mark.parametrize("opens", [True, False])
def test_together_each_gets_what_it_gets_alone(gate, opens):
    """Whatever is asked, by whomever, keys that came before among them; and the same again, which is a retry."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    looks = [some_look(gate, n, rng) for n in range(40)]
    journal = FakeJournal()
    alone = gate.another(journal=journal, vault=FakeVault(journal))
    ask = alone.look if opens else alone.evaluate
    for _ in range(2):
        expected = [said(outcome(lambda look=look: ask(look))) for look in looks]
        assert [said(made) for made in gate.at_once(looks, opens=opens)] == expected, seed
    assert [s.records for s in gate.journal.submissions] == [s.records for s in journal.submissions], seed
    assert journal.submissions, seed


def broken(gate, step, look):
    """Have `look`, and no other, fail at this step; what it then raises."""
    if step == "names":
        real = gate.names.person
        gate.guard._pseudonyms = type(
            "", (), {"person": staticmethod(lambda p: real(p) if p != look.person else boom())}
        )
    elif step == "find":
        gate.log.opaque = {look.key}
    elif step == "clock":
        gate.guard._at = lambda one, on=gate.guard._at: boom() if one.look is look else on(one)
    elif step in DECIDING:
        on = getattr(gate.guard, f"_{step}")
        setattr(gate.guard, f"_{step}", lambda one: boom() if one.look is look else on(one))
    elif step == "record":
        gate.log.fates = {look.key: Broken()}
    elif step == "read back":
        gate.guard._answer = lambda one, receipt, on=gate.guard._answer: (
            boom() if one.look is look else on(one, receipt)
        )
    else:
        gate.safe.broken = {look.key}


def boom():
    raise Broken


@pytest.mark.parametrize("step", STEPS)
def test_what_fails_at_any_step_fails_for_one(gate, step):
    looks = [gate.ask(), gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200"), gate.ask("leaker")]
    which = looks[1]
    broken(gate, step, which)
    shown, failed, refused = gate.at_once(looks)
    assert isinstance(shown, Shown)
    assert isinstance(failed, Broken)
    assert isinstance(refused, Refused)
    assert {look.key for look, _, _ in gate.vault.opened} == {looks[0].key}
    # What had come as far as its record stands there, and the others' do in any case.
    assert {key for _, key in gate.journal.records} == {looks[0].key, looks[2].key} | (
        {which.key} if step in {"read back", "vault"} else set()
    )


@pytest.mark.parametrize(
    ("fate", "raised", "back"),
    [("busy", Busy, 1), ("down", Unavailable, 0), ("lost", OutcomeUnknown, 0), ("late", OutcomeUnknown, 0)],
)
def test_a_record_that_failed_is_one_looks_own(gate, fate, raised, back):
    """And its place in the quotas comes back only where it is known that nothing is recorded."""
    looks = [gate.ask() for _ in range(3)]
    gate.log.fates = {looks[1].key: fate}
    one, failed, other = gate.at_once(looks)
    assert isinstance(failed, raised)
    assert isinstance(one, Shown)
    assert isinstance(other, Shown)
    assert len(gate.quotas.back) == back
    again = gate.guard.look(looks[1])  # the same key: the same look, whatever became of its record
    assert isinstance(again, Shown)
    assert len(gate.journal.records) == 3


@pytest.mark.parametrize(
    ("error", "back"), [(Busy("full", part="journal"), 2), (Unavailable("down", part="journal"), 0)]
)
def test_a_journal_that_takes_none_of_them_is_told_to_each(gate, error, back):
    gate.log.whole = error
    assert gate.at_once([gate.ask(), gate.ask()]) == [error, error]
    assert (len(gate.quotas.back), gate.vault.opened, gate.journal.records) == (back, [], {})


def test_a_vault_that_opens_for_none_of_them_is_told_to_each(gate):
    gate.safe.whole = Unavailable("down", part="sealed values")
    shown = gate.at_once([gate.ask(), gate.ask(), gate.ask("leaker")])
    assert [type(made) for made in shown] == [Unavailable, Unavailable, Refused]
    gate.safe.whole = None


def test_while_one_group_waits_for_what_it_may_show_to_be_kept_the_next_is_answered(gate):
    """The second disk of a look is waited for as the first one is: with no turn."""
    slow, kept, go = gate.ask(), threading.Event(), threading.Event()

    def keeping(look, recorded, decision, receipt, aside, on=gate.safe.open):
        if look is slow:
            with aside():
                kept.set()
                assert go.wait(PATIENCE_S)
        return on(look, recorded, decision, receipt, aside)

    gate.safe.open, made = keeping, []
    thread = threading.Thread(target=lambda: made.append(gate.guard.look(slow)), daemon=True)
    thread.start()
    assert kept.wait(PATIENCE_S)
    meanwhile = threading.Thread(target=lambda: made.append(gate.guard.look(gate.ask())), daemon=True)
    meanwhile.start()
    meanwhile.join(PATIENCE_S)
    assert [type(one) for one in made] == [Shown]
    go.set()
    thread.join(PATIENCE_S)
    assert [type(one) for one in made] == [Shown, Shown]
    assert gate.guard._turn._free == 1


def test_the_same_key_twice_in_one_group_is_one_look_or_a_conflict(gate):
    look = gate.ask()
    one, same, other = gate.at_once([look, look, gate.ask("ana", "owen", case="F-200", key=look.key)])
    assert isinstance(one, Shown)
    assert said(one) == said(same)
    assert isinstance(other, IdempotencyConflict)
    assert len(gate.journal.records) == 1


def test_a_look_that_waits_for_more_than_the_disk_waits_by_itself(gate):
    """Its record goes in with the others', and they do not wait for its witnesses."""
    gate.journal.reached = {Stage.PUBLISHED}
    ones = [One(gate.ask(), wait, opens=True) for wait in (Stage.DURABLE, Stage.PUBLISHED, Stage.DURABLE)]
    gate.guard._work(ones)
    assert [isinstance(one.answer, Shown) for one in ones] == [True, False, True]
    assert [one.waits for one in ones] == [False, True, False]
    assert (gate.journal.waited, gate.log.groups) == ([], [3])
    assert isinstance(gate.guard.look(ones[1].look, Stage.PUBLISHED), Shown)
    assert [stage for stage, _ in gate.journal.waited] == [Stage.PUBLISHED]


@pytest.mark.parametrize("step", ["before the record", "after the record", "before the vault"])
def test_whoever_is_interrupted_takes_nobody_down_and_shows_nothing(gate, step):
    """The thread that works for others is stopped: they are told so, and the same look again is answered from the same record."""
    looks = [gate.ask() for _ in range(4)]
    begun, go = threading.Event(), threading.Event()

    def first(_):
        begun.set()
        assert go.wait(PATIENCE_S)

    blocking = threading.Thread(target=gate.guard._turn.share, args=(None, first), daemon=True)
    blocking.start()
    assert begun.wait(PATIENCE_S)
    name = {"before the record": "_record", "after the record": "_release", "before the vault": "_opened"}[step]
    real = getattr(gate.guard, name)

    def stopped(*_):
        setattr(gate.guard, name, real)  # once
        raise KeyboardInterrupt

    setattr(gate.guard, name, stopped)
    became = {}

    def ask(look):
        try:
            became[look.key] = gate.guard.look(look)
        except BaseException as error:
            became[look.key] = error

    threads = [threading.Thread(target=ask, args=(look,), daemon=True) for look in looks]
    for thread in threads:
        thread.start()
    until(lambda: len(gate.guard._turn._new) == 4)
    go.set()
    for thread in [blocking, *threads]:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert sorted(type(made).__name__ for made in became.values()) == ["KeyboardInterrupt", *["OutcomeUnknown"] * 3]
    assert gate.vault.opened == []
    assert len(gate.journal.records) == (0 if step == "before the record" else 4)
    assert all(isinstance(gate.guard.look(look), Shown) for look in looks)
    assert len(gate.journal.records) == 4


def test_threads_that_come_at_once_share_their_records(gate):
    """Not one after the other: while one works, the others gather, and are one group."""
    begun, go = threading.Event(), threading.Event()

    def first(_):
        begun.set()
        assert go.wait(PATIENCE_S)

    threads = [threading.Thread(target=gate.guard._turn.share, args=(None, first), daemon=True)]
    threads[0].start()
    assert begun.wait(PATIENCE_S)
    answers = []
    threads += [
        threading.Thread(target=lambda look=look: answers.append(gate.guard.look(look)), daemon=True)
        for look in [gate.ask() for _ in range(9)]
    ]
    for thread in threads[1:]:
        thread.start()
    until(lambda: len(gate.guard._turn._new) == 9)
    go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert {type(answer) for answer in answers} == {Shown}
    assert gate.log.groups == [9]
