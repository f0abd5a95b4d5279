# SPDX-License-Identifier: Apache-2.0
"""Turns: so many at once, none lost, and whoever waits elsewhere keeps none."""

import threading

import pytest

from whosaw.guard.turn import Turn

PATIENCE_S = 10


def test_no_more_than_so_many_work_at_once():
    turn, working, most, lock = Turn(2), 0, 0, threading.Lock()
    met = threading.Barrier(2, timeout=PATIENCE_S)  # each pair meets inside: two there are, or this breaks

    def work() -> None:
        nonlocal working, most
        with turn:
            with lock:
                working += 1
                most = max(most, working)
            met.wait()
            with lock:
                working -= 1

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert (most, met.broken, any(thread.is_alive() for thread in threads)) == (2, False, False)


def test_whoever_waits_elsewhere_lets_others_go_on():
    turn, recorded, answered = Turn(1), threading.Event(), threading.Event()

    def first() -> None:
        with turn:
            with turn.aside():
                assert recorded.wait(PATIENCE_S)
            answered.set()

    thread = threading.Thread(target=first, daemon=True)
    thread.start()
    with turn:  # or this would wait for ever, and the one before it for us
        recorded.set()
        assert not answered.wait(0.05)
    assert answered.wait(PATIENCE_S)


@pytest.mark.parametrize("inside", [True, False])
def test_a_turn_comes_back_however_it_ends(inside):
    turn = Turn(1)
    with pytest.raises(ZeroDivisionError), turn:
        if inside:
            with turn.aside():
                raise ZeroDivisionError
        raise ZeroDivisionError
    done = threading.Event()

    def next_one() -> None:
        with turn:
            done.set()

    threading.Thread(target=next_one, daemon=True).start()
    assert done.wait(PATIENCE_S)


def test_as_many_as_there_are():
    turn = Turn(None)
    with turn, turn, turn.aside(), turn:
        pass


def test_whoever_waited_elsewhere_is_woken_with_a_turn_and_before_those_who_had_none():
    """What it waits for has come, and somebody else works: it sleeps on, goes first then, and takes no second turn."""
    turn, order, lock = Turn(1), [], threading.Lock()
    waiting, come = threading.Lock(), threading.Event()
    waiting.acquire()
    admitted: list = []

    def first() -> None:
        with turn:
            with turn.aside() as aside:
                admitted.append(aside.admit)
                come.set()
                assert waiting.acquire(timeout=PATIENCE_S)
            order.append("old")

    def other() -> None:
        with turn, lock:
            order.append("new")

    threads = [threading.Thread(target=first, daemon=True)]
    threads[0].start()
    assert come.wait(PATIENCE_S)
    with turn:
        threads += [threading.Thread(target=other, daemon=True) for _ in range(3)]
        for thread in threads[1:]:
            thread.start()
        admitted[0](waiting.release)
        assert not waiting.acquire(timeout=0.05)  # nobody has woken it yet
        assert order == []
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == ["old", "new", "new", "new"]
    with turn:
        pass


def test_whoever_is_woken_by_something_else_takes_its_place_itself():
    """An error, while its turn is being kept for it or after it: no turn is lost, and none is made."""
    turn = Turn(1)
    for late in (False, True):
        with pytest.raises(ZeroDivisionError), turn:
            aside = turn.aside()
            with aside:
                if not late:
                    aside.admit(lambda: None)
                raise ZeroDivisionError
        if late:
            aside.admit(lambda: None)
        busy = threading.Event()
        with turn:
            thread = threading.Thread(target=lambda: turn.__enter__() or busy.set(), daemon=True)
            thread.start()
            assert not busy.wait(0.05)
        assert busy.wait(PATIENCE_S)
        turn._give()  # that thread's, which kept it


def test_whoever_leaves_early_gives_one_turn_back():
    turn = Turn(1)
    with turn:
        turn.leave()
        turn.leave()
        done = threading.Event()
        threading.Thread(target=lambda: turn.__enter__() or done.set(), daemon=True).start()
        assert done.wait(PATIENCE_S)
    assert not turn._free
