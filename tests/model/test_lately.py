# SPDX-License-Identifier: Apache-2.0
"""What was made lately: the newest are found, and no more than twice as many are kept."""

from hypothesis import given
from hypothesis import strategies as st

from whosaw.model.lately import Lately


@given(st.integers(1, 5), st.lists(st.integers(0, 9), max_size=40))
def test_the_newest_are_found_whatever_came_before(size, keys):
    lately, kept = Lately(size), {}
    for n, key in enumerate(keys):
        lately.keep(key, n)
        kept[key] = n
        for newest in keys[max(0, n + 1 - size) : n + 1]:
            assert lately.find(newest) == kept[newest]
        assert len([key for key in range(10) if lately.find(key) is not None]) <= 2 * size


def test_what_was_never_kept_or_forgotten_is_none():
    lately = Lately(2)
    lately.keep("a", 1)
    assert lately.find("b") is None
    lately.clear()
    assert lately.find("a") is None
