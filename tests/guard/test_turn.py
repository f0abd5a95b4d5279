# SPDX-License-Identifier: Apache-2.0
"""Turns: one works for all who wait, none is lost, and whoever waits elsewhere keeps none."""

import threading
from types import SimpleNamespace

import pytest

from whosaw.guard import turn as module
from whosaw.guard.turn import MOST, Turn

PATIENCE_S = 10


def sharing(turn, what, work):
    """A thread that shares `what`; it stands in the queue, or works, when this returns."""
    before = len(turn._new) + len(turn._old)
    begun = threading.Event()

    def working(group):
        begun.set()
        work(group)

    thread = threading.Thread(target=turn.share, args=(what, working), daemon=True)
    thread.start()
    until(lambda: begun.is_set() or len(turn._new) + len(turn._old) > before)
    return thread


def until(true):
    for _ in range(PATIENCE_S * 1000):
        if true():
            return
        threading.Event().wait(0.001)
    raise AssertionError("waited in vain")


def joined(*threads):
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def alone(turn, what="alone"):
    """Somebody gets a turn, which is then free again."""
    worked = []
    thread = threading.Thread(target=lambda: turn.share(what, worked.extend), daemon=True)
    thread.start()
    joined(thread)
    assert worked == [what]


def test_who_comes_while_somebody_works_is_in_the_next_group_and_is_worked_for_once():
    turn, groups, go = Turn(1), [], threading.Event()

    def work(group):
        groups.append(list(group))
        assert go.wait(PATIENCE_S)

    threads = [sharing(turn, n, work) for n in range(6)]
    go.set()
    joined(*threads)
    assert groups == [[0], [1, 2, 3, 4, 5]]
    alone(turn)
    assert turn._free == 1


def test_a_group_has_an_end():
    turn, groups, go = Turn(1), [], threading.Event()

    def work(group):
        groups.append(len(group))
        assert go.wait(PATIENCE_S)

    threads = [sharing(turn, n, work) for n in range(MOST + 6)]
    go.set()
    joined(*threads)
    assert groups == [1, MOST, 5]


def test_as_many_as_there_are():
    turn, groups = Turn(None), []
    turn.share(1, lambda group: (groups.append(list(group)), turn.share(2, lambda more: groups.append(list(more)))))
    with turn.aside():
        assert groups == [[1], [2]]


def test_whoever_waits_elsewhere_lets_others_go_on():
    turn, recorded, order = Turn(1), threading.Event(), []

    def first(_):
        with turn.aside():
            assert recorded.wait(PATIENCE_S)
        order.append("first")

    def second(_):
        recorded.set()
        until(lambda: turn._old)  # it wants its turn back, and has it not
        order.append("second")

    one = sharing(turn, 1, first)
    joined(one, sharing(turn, 2, second))
    assert order == ["second", "first"]
    alone(turn)


@pytest.mark.parametrize("inside", [True, False])
def test_a_turn_comes_back_however_it_ends_and_nobody_sleeps_on(inside):
    turn, go = Turn(1), threading.Event()
    first = sharing(turn, 0, lambda _: go.wait(PATIENCE_S))
    raised = []

    def breaks(group):
        if inside:
            with turn.aside():
                raise ZeroDivisionError
        raise ZeroDivisionError

    def second():
        try:
            turn.share(1, breaks)
        except ZeroDivisionError:
            raised.append(True)

    threads = [threading.Thread(target=second, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(turn._new) == 4)
    go.set()
    joined(first, *threads)
    assert raised == [True]  # the one that worked; the others were worked for, as far as that went
    alone(turn)
    assert turn._free == 1


def test_whoever_waited_elsewhere_is_woken_with_a_turn_and_before_those_who_had_none():
    """What it waits for has come, and somebody else works: it sleeps on, goes first then, and takes no second turn."""
    turn, order, go, come = Turn(1), [], threading.Event(), threading.Event()
    waiting = threading.Lock()
    waiting.acquire()
    admitted = []

    def first(_):
        with turn.aside() as aside:
            admitted.append(aside.admit)
            come.set()
            assert waiting.acquire(timeout=PATIENCE_S)
        order.append("old")

    old = sharing(turn, "old", first)
    assert come.wait(PATIENCE_S)
    busy = sharing(turn, "busy", lambda _: go.wait(PATIENCE_S))
    new = [sharing(turn, "new", order.extend) for _ in range(3)]
    admitted[0](waiting.release)
    assert waiting.locked()  # nobody has woken it yet
    assert order == []
    go.set()
    joined(old, busy, *new)
    assert order == ["old", "new", "new", "new"]
    alone(turn)
    assert turn._free == 1


def test_whoever_is_woken_by_something_else_takes_its_place_itself():
    """An error, while its turn is being kept for it or after it: no turn is lost, and none is made."""
    turn = Turn(1)
    for late in (False, True):
        kept = []

        def breaks(_, late=late, kept=kept):
            with turn.aside() as aside:
                kept.append(aside)
                if not late:
                    aside.admit(lambda: None)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            turn.share(1, breaks)
        if late:
            kept[0].admit(lambda: None)
        alone(turn)
        assert turn._free == 1


@pytest.mark.parametrize("when", ["in the queue", "with a turn", "worked for", "woken"])
def test_whoever_is_interrupted_while_it_waits_stops_nobody(monkeypatch, when):
    turn, order, go = Turn(1), [], threading.Event()
    first = sharing(turn, "first", lambda group: (go.wait(PATIENCE_S), order.extend(group)))
    interrupted = threading.Event()

    class Lock:
        """Held when it is made; whoever takes it again is interrupted instead."""

        def __init__(self):
            self.held, self.released = False, threading.Event()

        def acquire(self):
            if not self.held:
                self.held = True
                return
            assert (interrupted if when in {"in the queue", "worked for"} else self.released).wait(PATIENCE_S)
            raise KeyboardInterrupt

        def release(self):
            self.released.set()

    def share():
        with pytest.raises(KeyboardInterrupt):
            turn.share("gone", order.extend)

    monkeypatch.setattr(module, "threading", SimpleNamespace(Lock=Lock))
    gone = threading.Thread(target=share, daemon=True)
    if when == "with a turn":
        gone.start()
        until(lambda: len(turn._new) == 1)
        monkeypatch.undo()
        others = [sharing(turn, n, order.extend) for n in range(3)]
        go.set()
    else:
        monkeypatch.undo()
        working, done = threading.Event(), threading.Event()

        def work(group):
            working.set()
            assert done.wait(PATIENCE_S)
            order.extend(group)

        others = [sharing(turn, 0, work)]
        monkeypatch.setattr(module, "threading", SimpleNamespace(Lock=Lock))
        gone.start()
        until(lambda: len(turn._new) == 2)
        monkeypatch.undo()
        others += [sharing(turn, n, work) for n in (1, 2)]
        if when == "in the queue":
            interrupted.set()
            joined(gone)
        go.set()
        assert working.wait(PATIENCE_S)
        if when == "worked for":
            interrupted.set()
            joined(gone)
        done.set()
    joined(first, gone, *others)
    assert [n for n in order if n not in {"first", "gone"}] == [0, 1, 2]
    alone(turn)
    assert turn._free == 1
