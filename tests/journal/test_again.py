# SPDX-License-Identifier: Apache-2.0
"""A log that starts again by itself: only for what may be over, once a pause, whole; and never two at once."""

from contextlib import contextmanager

import pytest

from whosaw.errors import Busy, Contradiction, Damaged, OutcomeUnknown, ProofFailed, Unavailable
from whosaw.journal.again import Again


class Log:
    """As much of a journal as is asked here."""

    genesis = "leaf 0"

    def __init__(self) -> None:
        self.stopped = None

    def submit(self, submission):
        if self.stopped is not None:
            raise Unavailable("stopped", part="journal") from self.stopped
        return submission


class Starts:
    """Starts that fail as told; `open`: how many journals are open at this moment."""

    def __init__(self) -> None:
        self.made, self.open, self.fails = [], 0, []

    @contextmanager
    def __call__(self):
        if self.fails:
            raise self.fails.pop(0)
        assert self.open == 0, "the old one is closed before a new one begins"
        self.open += 1
        self.made.append(Log())
        try:
            yield self.made[-1]
        finally:
            self.open -= 1


@pytest.mark.parametrize("error", [OutcomeUnknown("a write"), Unavailable("a disk"), Busy("a lock")])
def test_what_may_be_over_is_tried_again(error):
    """The next one who asks starts it anew, and is answered by the new one."""
    starts = Starts()
    log = Again(starts, pause=0)
    starts.made[0].stopped = error
    assert log.stopped is error
    assert log.submit("look") == "look"
    assert (len(starts.made), starts.open, log.stopped) == (2, 1, None)
    log.close()
    assert starts.open == 0


@pytest.mark.parametrize("error", [ProofFailed("a fork"), Damaged("a file"), Contradiction("two bytes")])
def test_what_somebody_has_to_look_at_is_not(error):
    """Another history, damage, a contradiction: it stays stopped, whoever asks, however often."""
    starts = Starts()
    log = Again(starts, pause=0)
    starts.made[0].stopped = error
    for _ in range(3):
        with pytest.raises(Unavailable):
            log.submit("look")
    assert (len(starts.made), log.stopped) == (1, error)
    log.close()


def test_a_start_that_fails_is_tried_again_later_and_says_why():
    """Twice no room: whoever asks is told why, nothing is open; the third time it is there."""
    starts = Starts()
    log = Again(starts, pause=0)
    starts.made[0].stopped = OutcomeUnknown("a write")
    starts.fails = [Unavailable("no room", part="disk"), Damaged("a tear", where="segment")]
    for why in ("no room", "a tear"):
        with pytest.raises(Unavailable, match=why):
            log.submit("look")
        assert starts.open == 0
        assert why in str(log.stopped)
    assert log.submit("look") == "look"
    log.close()


def test_not_more_often_than_the_pause():
    """Within the pause everybody gets the old answer, and nobody starts anything."""
    starts = Starts()
    log = Again(starts, pause=60)
    starts.made[0].stopped = OutcomeUnknown("a write")
    for _ in range(5):
        with pytest.raises(Unavailable):
            log.submit("look")
    assert len(starts.made) == 1
    log.close()
    assert starts.open == 0


def test_what_is_closed_stays_closed():
    """After the end nobody starts it again."""
    starts = Starts()
    log = Again(starts, pause=0)
    log.close()
    starts.made[0].stopped = OutcomeUnknown("a write")
    with pytest.raises(Unavailable):
        log.submit("look")
    assert (len(starts.made), starts.open) == (1, 0)


def test_the_first_start_raises_what_it_raises():
    """A folder that cannot be opened is an error of whoever opens it."""
    starts = Starts()
    starts.fails = [Damaged("a tear", where="segment")]
    with pytest.raises(Damaged):
        Again(starts)
