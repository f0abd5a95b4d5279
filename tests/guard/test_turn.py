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
