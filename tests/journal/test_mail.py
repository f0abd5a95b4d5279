# SPDX-License-Identifier: Apache-2.0
"""Tasks that wait: one wake-up a group, every answer of the sequencer's and no other, and a loop that is gone harms nobody."""

import asyncio
import threading
import time

import pytest
from tests.journal.test_journal import Gated, one, running, world_files
from tests.journal.world import World

from whosaw.errors import Busy, IdempotencyConflict, NotCanonical, OutcomeUnknown, Unavailable
from whosaw.journal.mail import Box, Mail
from whosaw.journal.queue import LIMIT
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream


@pytest.fixture
def world():
    return World()


@pytest.fixture
def gated(world):
    """A journal whose next write waits for `gate`."""
    world.private = Gated(world.faults, world.clock)
    world.private.entered, world.private.gate = threading.Event(), threading.Event()
    world.private.files = world_files()
    return world


async def until(true):
    while not true():  # noqa: ASYNC110 - what is waited for happens on a thread
        await asyncio.sleep(0.001)


async def all_of(journal, *submissions):
    return await asyncio.gather(*map(journal.submit_async, submissions), return_exceptions=True)


def test_tasks_get_what_threads_get(world):
    """The same receipt for the same key, whoever asks; a conflict, a bad body and a closed journal are said alike."""
    with running(world) as journal:
        (made,) = asyncio.run(all_of(journal, one()))
        assert made.receipt == journal.submit(one()).receipt
        conflict, bad = asyncio.run(
            all_of(journal, one(text="bye"), Submission("test", "x", (Record(Stream.of_person("anna"), b"{}"),)))
        )
        assert isinstance(conflict, IdempotencyConflict)
        assert isinstance(bad, NotCanonical)
    assert isinstance(asyncio.run(all_of(journal, one("late")))[0], Unavailable)
    world.settle()


def test_a_loop_is_woken_once_for_a_group(gated):
    """Forty tasks, of whom the first is being written: two groups, two wake-ups."""
    woken = []

    async def main(journal):
        loop = asyncio.get_running_loop()
        call, ours = loop.call_soon_threadsafe, threading.current_thread()
        first = asyncio.create_task(journal.submit_async(one("first")))
        await until(gated.private.entered.is_set)
        others = [asyncio.create_task(journal.submit_async(one(f"k-{n}"))) for n in range(39)]
        await until(lambda: len(journal._queue._waiting) == 39)

        def counting(*given, **more):
            if threading.current_thread().name == "whosaw-sequencer":
                woken.append(given)
            return call(*given, **more)

        loop.call_soon_threadsafe = counting
        assert not first.done()
        assert threading.current_thread() is ours
        gated.private.gate.set()
        return await asyncio.gather(first, *others)

    with running(gated) as journal:
        made = asyncio.run(main(journal))
    assert len({recorded.leaves[-1].index for recorded in made}) == 40
    assert len(woken) == 2
    gated.settle()


def test_no_task_is_answered_before_the_write_returned(gated):
    """While the disk works, nobody's task is done."""

    async def main(journal):
        task = asyncio.create_task(journal.submit_async(one()))
        await until(gated.private.entered.is_set)
        done, _ = await asyncio.wait([task], timeout=0.05)
        assert not done
        gated.private.gate.set()
        assert (await task).first == 1

    with running(gated) as journal:
        asyncio.run(main(journal))


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_a_failed_write_is_unknown_to_every_task(world, fate):
    """All that wait in the group are told."""
    with running(world) as journal:
        world.faults.arm("append", fate)
        found = asyncio.run(all_of(journal, *(one(f"k-{n}") for n in range(5))))
        assert {type(error) for error in found} in ({OutcomeUnknown}, {OutcomeUnknown, Unavailable})
    world.settle()


def test_a_full_queue_says_busy_to_a_task(gated):
    """At once, and nothing of it is recorded."""

    async def main(journal):
        first = asyncio.create_task(journal.submit_async(one("first")))
        await until(gated.private.entered.is_set)
        waiting = [journal.enqueue(one(f"k-{n}")) for n in range(LIMIT)]
        with pytest.raises(Busy):
            await journal.submit_async(one("one too many"))
        gated.private.gate.set()
        await first
        return waiting

    with running(gated) as journal:
        assert [future.result(60) for future in asyncio.run(main(journal))]
        assert journal.find("test", "one too many") is None


def test_a_task_that_gives_up_has_recorded_all_the_same(gated):
    """Cancelling tells nobody else anything; whoever asks by key finds the record."""

    async def main(journal):
        task = asyncio.create_task(journal.submit_async(one()))
        await until(gated.private.entered.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gated.private.gate.set()
        return await journal.submit_async(one("next"))

    with running(gated) as journal:
        assert asyncio.run(main(journal)).first == 3
        assert journal.find("test", "k").first == 1


def test_a_loop_that_was_closed_harms_nobody(gated):
    """Its tasks are gone; the next loop, and threads, are answered."""

    async def leave(journal):
        task = asyncio.create_task(journal.submit_async(one("gone")))
        await until(gated.private.entered.is_set)
        task.cancel()

    with running(gated) as journal:
        asyncio.run(leave(journal))
        gated.private.gate.set()
        assert journal.submit(one("thread")).leaves[-1].i == 2
        assert asyncio.run(journal.submit_async(one("task"))).leaves[-1].i == 3
        assert journal.find("test", "gone").first == 1


def test_boxes_of_closed_loops_are_dropped():
    """One box a loop that is open."""
    mail = Mail()

    async def box():
        assert mail.box() is mail.box()
        return mail.box()

    assert len({id(asyncio.run(box())) for _ in range(3)}) >= 1
    assert len(mail._boxes) == 1


def test_loops_that_come_at_once_have_a_box_each():
    """While one loop looks through the boxes, another one comes: neither box is left out, or who waits there waits for ever."""
    mail, inside, loops = Mail(), threading.Event(), [asyncio.new_event_loop() for _ in range(2)]

    async def box():
        return mail.box()

    class Slow(type(loops[0])):
        def is_closed(self):
            inside.set()
            time.sleep(0.2)
            return super().is_closed()

    slow = Slow()
    mail._boxes = {0: Box(slow)}
    first = threading.Thread(target=loops[0].run_until_complete, args=(box(),))
    first.start()
    inside.wait()
    loops[1].run_until_complete(box())
    first.join()
    assert {each.loop for each in mail._boxes.values()} == {slow, loops[0], loops[1]}
    for loop in (*loops, slow):
        loop.close()


def test_a_cold_key_does_not_hold_up_the_loop(world):
    """What has to be asked for is asked for on another thread; what is warm is not."""
    asked = []
    of = world.keys.of

    def noting(stream):
        asked.append(threading.current_thread())
        return of(stream)

    world.keys.of = noting

    async def main(journal):
        await journal.submit_async(one("1"))
        await journal.submit_async(one("2"))
        return threading.current_thread()

    with running(world) as journal:
        ours = asyncio.run(main(journal))
    assert len(asked) == 1
    assert asked[0] is not ours
