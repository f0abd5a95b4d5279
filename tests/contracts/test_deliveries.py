# SPDX-License-Identifier: Apache-2.0
"""Counts of deliveries: in memory, in a file, in the table of many gates. Whatever ends a process, its count goes on."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.contracts.state import state_in

from whosaw.errors import Unavailable
from whosaw.model.delivered import InProcess
from whosaw.store.delivered import DeliveredFile, SqlDeliveries
from whosaw.store.state import state_engine

NOW = datetime(2026, 11, 22, 9, 0, 0, 123000, UTC)
OPEN = timedelta(minutes=15)
LOOK, OTHER = b"l" * 16, b"o" * 16
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["file", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def begun(request, tmp_path):
    """Makes the counter as each start of a process does."""
    if request.param == "file":
        yield lambda: DeliveredFile(tmp_path / "delivered")
        return
    if request.param == "postgres":
        engine = state_in(request.getfixturevalue("database"))
    else:
        from whosaw.directory.migrate import upgrade

        engine = state_engine(tmp_path / "state.db")
        upgrade(engine)
    yield lambda: SqlDeliveries(engine)
    engine.dispose()


def test_each_delivery_counts_for_its_look_and_a_new_process_goes_on(begun):
    """One, two, three; another look its own; by a counter that was opened anew, or by two beside each other."""
    one = begun()
    assert [one.add(LOOK, NOW, NOW, OPEN) for _ in range(3)] == [1, 2, 3]
    assert begun().add(OTHER, NOW, NOW, OPEN) == 1
    for count in range(4, 8):
        assert begun().add(LOOK, NOW, NOW + SECOND, OPEN) == count


def test_several_at_once_count_as_one_after_the_other(begun):
    """In their order, a look twice among them; and the next process goes on from there."""
    one = begun()
    assert one.add_all([(LOOK, NOW), (OTHER, NOW), (LOOK, NOW)], NOW, OPEN) == [1, 1, 2]
    assert begun().add_all([(OTHER, NOW), (LOOK, NOW)], NOW + SECOND, OPEN) == [2, 3]
    assert list(begun().add_all([], NOW, OPEN)) == []


def test_several_lines_that_are_not_written_show_nothing_and_count(tmp_path, monkeypatch):
    """A disk that takes the first of two: both are refused and counted, and the file is begun anew with both."""
    path = tmp_path / "delivered"
    made = DeliveredFile(path)
    made.add(LOOK, NOW, NOW, OPEN)
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda fd, lines: write(fd, lines[:24]))
        with pytest.raises(Unavailable, match="cannot be counted"):
            made.add_all([(LOOK, NOW), (OTHER, NOW)], NOW, OPEN)
    assert made.add_all([(OTHER, NOW)], NOW, OPEN) == [2]
    assert DeliveredFile(path).add_all([(LOOK, NOW), (OTHER, NOW)], NOW, OPEN) == [3, 3]


def test_a_process_that_is_killed_loses_no_count(tmp_path):
    """SIGKILL right after the third: the next process says four. Half a line, as a full disk leaves it, is no line."""
    path = tmp_path / "delivered"
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom tests.contracts.test_deliveries import *\n"
        "made = DeliveredFile(Path(sys.argv[1]))\n"
        "assert [made.add(LOOK, NOW, NOW, OPEN) for _ in range(3)] == [1, 2, 3]\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, path], timeout=60, check=False, cwd=os.getcwd())
    assert ended.returncode == -9
    with path.open("ab") as file:
        file.write(LOOK[:10])
    again = DeliveredFile(path)
    assert again.add(LOOK, NOW, NOW, OPEN) == 4
    assert path.stat().st_size == 4 * 24
    assert path.stat().st_mode & 0o777 == 0o600
    assert DeliveredFile(path).add(LOOK, NOW, NOW, OPEN) == 5


def test_what_is_over_is_forgotten_and_what_cannot_be_read_was_full(tmp_path):
    """A line lasts as long as its look; where the file is none, looks from before the start are over, and newer ones are not."""
    path = tmp_path / "delivered"
    DeliveredFile(path).add(LOOK, NOW, NOW, OPEN)
    later = NOW + OPEN + SECOND
    assert DeliveredFile(path).add(OTHER, later, later, OPEN) == 1
    assert path.read_bytes()[:16] == OTHER
    path.unlink()
    path.mkdir()
    broken = DeliveredFile(path, before=NOW)
    assert broken.add(LOOK, NOW, NOW, OPEN) is None
    with pytest.raises(Unavailable):
        broken.add(OTHER, NOW + SECOND, NOW + SECOND, OPEN)


def test_a_line_that_is_not_written_shows_nothing_and_the_next_is_whole(tmp_path, monkeypatch):
    """A disk that takes half a line: refused, and counted all the same; the file is begun anew."""
    path = tmp_path / "delivered"
    made = DeliveredFile(path)
    made.add(LOOK, NOW, NOW, OPEN)
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda fd, line: write(fd, line[:10]))
        with pytest.raises(Unavailable, match="cannot be counted"):
            made.add(LOOK, NOW, NOW, OPEN)
    assert made.add(LOOK, NOW, NOW, OPEN) == 3
    assert path.read_bytes() == (LOOK + path.read_bytes()[16:24]) * 3
    assert DeliveredFile(path).add(LOOK, NOW, NOW, OPEN) == 4


@pytest.mark.parametrize(
    "make", [lambda path: InProcess(8), lambda path: DeliveredFile(path, limit=8)], ids=["memory", "file"]
)
def test_more_looks_than_are_counted_make_the_older_ones_over(make, tmp_path):
    """A thousand looks within a second: no more than eight are remembered, and none of the others is answered again."""
    made = make(tmp_path / "delivered")
    for n in range(1000):
        at = NOW + n * timedelta(milliseconds=1)
        assert made.add(n.to_bytes(16), at, at, OPEN) == 1
        assert made.add((0).to_bytes(16), NOW, at, OPEN) in ({2 + n, None} if n else {2})
    assert made.add((1).to_bytes(16), NOW + timedelta(milliseconds=1), NOW + SECOND, OPEN) is None
    assert made.add((999).to_bytes(16), NOW + timedelta(milliseconds=999), NOW + SECOND, OPEN) == 2
    assert len(made._counted.looks) <= 8
