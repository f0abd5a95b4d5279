# SPDX-License-Identifier: Apache-2.0
"""A system that is down holds up nobody, and is asked again without a restart."""

import threading
import time

import pytest

from whosaw.errors import BadInput, Unavailable
from whosaw.tickets.breaker import FAILURES, LONGEST_S, PAUSE_S, Breaker, Careful
from whosaw.tickets.ports import silent


class Scripted:
    """A system that does what it is told: None answers, an error is raised, "hang" waits until it is let go."""

    def __init__(self):
        self.does, self.asked, self.let_go = None, 0, threading.Event()

    def case(self, _id, _deadline):
        self.asked += 1
        if self.does == "hang":
            self.let_go.wait(30)
        elif self.does is not None:
            raise self.does


class Hands:
    """A timer that a test turns."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def ask(careful, timer, seconds=5.0):
    return careful.case("1", timer() + seconds)


def test_after_some_failures_it_is_left_alone_and_then_one_may_try():
    """Refused at once meanwhile; one answer closes it."""
    system, timer = Scripted(), Hands()
    careful = Careful(system, timer)
    system.does = silent("it answered 500")
    for _ in range(FAILURES):
        with pytest.raises(Unavailable, match="500"):
            ask(careful, timer)
    with pytest.raises(Unavailable, match="left alone"):
        ask(careful, timer)
    assert system.asked == FAILURES
    timer.now += PAUSE_S
    with pytest.raises(Unavailable, match="500"):
        ask(careful, timer)
    timer.now += PAUSE_S
    with pytest.raises(Unavailable, match="left alone"):
        ask(careful, timer)
    timer.now += PAUSE_S
    system.does = None
    assert ask(careful, timer) is None and ask(careful, timer) is None


def test_a_pause_grows_and_has_an_end():
    """However long it is down, it is asked again within a minute."""
    timer = Hands()
    breaker = Breaker(timer)
    for _ in range(40):
        try:
            breaker.enter()
        except Unavailable:
            timer.now += LONGEST_S
            breaker.enter()
        breaker.leave(failed=True)
    timer.now += LONGEST_S
    breaker.enter()


def test_while_one_tries_others_are_refused():
    """A system that has just come back is not met by everybody who waited."""
    timer = Hands()
    breaker = Breaker(timer)
    for _ in range(FAILURES):
        breaker.enter()
        breaker.leave(failed=True)
    timer.now += PAUSE_S
    breaker.enter()
    with pytest.raises(Unavailable):
        breaker.enter()
    breaker.leave(failed=False)
    breaker.enter()


def test_a_system_that_ignores_its_deadline_ends_the_question_all_the_same():
    """And keeps its place until it is done, so that there are never more threads than places."""
    system = Scripted()
    system.does = "hang"
    careful = Careful(system, time.monotonic, places=1)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        ask(careful, time.monotonic, 0.1)
    with pytest.raises(Unavailable, match="too many"):
        ask(careful, time.monotonic, 0.1)
    assert time.monotonic() - began < 10 and system.asked == 1
    system.does = None
    system.let_go.set()
    assert ask(careful, time.monotonic) is None


def test_a_fault_of_ours_is_silence_and_quotes_nothing():
    """What broke may hold somebody's name."""
    system, timer = Scripted(), Hands()
    system.does = ValueError("mira")
    with pytest.raises(Unavailable) as raised:
        ask(Careful(system, timer), timer)
    assert "mira" not in str(raised.value)
    system.does = BadInput("no good", where="x")
    with pytest.raises(Unavailable, match="no good"):
        ask(Careful(system, timer), timer)
