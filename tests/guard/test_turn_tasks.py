# SPDX-License-Identifier: Apache-2.0
"""Turns of tasks: hands work for them, a loop is woken once for a group, and whoever gives up waiting stops nobody."""

import asyncio
import contextvars
import random
import threading
from types import SimpleNamespace

import pytest
from tests.guard.test_turn import PATIENCE_S, alone, joined, sharing, until

from whosaw.errors import Busy, OutcomeUnknown, Unavailable
from whosaw.guard import posted
from whosaw.guard import turn as module
from whosaw.guard.turn import HANDS, MOST, Turn


@pytest.fixture
def turn():
    made = Turn(1)
    yield made
    closed(made)


def closed(turn):
    """It ends, all its hands with it, and its turn is free."""
    thread = threading.Thread(target=turn.close, daemon=True)
    thread.start()
    joined(thread)
    assert (turn._free, turn._idle, list(turn._new), turn._threads) == (1, [], [], set())


def run(task):
    return asyncio.run(asyncio.wait_for(task, PATIENCE_S))


async def come(turn, number):
    """So many wait in the queue."""
    await asyncio.to_thread(until, lambda: len(turn._new) == number)


async def begun(turn, what, work):
    """A task whose work was taken up, alone."""
    before, task = len(work.groups), asyncio.ensure_future(turn.share_async(what, work))
    await asyncio.to_thread(until, lambda: len(work.groups) > before)
    return task


class Held:
    """Work that a test lets go on: the groups that came, and who worked."""

    def __init__(self):
        self.groups, self.threads, self.go = [], set(), threading.Event()

    def __call__(self, group):
        self.groups.append(list(group))
        self.threads.add(threading.current_thread())
        assert self.go.wait(PATIENCE_S)


def test_tasks_that_come_while_somebody_works_are_in_the_next_group(turn):
    """Not one of them runs where the loop runs, and the loop is woken once for each group."""
    work, woken = Held(), []

    async def go():
        loop = asyncio.get_running_loop()
        on = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *args: (woken.append(args[0]), on(*args))[1]
        tasks = [await begun(turn, 0, work)]
        tasks += [asyncio.ensure_future(turn.share_async(n, work)) for n in range(1, MOST + 6)]
        await come(turn, MOST + 5)
        work.go.set()
        await asyncio.gather(*tasks)

    run(go())
    assert [len(group) for group in work.groups] == [1, MOST, 5]
    assert [n for group in work.groups for n in group] == list(range(MOST + 6))
    assert threading.current_thread() not in work.threads
    assert woken.count(posted._tell) == 3


def test_threads_and_tasks_are_in_one_group(turn):
    """Whoever works, works for both; and whoever waits for its turn with nothing to be worked on has it."""
    work, rest = Held(), Held()
    rest.go.set()
    first = sharing(turn, "thread", work)

    async def go():
        tasks = [asyncio.ensure_future(turn.share_async(n, rest)) for n in range(2)]
        await come(turn, 2)
        other = sharing(turn, "other", rest)
        tasks += [asyncio.ensure_future(turn.share_async(n, rest)) for n in range(2, 4)]
        await come(turn, 5)
        work.go.set()
        await asyncio.gather(*tasks)
        await asyncio.to_thread(joined, first, other)

    run(go())
    assert (work.groups, rest.groups) == ([["thread"]], [[0, 1, "other", 2, 3]])


def test_a_thread_takes_tasks_along(turn):
    """It comes when the turn is free and all hands wait for the disk."""
    asides, back = [], threading.Event()

    def disk(_):
        with turn.aside():
            asides.append(1)
            assert back.wait(PATIENCE_S)

    async def go():
        tasks = []
        for n in range(HANDS):
            tasks.append(asyncio.ensure_future(turn.share_async(n, disk)))
            await asyncio.to_thread(until, lambda n=n: len(asides) > n)
        assert (len(turn._threads), turn._free) == (HANDS, 1)
        late = [asyncio.ensure_future(turn.share_async(n, disk)) for n in "ab"]
        await come(turn, 2)
        await asyncio.sleep(0.02)
        assert len(turn._new) == 2  # nobody has a hand for them
        took = []
        await asyncio.to_thread(turn.share, "thread", took.extend)
        await asyncio.gather(*late)
        assert took == ["thread", "a", "b"]
        later = asyncio.ensure_future(turn.share_async("c", disk))
        await come(turn, 1)
        back.set()  # a hand that comes back does it
        await asyncio.gather(later, *tasks)

    run(go())
    assert len(asides) == HANDS + 1


def test_what_is_cancelled_before_it_is_begun_is_not_begun(turn):
    """Also where it is all that waits: the turn is free then."""
    work, rest = Held(), []

    async def go():
        first = await begun(turn, "first", work)
        tasks = [asyncio.ensure_future(turn.share_async(n, rest.extend)) for n in range(4)]
        await come(turn, 4)
        for each in (tasks[0], tasks[2]):
            each.cancel()
        assert [type(made) for made in await asyncio.gather(tasks[0], tasks[2], return_exceptions=True)] == [
            asyncio.CancelledError
        ] * 2
        work.go.set()
        await asyncio.gather(first, tasks[1], tasks[3])
        assert rest == [1, 3]
        work.go.clear()
        first = await begun(turn, "again", work)
        alone_ = asyncio.ensure_future(turn.share_async("nobody", rest.extend))
        await come(turn, 1)
        alone_.cancel()
        await asyncio.gather(alone_, return_exceptions=True)
        work.go.set()
        await first

    run(go())
    assert rest == [1, 3]
    alone(turn)


def test_what_is_cancelled_while_it_is_worked_on_is_done_to_its_end(turn):
    work = Held()

    async def go():
        loop, said = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda _, context: said.append(context))
        first = await begun(turn, "first", work)
        tasks = [asyncio.ensure_future(turn.share_async(n, work)) for n in range(3)]
        await come(turn, 3)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        work.go.set()
        await asyncio.gather(*tasks)
        assert said == []

    run(go())
    assert work.groups == [["first"], [0, 1, 2]]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("fault", [ZeroDivisionError, SystemExit, StopIteration])
def test_work_that_raises_is_said_to_each_task_and_the_hand_lives_on(turn, inside, fault):
    def breaks(_):
        if inside:
            with turn.aside():
                raise fault
        raise fault

    async def go():
        for _ in range(2):
            made = await asyncio.gather(*(turn.share_async(n, breaks) for n in range(3)), return_exceptions=True)
            assert [(type(each), type(each.__cause__)) for each in made] == [(OutcomeUnknown, fault)] * 3
            assert fault.__name__ in str(made[0])  # what it was, and nothing of what was asked
        done = []
        await turn.share_async(7, done.extend)
        assert done == [7]

    run(go())
    alone(turn)


def test_a_loop_that_is_gone_harms_nobody(turn):
    """What it asked for is done; the next loop is served."""
    work = Held()

    async def leave():
        await begun(turn, "gone", work)

    asyncio.run(leave())
    work.go.set()
    done = []
    run(turn.share_async("next", done.extend))
    assert (work.groups, done) == ([["gone"]], ["next"])


def test_two_loops_share_a_group(turn):
    work = Held()

    async def go(*what):
        await asyncio.gather(*(turn.share_async(each, work) for each in what))

    threads = [threading.Thread(target=run, args=(go("first"),), daemon=True)]
    threads[0].start()
    until(lambda: work.groups)
    threads += [threading.Thread(target=run, args=(go(n, n + 1),), daemon=True) for n in (0, 10)]
    for thread in threads[1:]:
        thread.start()
    until(lambda: len(turn._new) == 4)
    work.go.set()
    joined(*threads)
    assert [sorted(map(str, group)) for group in work.groups] == [["first"], ["0", "1", "10", "11"]]


def test_hands_go_when_nobody_needs_them(monkeypatch, turn):
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    done = []
    run(turn.share_async(1, done.extend))
    until(lambda: not turn._threads)
    assert turn._idle == []
    run(turn.share_async(2, done.extend))
    assert done == [1, 2]


def test_closing_waits_for_what_was_taken_and_takes_nothing_more(turn):
    """Also for what had not begun, and whose loop is the one that closes."""
    work = Held()

    async def go():
        tasks = [await begun(turn, 0, work)]
        tasks += [asyncio.ensure_future(turn.share_async(n, work)) for n in range(1, 4)]
        await come(turn, 3)
        closing = asyncio.ensure_future(asyncio.to_thread(turn.close))
        await asyncio.to_thread(until, lambda: turn._closed)
        with pytest.raises(Unavailable, match="closed"):
            await turn.share_async("late", work)
        assert not closing.done()
        work.go.set()
        await closing
        assert work.groups == [[0], [1, 2, 3]]
        await asyncio.gather(*tasks)
        turn.close()

    run(go())


class NoThread:
    """``threading.Thread`` of a system that has none left."""

    def __init__(self, **_):
        pass

    def start(self):
        raise RuntimeError("can't start new thread")


def test_where_no_thread_can_be_started_whoever_asks_is_told(monkeypatch, turn):
    """And where there is a hand, whoever comes waits for it."""
    there = threading.Thread
    monkeypatch.setattr(
        module, "threading", SimpleNamespace(Lock=threading.Lock, Thread=NoThread, current_thread=threading.current_thread)
    )  # fmt: skip
    with pytest.raises(Busy, match="nothing was recorded"):
        run(turn.share_async(1, [].extend))
    module.threading.Thread = there
    work = Held()

    async def go():
        first = await begun(turn, "first", work)
        module.threading.Thread = NoThread
        second = asyncio.ensure_future(turn.share_async("second", work))
        await come(turn, 1)
        work.go.set()
        await asyncio.gather(first, second)

    run(go())
    assert work.groups == [["first"], ["second"]]


def test_where_too_many_wait_whoever_comes_is_told_and_waits_for_nobody(monkeypatch, turn):
    """As over HTTP before there were tasks: one tool's batches are no reason that everybody waits for minutes."""
    monkeypatch.setattr(module, "WAITING", 3)
    work = Held()

    async def go():
        tasks = [await begun(turn, "first", work)]
        tasks += [asyncio.ensure_future(turn.share_async(n, work)) for n in range(3)]
        await come(turn, 3)
        with pytest.raises(Busy, match="nothing was recorded"):
            await turn.share_async("more", work)
        work.go.set()
        await asyncio.gather(*tasks)
        await turn.share_async("again", work)

    run(go())
    assert work.groups == [["first"], [0, 1, 2], ["again"]]


def test_each_works_for_itself_where_there_is_a_turn_for_each():
    """Many at once, and no more than there are hands for; a group is one."""
    turn, inside, most, lock = Turn(None), [], [], threading.Lock()
    barrier = threading.Barrier(module.ALONE)

    def work(group):
        with lock:
            inside.append(group)
            most.append(len(inside))
        barrier.wait(PATIENCE_S)
        with turn.aside():
            pass
        with lock:
            inside.pop()

    async def go():
        await asyncio.gather(*(turn.share_async(n, work) for n in range(2 * module.ALONE)))

    run(go())
    turn.close()
    assert max(most) == module.ALONE
    assert len(most) == 2 * module.ALONE


def test_a_task_keeps_its_context(turn):
    """And whoever works for it has none of it."""
    who, seen = contextvars.ContextVar("who", default="nobody"), []

    async def ask(name):
        who.set(name)
        await turn.share_async(name, lambda _: seen.append(who.get()))
        return who.get()

    async def go():
        return await asyncio.gather(*map(ask, "abc"))

    assert run(go()) == ["a", "b", "c"]
    assert set(seen) == {"nobody"}


def test_whatever_comes_together_nobody_waits_for_ever(turn):
    """Threads and tasks of two loops at random, some of which give up, with disks that are slow or fail: each that stays is worked for once."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    worked, gave_up, lock = [], set(), threading.Lock()

    def work(group):
        with turn.aside() as aside:
            woken = threading.Lock()
            woken.acquire()
            threading.Timer(rng.random() / 500, aside.admit, (woken.release,)).start()
            assert woken.acquire(timeout=PATIENCE_S)
        with lock:
            worked.extend(group)

    async def one(name):
        await asyncio.sleep(rng.random() / 50)
        task = asyncio.ensure_future(turn.share_async(name, work))
        if rng.random() < 0.2:
            await asyncio.sleep(rng.random() / 100)
            if task.cancel():
                gave_up.add(name)
        await asyncio.gather(task, return_exceptions=True)

    async def many(loop):
        await asyncio.gather(*(one((loop, n)) for n in range(300)))

    def thread(which):
        for n in range(20):
            turn.share((which, n), work)

    threads = [threading.Thread(target=run, args=(many(loop),), daemon=True) for loop in "ab"]
    threads += [threading.Thread(target=thread, args=(n,), daemon=True) for n in range(8)]
    for each in threads:
        each.start()
    joined(*threads)
    closed(turn)
    everybody = {(loop, n) for loop in "ab" for n in range(300)} | {(t, n) for t in range(8) for n in range(20)}
    assert len(worked) == len(set(worked)), seed
    assert everybody - gave_up <= set(worked), seed
