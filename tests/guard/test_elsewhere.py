# SPDX-License-Identifier: Apache-2.0
"""Threads for what takes longer than a disk: what was not begun is said so, and is not begun later."""

import asyncio
import threading

import pytest

from whosaw.errors import Unavailable
from whosaw.guard.elsewhere import Elsewhere

PATIENCE_S = 20


def test_what_no_thread_could_be_started_for_is_never_done(monkeypatch):
    """A glass that is broken after whoever asked was told that nothing came of it would be broken for nobody."""
    elsewhere, done, busy, go = Elsewhere(), [], threading.Event(), threading.Event()

    def holds():
        busy.set()
        assert go.wait(PATIENCE_S)

    def none_left(_):
        raise RuntimeError("can't start new thread")

    async def ask():
        first = asyncio.ensure_future(elsewhere.do(holds))
        await asyncio.to_thread(busy.wait, PATIENCE_S)
        with monkeypatch.context() as there:
            there.setattr(threading.Thread, "start", none_left)
            with pytest.raises(Unavailable, match="can't start new thread"):
                await elsewhere.do(lambda: done.append("glass"))
        go.set()
        await first
        await elsewhere.do(lambda: done.append("next"))

    asyncio.run(asyncio.wait_for(ask(), PATIENCE_S))
    elsewhere.close()
    assert done == ["next"]


@pytest.mark.parametrize(("fault", "said"), [(ZeroDivisionError, ZeroDivisionError), (StopIteration, RuntimeError)])
def test_what_is_raised_is_said_and_who_comes_late_is_told(fault, said):
    """Whatever it is: nobody waits for ever for what has ended."""
    elsewhere, done = Elsewhere(), []

    def breaks():
        raise fault

    async def ask():
        with pytest.raises(said):
            await elsewhere.do(breaks)
        elsewhere.close()
        with pytest.raises(Unavailable, match="nothing was shown"):
            await elsewhere.do(lambda: done.append("late"))

    asyncio.run(asyncio.wait_for(ask(), PATIENCE_S))
    assert done == []


def test_where_too_many_wait_whoever_comes_is_told(monkeypatch):
    """When one of them is done there is room again."""
    monkeypatch.setattr("whosaw.guard.elsewhere.MOST", 1)
    monkeypatch.setattr("whosaw.guard.elsewhere.WAITING", 1)
    elsewhere, done, go = Elsewhere(), [], threading.Event()

    async def ask():
        tasks = [asyncio.ensure_future(elsewhere.do(lambda: go.wait(PATIENCE_S))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too many looks wait"):
            await elsewhere.do(lambda: done.append("more"))
        go.set()
        await asyncio.gather(*tasks)
        await elsewhere.do(lambda: done.append("again"))

    asyncio.run(asyncio.wait_for(ask(), PATIENCE_S))
    elsewhere.close()
    assert (done, elsewhere._here) == (["again"], 0)


def test_who_is_cancelled_while_it_waits_for_a_thread_is_not_begun_and_what_was_begun_ends(monkeypatch):
    monkeypatch.setattr("whosaw.guard.elsewhere.MOST", 1)
    elsewhere, done, busy, go = Elsewhere(), [], threading.Event(), threading.Event()

    def holds():
        busy.set()
        assert go.wait(PATIENCE_S)
        done.append("first")

    async def ask():
        tasks = [asyncio.ensure_future(elsewhere.do(holds))]
        await asyncio.to_thread(busy.wait, PATIENCE_S)
        tasks.append(asyncio.ensure_future(elsewhere.do(lambda: done.append("second"))))
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        made = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in made] == [asyncio.CancelledError] * 2
        go.set()

    asyncio.run(asyncio.wait_for(ask(), PATIENCE_S))
    elsewhere.close()
    assert done == ["first"]
