# SPDX-License-Identifier: Apache-2.0
"""The lane: all work is done once, answers find who waits, and what is too much is said to be."""

import asyncio
import threading
import time

import pytest

from whosaw.api.lane import Lane
from whosaw.errors import Busy


def test_many_at_once():
    """A thousand pieces on a few threads, each answered with its own."""
    with Lane(4, 4) as lane:

        async def go():
            return await asyncio.gather(
                *(lane.run(lambda n=n: (n, threading.current_thread().name)) for n in range(1000))
            )

        got = asyncio.run(go())
    assert [n for n, _ in got] == list(range(1000))
    assert 1 <= len({name for _, name in got}) <= 4


def test_what_waits_for_the_same_is_done_at_once():
    """Where all threads are stuck there are more of them: a hundred wait for one barrier."""
    barrier = threading.Barrier(100)
    with Lane(4, 100) as lane:
        got = asyncio.run(lane_all(lane, [lambda: barrier.wait(10) >= 0] * 100))
    assert got == [True] * 100


async def lane_all(lane, works):
    return await asyncio.gather(*map(lane.run, works))


def test_an_error_goes_to_whoever_waits():
    """And the thread lives on."""
    with Lane(1, 1) as lane:
        with pytest.raises(ZeroDivisionError):
            asyncio.run(lane.run(lambda: 1 / 0))
        assert asyncio.run(lane.run(lambda: 7)) == 7


def test_an_error_that_no_future_takes_keeps_nobody_waiting():
    """Neither whoever asked, nor those whose work was done at the same moment."""
    barrier = threading.Barrier(4)

    def broken():
        barrier.wait(10)
        raise StopIteration

    async def go():
        works = [broken, *[lambda: barrier.wait(10) >= 0] * 3]
        async with asyncio.timeout(5):
            return await asyncio.gather(*map(lane.run, works), return_exceptions=True)

    with Lane(4, 4) as lane:
        failed, *others = asyncio.run(go())
    assert type(failed) is RuntimeError
    assert others == [True] * 3


def test_too_much_is_busy():
    """Nothing of it was begun."""
    gate, begun = threading.Event(), []
    with Lane(1, 1, waiting=1) as lane:

        async def go():
            first = asyncio.ensure_future(lane.run(gate.wait))
            await asyncio.sleep(0.05)
            second = asyncio.ensure_future(lane.run(lambda: begun.append(2)))
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await lane.run(lambda: begun.append(3))
            gate.set()
            await asyncio.gather(first, second)

        asyncio.run(go())
    assert begun == [2]


def test_who_gave_up_is_told_nothing_and_the_work_is_done():
    """Its record may stand already."""
    gate, done = threading.Event(), threading.Event()

    def work():
        gate.wait()
        done.set()

    async def go():
        task = asyncio.ensure_future(lane.run(work))
        await asyncio.sleep(0.02)
        task.cancel()
        gate.set()
        assert await lane.run(lambda: done.wait(5))

    with Lane(2, 2) as lane:
        asyncio.run(go())
    assert done.is_set()


def test_closing_waits_for_what_was_taken():
    """And takes nothing more."""
    done = []
    lane = Lane(2, 2)

    async def go():
        task = asyncio.ensure_future(lane.run(lambda: (time.sleep(0.05), done.append(1))))
        await asyncio.sleep(0.01)
        await asyncio.to_thread(lane.close)
        await task
        with pytest.raises(Busy):
            await lane.run(lambda: done.append(2))

    asyncio.run(go())
    assert done == [1]


def test_a_loop_that_is_gone_harms_nobody():
    """The next one is served."""
    gate = threading.Event()
    with Lane(2, 2) as lane:

        async def leave():
            asyncio.ensure_future(lane.run(gate.wait))  # noqa: RUF006
            await asyncio.sleep(0.02)

        asyncio.run(leave())
        gate.set()
        time.sleep(0.05)
        assert asyncio.run(asyncio.wait_for(lane.run(lambda: 1), 5)) == 1


def test_while_work_gets_done_there_are_few_threads():
    """However much of it waits."""
    names = set()

    def work():
        time.sleep(0.005)
        names.add(threading.current_thread().name)

    with Lane(4, 100) as lane:
        asyncio.run(lane_all(lane, [work] * 200))
    assert 2 <= len(names) <= 4


def test_nobody_waits_behind_who_is_stuck():
    """One piece of work behind four that wait for ever gets a thread of its own."""
    gate = threading.Event()

    async def go(lane):
        stuck = [asyncio.ensure_future(lane.run(gate.wait)) for _ in range(4)]
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(lane.run(lambda: 7), 10) == 7
        gate.set()
        await asyncio.gather(*stuck)

    with Lane(4, 5) as lane:
        try:
            asyncio.run(go(lane))
        finally:
            gate.set()  # or a failure would wait for ever
