# SPDX-License-Identifier: Apache-2.0
"""What the verifier remembers, and how it is written."""

import dataclasses
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.log_maker import BEGAN, LittleLog

from whosaw.errors import BadInput, Unavailable, WhosawError
from whosaw.verify.state import SavedHead, State, read_state, replace_file, save_head


@pytest.fixture(scope="module")
def heads():
    log, other = LittleLog(), LittleLog("other.example.org/log")
    return [SavedHead(one.origin, 1, one.checkpoint(1), BEGAN) for one in (log, other)]


def test_heads_of_several_logs_are_kept_apart(tmp_path, heads):
    """One state file serves many logs; each has its one newest head."""
    path = tmp_path / "state"
    assert read_state(path) == State()
    for head in heads:
        save_head(path, head, None)
    newer = dataclasses.replace(heads[0], size=5)
    save_head(path, newer, heads[0])
    state = read_state(path)
    assert state.of(heads[0].origin) == newer
    assert state.of(heads[1].origin) == heads[1]
    assert state.of("unknown.example.org") is None
    assert os.listdir(tmp_path) == ["state"]


@pytest.mark.parametrize("size", [1, 5, 9])
def test_a_head_that_was_not_compared_with_is_never_replaced(tmp_path, heads, size):
    """Two runs at once that are shown two logs cannot both end well: the slower one must look again."""
    path, (old, _) = tmp_path / "state", heads
    save_head(path, old, None)
    quicker = dataclasses.replace(old, size=5, note=b"another history")
    save_head(path, quicker, old)
    with pytest.raises(Unavailable, match="not compared"):
        save_head(path, dataclasses.replace(old, size=size, note=b"ours"), old)
    assert read_state(path).of(old.origin) == quicker
    assert "Saved" in save_head(path, quicker, old)  # the same head, found twice


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b"not json", b'{"heads":[{}],"kind":"heads","v":1}'])
def test_a_damaged_memory_is_said(tmp_path, raw):
    """A state file that cannot be read is bad input, never an empty memory."""
    (tmp_path / "state").write_bytes(raw)
    with pytest.raises(BadInput) as caught:
        read_state(tmp_path / "state")
    assert "forgets" in caught.value.hint


def test_a_folder_is_no_memory(tmp_path):
    """What cannot be opened as a file is bad input."""
    with pytest.raises(BadInput):
        read_state(tmp_path)
    with pytest.raises(BadInput):
        save_head(tmp_path / "none" / "state", SavedHead("o", 1, b"", BEGAN), None)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    """Old bytes or new bytes, and no leftovers, also where the new cannot be put in place."""
    (tmp_path / "state").mkdir()
    with pytest.raises(OSError):
        replace_file(tmp_path / "state", b"new")
    assert os.listdir(tmp_path) == ["state"]


@settings(deadline=None)
@given(data=st.data())
def test_no_bytes_crash_the_reader(heads, data):
    """Arbitrary and mutated bytes are a state, written back the same, or an error of ours."""
    raw = State(tuple(sorted(heads, key=lambda h: h.origin))).encode()
    assert State.parse(raw).encode() == raw
    at = data.draw(st.integers(0, len(raw) - 1))
    mutated = raw[:at] + data.draw(st.binary(max_size=3)) + raw[at + data.draw(st.integers(0, 2)) :]
    for one in (mutated, data.draw(st.binary(max_size=100))):
        try:
            made = State.parse(one)
        except WhosawError:
            continue
        assert made.encode() == one
