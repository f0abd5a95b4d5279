# SPDX-License-Identifier: Apache-2.0
"""What was found to stand before a leaf is not asked for again, and nothing else is taken for found."""

import pytest

from whosaw.journal.submission import Opened
from whosaw.privacy.data_key import StreamSecret
from whosaw.vault.chain import Chains

STREAM = StreamSecret(b"h" * 16, 0, 0, b"k" * 32, b"l" * 32)


def leaf(i: int, index: int) -> Opened:
    return Opened(index, STREAM.handle, i, bytes(32), bytes(32), b"{}")


def test_the_next_place_follows_and_moves_on():
    """5 was found whole: 5 again, 6, 7."""
    chains = Chains()
    chains.found(STREAM, leaf(5, 100))
    assert chains.reach(STREAM, leaf(5, 100))
    assert chains.reach(STREAM, leaf(6, 120))
    assert chains.reach(STREAM, leaf(7, 121))
    assert not chains.reach(STREAM, leaf(6, 120))


@pytest.mark.parametrize(
    ("i", "index"),
    [(7, 130), (6, 100), (6, 99), (5, 101), (4, 90), (0, 0)],
    ids=[
        "a gap",
        "the same index",
        "an earlier index",
        "the same place elsewhere",
        "an earlier place",
        "the enrolment",
    ],
)
def test_nothing_else_follows(i, index):
    """Whatever is not the very next place, later in the log, is asked for whole."""
    chains = Chains()
    chains.found(STREAM, leaf(5, 100))
    assert not chains.reach(STREAM, leaf(i, index))


@pytest.mark.parametrize("other", [{"label_0": b"m" * 32}, {"rekeys": 1}, {"handle": b"g" * 16}])
def test_another_key_or_enrolment_is_another_stream(other):
    """Made anew, enrolled otherwise, another stream: nothing of the old one counts."""
    chains = Chains()
    chains.found(STREAM, leaf(5, 100))
    given = {
        "handle": STREAM.handle,
        "generation": 0,
        "rekeys": 0,
        "key": STREAM.key,
        "label_0": STREAM.label_0,
    } | other
    assert not chains.reach(StreamSecret(**given), leaf(6, 120))


def test_a_full_memory_forgets_and_finds_anew():
    """Bounded: beyond the limit it begins again with nothing."""
    chains = Chains(limit=2)
    streams = [StreamSecret(bytes([n]) * 16, 0, 0, b"k" * 32, b"l" * 32) for n in range(3)]
    for stream in streams:
        chains.found(stream, leaf(1, 10))
    assert [chains.reach(stream, leaf(2, 11)) for stream in streams] == [False, False, True]
