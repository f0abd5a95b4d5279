# SPDX-License-Identifier: Apache-2.0
"""A probe that is asked seldom: however often it is asked for, and by however many at once."""

import threading

import pytest

from whosaw.errors import Misconfigured, Unavailable
from whosaw.guard.health import serves
from whosaw.guard.seldom import STANDS_S, Seldom


class Part:
    """Counts its questions, and is as well as `wrong` says."""

    def __init__(self):
        self.asked, self.wrong, self.now = 0, None, 0.0
        self.probe = Seldom(self, lambda: self.now)

    def __call__(self):
        self.asked += 1
        if self.wrong is not None:
            raise self.wrong


def test_what_was_said_stands_for_a_minute():
    part = Part()
    for _ in range(3):
        part.probe()
    part.wrong = Unavailable("down", part="key service")
    part.probe()
    assert part.asked == 1
    part.now += STANDS_S
    for _ in range(3):
        with pytest.raises(Unavailable, match="down"):
            part.probe()
    part.wrong = None
    part.now += STANDS_S
    part.probe()
    assert part.asked == 3


def test_what_is_of_no_use_is_asked_once():
    """A token counts wrong PINs, and locks: a thousand requests are one question, for as long as the process lives."""
    part = Part()
    part.wrong = Misconfigured("not our PIN", setting="keys.pkcs11", hint="look at it")
    for _ in range(1000):
        with pytest.raises(Misconfigured):
            part.probe()
        part.now += 3600
    assert part.asked == 1


def test_while_one_asks_nobody_else_does():
    """A driver that hangs holds one thread, and not one for each who asks."""
    began, goes_on = threading.Event(), threading.Event()

    def slow():
        began.set()
        assert goes_on.wait(60)

    probe = Seldom(slow)
    one = threading.Thread(target=probe)
    one.start()
    assert began.wait(60)
    with pytest.raises(Unavailable, match="for the first time"):
        probe()
    goes_on.set()
    one.join(60)
    probe()


def test_a_key_service_that_is_down_stops_no_gate_that_runs():
    """Nothing would start now; looks are answered as before, so they are sent here."""
    assert serves({"engine": "ok", "key service": "down", "tickets support": "silent"})
    assert not serves({"engine": "ok", "keyring": "down"})


def test_a_database_of_places_that_is_old_stops_no_gate():
    """It is as old at every gate in the same minute; only looks at a place of an address need it."""
    assert serves({"engine": "ok", "places": "GeoLite2-City was built more than 45 days ago"})
