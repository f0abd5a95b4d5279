# SPDX-License-Identifier: Apache-2.0
"""Looks of tasks: what a thread is answered, by the same steps; and whoever gives up is shown nothing, and may ask again."""

import asyncio
import contextvars
import random
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from tests.directory.town import FakeJournal
from tests.guard.gate import FakeVault
from tests.guard.test_together import STEPS, Broken, Together, broken, outcome, said, some_look, until
from tests.policy.ground import POLICY

from whosaw.errors import Busy, OutcomeUnknown, Unavailable
from whosaw.guard.answer import Permitted, Refused, Shown
from whosaw.guard.turn import Turn
from whosaw.model.stage import Stage

PATIENCE_S = 20


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with closing(Together(tmp_path_factory.mktemp("gate"))) as gate:
        yield gate


@pytest.fixture
def gate(made):
    yield made.anew()
    made.guard.close()


def run(task):
    return asyncio.run(asyncio.wait_for(task, PATIENCE_S))


async def whatever(*asked):
    """What becomes of each, asked at once."""
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("opens", [True, False])
def test_a_task_gets_what_a_thread_gets(gate, opens):
    """Whatever is asked, by whomever; one after the other, and the same again, which is a retry."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    looks = [some_look(gate, n, rng) for n in range(40)]
    journal = FakeJournal()
    alone = gate.another(journal=journal, vault=FakeVault(journal))
    ask = alone.look if opens else alone.evaluate
    asked = gate.guard.look_async if opens else gate.guard.evaluate_async

    async def each():
        return [(await whatever(asked(look)))[0] for look in looks]

    for _ in range(2):
        expected = [said(outcome(lambda look=look: ask(look))) for look in looks]
        assert [said(made) for made in run(each())] == expected, seed
    assert [s.records for s in gate.journal.submissions] == [s.records for s in journal.submissions], seed


@pytest.mark.parametrize("step", STEPS)
def test_what_fails_at_any_step_fails_for_one_task(gate, step):
    looks = [gate.ask(), gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200"), gate.ask("leaker")]
    broken(gate, step, looks[1])
    shown, failed, refused = run(whatever(*map(gate.guard.look_async, looks)))
    assert isinstance(shown, Shown)
    assert isinstance(failed, Broken)
    assert isinstance(refused, Refused)
    assert {look.key for look, _, _ in gate.vault.opened} == {looks[0].key}
    assert {key for _, key in gate.journal.records} == {looks[0].key, looks[2].key} | (
        {looks[1].key} if step in {"read back", "vault"} else set()
    )


@pytest.mark.parametrize(
    "fate", [("busy", Busy), ("down", Unavailable), ("lost", OutcomeUnknown), ("late", OutcomeUnknown)]
)
def test_a_record_that_failed_shows_nothing_and_the_same_key_is_the_same_look(gate, fate):
    look = gate.ask()
    gate.log.fates = {look.key: fate[0]}
    assert isinstance(run(whatever(gate.guard.look_async(look)))[0], fate[1])
    assert gate.vault.opened == []
    assert isinstance(run(gate.guard.look_async(look)), Shown)
    assert len(gate.journal.records) == 1


class Slow:
    """A step of the gate that waits for a word; `begun` when somebody is there."""

    def __init__(self, on):
        self.on, self.begun, self.go = on, threading.Event(), threading.Event()

    def __call__(self, *given):
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return self.on(*given)


@pytest.mark.parametrize("at", ["record", "vault"])
def test_who_is_cancelled_is_shown_nothing_and_asks_again_for_the_same_look(gate, at):
    """The look goes its way to the end: whether it is recorded does not depend on who still waits."""
    look, other = gate.ask(), gate.ask()
    where = (gate.log, "submit") if at == "record" else (gate.safe, "open")
    slow = Slow(getattr(*where))
    setattr(*where, slow)

    async def go():
        task = asyncio.ensure_future(gate.guard.look_async(look))
        await asyncio.to_thread(slow.begun.wait, PATIENCE_S)
        task.cancel()
        assert isinstance((await whatever(task))[0], asyncio.CancelledError)
        slow.go.set()
        assert isinstance(await gate.guard.look_async(other), Shown)
        gate.guard.close()

    run(go())
    assert {key for _, key in gate.journal.records} == {look.key, other.key}
    gate.guard._turn = Turn(1)
    assert isinstance(gate.guard.look(look), Shown)
    assert len(gate.journal.records) == 2


def test_who_is_cancelled_before_it_began_left_no_record(gate):
    first, look = gate.ask(), gate.ask()
    slow = gate.guard._clock = Slow(gate.clock)

    async def go():
        one = asyncio.ensure_future(gate.guard.look_async(first))
        await asyncio.to_thread(slow.begun.wait, PATIENCE_S)
        two = asyncio.ensure_future(gate.guard.look_async(look))
        await asyncio.sleep(0)
        two.cancel()
        await whatever(two)
        slow.go.set()
        assert isinstance(await one, Shown)

    run(go())
    assert {key for _, key in gate.journal.records} == {first.key}


def test_closing_ends_what_was_begun_and_nothing_begins(gate):
    """A task that is gone leaves its look to the gate: it is done before the journal closes."""
    look = gate.ask()
    slow = Slow(gate.log.submit)
    gate.log.submit = slow

    async def leave():
        asyncio.ensure_future(gate.guard.look_async(look))  # noqa: RUF006
        await asyncio.to_thread(slow.begun.wait, PATIENCE_S)

    asyncio.run(leave())
    closing_ = threading.Thread(target=gate.guard.close, daemon=True)
    closing_.start()
    until(lambda: gate.guard._turn._closed)
    assert closing_.is_alive()
    slow.go.set()
    closing_.join(PATIENCE_S)
    assert not closing_.is_alive()
    assert {key for _, key in gate.journal.records} == {look.key}
    for ask in (gate.guard.look_async, gate.guard.evaluate_async):
        assert isinstance(run(whatever(ask(gate.ask())))[0], Unavailable)
    assert isinstance(run(whatever(gate.guard.look_async(gate.ask(break_glass=True))))[0], Unavailable)
    assert len(gate.journal.records) == 1


def demanding(stage):
    return replace(POLICY, purposes={code: replace(one, stage=stage) for code, one in POLICY.purposes.items()})


def test_who_waits_for_a_witness_holds_up_no_other_task(gate):
    """Each waits on a thread of its own; a look that need not wait is answered meanwhile."""
    witnesses = Slow(gate.log.receipt)
    gate.log.receipt = witnesses
    gate.journal.reached = set(Stage)

    async def go():
        waiting = [asyncio.ensure_future(gate.guard.look_async(gate.ask(), Stage.WITNESSED)) for _ in range(20)]
        await asyncio.to_thread(witnesses.begun.wait, PATIENCE_S)
        assert isinstance(await gate.guard.look_async(gate.ask()), Shown)
        assert len(gate.vault.opened) == 1
        witnesses.go.set()
        return await asyncio.gather(*waiting)

    shown = run(go())
    assert {type(each) for each in shown} == {Shown}
    assert {each.receipt[:9] for each in shown} == {b"witnessed"}


def test_waiting_in_vain_is_said_to_the_task(gate):
    look = gate.ask()
    made = run(whatever(gate.guard.look_async(look, Stage.WITNESSED)))[0]
    assert isinstance(made, Unavailable)
    assert "same key" in made.hint
    assert gate.vault.opened == []
    gate.journal.reached = set(Stage)
    assert isinstance(run(gate.guard.look_async(look, Stage.WITNESSED)), Shown)
    assert len(gate.journal.submissions) == 1


class System:
    """``guard.ports.Cases``: says in whose name it was asked, and waits for a word."""

    def __init__(self, who):
        self.who, self.asked, self.go = who, [], threading.Event()

    def see(self, case):
        self.asked.append((case, self.who.get(), threading.current_thread()))
        assert self.go.wait(PATIENCE_S)
        return ""


def test_a_system_that_keeps_cases_is_asked_off_the_loop_and_in_the_tasks_context(gate):
    who = contextvars.ContextVar("who", default="nobody")
    system = System(who)
    guard = gate.another(journal=gate.log, vault=gate.safe, turn=Turn(1), cases=system)
    look = gate.ask()

    async def go():
        who.set("ana")
        tasks = [asyncio.ensure_future(guard.look_async(each)) for each in (look, gate.ask())]
        await asyncio.to_thread(until, lambda: len(system.asked) == 2)  # both at once, and the loop goes on
        system.go.set()
        made = await asyncio.gather(*tasks)
        return [*made, await guard.look_async(look)]

    made = run(go())
    assert {type(each) for each in made} == {Shown}
    assert [(case, name) for case, name, _ in system.asked] == [("T-100", "ana")] * 2  # a retry asks nobody
    assert threading.current_thread() not in {thread for _, _, thread in system.asked}
    guard.close()


def test_a_glass_is_broken_on_a_thread_of_its_own(gate):
    looks = [gate.ask("finn", "owen", "ip:exact", "incident_response", break_glass=True), gate.ask()]
    alone = outcome(lambda: gate.another(journal=FakeJournal()).look(looks[0]))
    glass, plain = run(whatever(*map(gate.guard.look_async, looks)))
    assert said(glass)[0] == said(alone)[0] == "refused"
    assert isinstance(plain, Shown)
    assert gate.log.groups == [1, 1]


def test_tasks_and_threads_that_come_at_once_share_their_records(gate):
    begun, go = threading.Event(), threading.Event()

    def first(_):
        begun.set()
        assert go.wait(PATIENCE_S)

    answers = []
    threads = [threading.Thread(target=gate.guard._turn.share, args=(None, first), daemon=True)]
    threads[0].start()
    assert begun.wait(PATIENCE_S)
    threads += [
        threading.Thread(target=lambda look=look: answers.append(gate.guard.look(look)), daemon=True)
        for look in [gate.ask() for _ in range(4)]
    ]
    for thread in threads[1:]:
        thread.start()

    async def tasks():
        asked = [asyncio.ensure_future(gate.guard.evaluate_async(gate.ask())) for _ in range(5)]
        await asyncio.to_thread(until, lambda: len(gate.guard._turn._new) == 9)
        go.set()
        return await asyncio.gather(*asked)

    answers += run(tasks())
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert sorted(type(answer).__name__ for answer in answers) == [Permitted.__name__] * 5 + [Shown.__name__] * 4
    assert gate.log.groups == [9]
