# SPDX-License-Identifier: Apache-2.0
"""A wish from its command to the gate and back: done, refused, too old, unknown, cut short, and nobody's."""

import os
import threading
import time
from contextlib import closing
from datetime import timedelta

import pytest
from tests.api.door import migrated
from tests.directory.town import Clock, engine_on

from whosaw.errors import (
    BadInput,
    Busy,
    Damaged,
    Misconfigured,
    MissingExtra,
    NotCanonical,
    OutcomeUnknown,
    Unavailable,
)
from whosaw.wishes.taking import Taking
from whosaw.wishes.wish import WISH_LASTS, Wishes

KEY = b"k" * 32
LEFT = "f" * 32


class Ground:
    """A state.db, a command's end and a gate's; `done` is what the gate did."""

    def __init__(self, where):
        (where / "state.db").write_bytes(migrated())
        self.engine, self.clock, self.done = engine_on(where / "state.db"), Clock(), []
        self.command, self.gate = self.wishes(), self.wishes()
        self.error = None

    def wishes(self, key=KEY):
        return Wishes(self.engine, key, self.clock, os.urandom, patience=0.5)

    def do(self, said):
        if self.error is not None:
            raise self.error
        self.done.append(said)
        return {"did": said}

    def taking(self):
        return closing(Taking(self.gate, {"do": self.do}, every=0.02))

    def left(self, said="it"):
        """A wish whose command died."""
        at = self.clock()
        self.command.rows.wish(LEFT, self.command.said(LEFT, "do", said, at), at)

    def rows(self):
        with self.engine.connect() as db:
            return db.exec_driver_sql("SELECT wish, said, answer FROM caller_wishes").all()


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path)
    yield made
    made.engine.dispose()


def test_the_gate_does_it_and_the_command_is_told(ground):
    """Once; and nothing of it stays."""
    with ground.taking():
        assert ground.command.wished("do", {"name": "mira"}) == {"did": {"name": "mira"}}
    assert ground.done == [{"name": "mira"}]
    assert ground.rows() == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BadInput("no such thing", where="request", hint="look again"), BadInput),
        (Busy("others are at it", hint="later"), Busy),
        (Unavailable("the journal is down", hint="wait"), Unavailable),
        (MissingExtra("passkeys", "a passkey"), Misconfigured),
        (ZeroDivisionError("mira"), OutcomeUnknown),
    ],
)
def test_what_goes_wrong_there_is_raised_here(ground, error, told):
    """With the same words, the same hint and the same exit code; of a fault nothing but that there was one. The gate goes on."""
    with ground.taking():
        ground.error = error
        with pytest.raises(told) as caught:
            ground.command.wished("do", "it")
        assert "mira" not in str(caught.value)
        if told is not OutcomeUnknown:
            assert (str(caught.value), caught.value.hint) == (str(error), error.hint)
        ground.error = None
        assert ground.command.wished("do", "it") == {"did": "it"}


def test_what_the_gate_does_not_know_it_does_not_do(ground):
    """A command of a newer version."""
    with ground.taking(), pytest.raises(BadInput, match="knows no such wish"):
        ground.command.wished("undo", "it")
    assert ground.done == []


def test_a_wish_that_is_too_old_is_answered_and_not_done(ground):
    """Its command was killed while it waited: hours later nobody expects it any more."""
    ground.left()
    ground.clock.turn(WISH_LASTS + timedelta(milliseconds=1))
    assert ground.gate.take_up({"do": ground.do}) == 1
    assert ground.done == []
    with pytest.raises(Busy, match="in time"):
        ground.command._told(LEFT, ground.gate.rows.answered(LEFT))


def test_a_row_that_is_put_back_is_not_done_again(ground):
    """Whoever writes state.db and has no key repeats nobody's wish: not at once, and not later with another time beside it."""
    ground.left()
    (kept,) = ground.gate.rows.waiting()
    assert ground.gate.take_up({"do": ground.do}) == 1
    for later in (timedelta(0), timedelta(hours=1)):
        ground.clock.turn(later)
        ground.gate.rows.answered(LEFT)
        ground.gate.rows.wish(LEFT, kept.said, ground.clock())
        assert ground.gate.take_up({"do": ground.do}) == 1
    assert ground.done == ["it"]


def test_a_wish_that_nobody_takes_up_is_withdrawn(ground):
    """Busy, and nothing happens later: a gate that wakes up does not find it."""
    with pytest.raises(Busy) as caught:
        ground.command.wished("do", "it")
    assert "Nothing was changed" in caught.value.hint
    assert ground.gate.take_up({"do": ground.do}) == 0
    assert ground.rows() == []


def test_of_a_gate_that_died_in_between_nobody_says_that_nothing_was_done(ground):
    """The command says so, with a hint; the next gate does not do it a second time, and what is left is forgotten."""

    def die(said):
        ground.done.append(said)
        raise KeyboardInterrupt

    def gate():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not ground.done:
            try:
                ground.gate.take_up({"do": die})
            except KeyboardInterrupt:
                return

    dying = threading.Thread(target=gate)
    dying.start()
    with pytest.raises(OutcomeUnknown) as caught:
        ground.command.wished("do", "it")
    dying.join(60)
    assert "the same command again" in caught.value.hint
    assert (ground.gate.take_up({"do": ground.do}), ground.done) == (0, ["it"])
    ground.clock.turn(timedelta(minutes=6))
    ground.gate.take_up({})
    assert ground.rows() == []


def test_nothing_of_a_wish_can_be_read_without_the_key(ground):
    """And nobody without it leaves one: what does not open is answered, and not done, and the next one is."""
    ground.left(said="mirabel")
    assert all(b"mirabel" not in bytes(value) for row in ground.rows() for value in row[1:] if value)
    stranger = ground.wishes(b"x" * 32)
    with ground.taking(), pytest.raises(Damaged):
        stranger.wished("do", "theirs")
    # Left before the stranger's, and done before it.
    assert ground.done == ["mirabel"]


@pytest.mark.parametrize("said", [b"", b"{}", b"[]", b'{"what":"do"}', b'{"said":1,"what":1}', b"\xff"])
def test_any_bytes_under_the_key_are_a_wish_or_none(ground, said):
    """Answered all the same."""
    ground.gate.rows.wish("0" * 32, ground.command._sealed("said", "0" * 32, said), ground.clock())
    assert ground.gate.take_up({"do": ground.do}) == 1
    with pytest.raises(NotCanonical):
        ground.command._told("0" * 32, ground.gate.rows.answered("0" * 32))
    assert ground.done == []


def test_an_answer_is_the_answer_to_its_own_wish(ground):
    """Moved to another one it does not open."""
    sealed = ground.gate._sealed("answer", "0" * 32, b'{"done":1}')
    assert ground.command._told("0" * 32, sealed) == 1
    with pytest.raises(Damaged):
        ground.command._told("1" * 32, sealed)


def test_a_database_that_is_gone_is_not_said_five_times_a_second(caplog):
    """The thread goes on asking, and the log is not filled with it."""
    asked, enough = [], threading.Event()

    class Gone:
        def take_up(self, doers):
            asked.append(doers)
            if len(asked) > 5:
                enough.set()
            raise Unavailable("the directory cannot be read or written", part="state")

    with closing(Taking(Gone(), {}, every=0.001)):
        assert enough.wait(30)
    assert caplog.messages == ["a wish waits: the directory cannot be read or written"]
