# SPDX-License-Identifier: Apache-2.0
"""Warm keys: asked for once, kept within bounds, and never kept longer than their row."""

from whosaw.journal.warm import WarmKeys
from whosaw.model.record import Stream
from whosaw.store.memory import MemoryStreamKeys


class Counted(MemoryStreamKeys):
    """Keys that remember who was asked for."""

    def __init__(self):
        super().__init__(b"seed")
        self.asked = []
        self.meanwhile = lambda: None

    def of(self, stream):
        self.asked.append(stream.id)
        found = super().of(stream)
        self.meanwhile()
        return found


def person(n) -> Stream:
    return Stream.of_person(f"person-{n}")


def test_a_key_is_asked_for_once():
    """Whatever comes is what the keyring says; the second time nobody is asked."""
    keys = Counted()
    warm = WarmKeys(keys)
    assert not warm.warm(person(1))
    assert [warm.of(person(n % 3)).handle for n in range(30)] == [
        MemoryStreamKeys(b"seed").of(person(n % 3)).handle for n in range(30)
    ]
    assert keys.asked == ["person-0", "person-1", "person-2"]
    assert warm.warm(person(1))
    assert {key.handle for key in warm.all()} == {warm.of(person(n)).handle for n in range(3)}


def test_memory_is_bounded_and_what_is_used_stays():
    """Twice the limit at most; a stream that is asked for all the time is never fetched again."""
    keys = Counted()
    warm = WarmKeys(keys, limit=10)
    for n in range(1000):
        warm.of(person(n))
        warm.of(person(0))
        assert len(warm._newer) + len(warm._older) <= 20
    assert keys.asked.count("person-0") == 1
    assert len(keys.asked) == 1000


def test_what_was_forgotten_is_asked_for_again():
    """From both halves."""
    keys = Counted()
    warm = WarmKeys(keys, limit=2)
    for n in range(4):
        warm.of(person(n))
    keys.asked.clear()
    for n in range(4):
        warm.forget(person(n))
        assert not warm.warm(person(n))
        warm.of(person(n))
    assert keys.asked == [f"person-{n}" for n in range(4)]


def test_a_key_that_was_being_fetched_while_somebody_forgot_is_not_kept():
    """The row may be gone since it was read."""
    keys = Counted()
    warm = WarmKeys(keys)
    keys.meanwhile = lambda: warm.forget(person(1))
    warm.of(person(1))
    assert not warm.warm(person(1))
