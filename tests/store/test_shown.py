# SPDX-License-Identifier: Apache-2.0
"""What looks showed, in a file: found by the next process, for as long as looks are answered, and on the disk before it is shown."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from whosaw.errors import Unavailable
from whosaw.store import shown
from whosaw.store.shown import ShownFile

PATIENCE_S = 60
OPEN = timedelta(minutes=15)
ONE, OTHER = b"h" * 16, b"o" * 16


def look(number):
    return number.to_bytes(32)


def test_a_process_that_is_killed_kept_what_it_showed_and_half_a_line_is_none(tmp_path):
    """SIGKILL right after: the next process finds it. What a crash left of one more is cut off by the next line."""
    path = tmp_path / "shown"
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom tests.store.test_shown import *\n"
        "ShownFile(Path(sys.argv[1]), OPEN).keep(ONE, look(1), b'sealed')\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, path], timeout=60, check=False, cwd=os.getcwd())
    assert ended.returncode == -signal.SIGKILL
    whole = path.read_bytes()
    for torn in (whole[:-1], whole[:40], whole[:-1] + b"?"):
        path.write_bytes(whole + torn)
        made = ShownFile(path, OPEN)
        assert made.find(ONE, look(1)) == b"sealed"
        assert made.keep(ONE, look(1), b"another") == b"sealed"
        assert made.keep(ONE, look(2), b"more") == b"more"
        made.close()
        again = ShownFile(path, OPEN)
        assert (again.find(ONE, look(1)), again.find(ONE, look(2))) == (b"sealed", b"more")


def test_whatever_one_look_shows_fits_into_a_line(tmp_path):
    """An export shows all the addresses of a person at once."""
    many = bytes(range(256)) * 400
    ShownFile(tmp_path / "shown", OPEN).keep(ONE, look(1), many)
    assert ShownFile(tmp_path / "shown", OPEN).find(ONE, look(1)) == many


def test_what_is_over_is_dropped_and_nothing_before_it_is(tmp_path):
    """A look is found for as long as it is answered, whatever comes after it; two such times later it is not in the file."""
    now = [0.0]
    made = ShownFile(tmp_path / "shown", OPEN, clock=lambda: now[0])
    made.keep(ONE, look(0), b"first")
    for minute in range(1, 60):
        now[0] = minute * 60.0
        made.keep(ONE, look(minute), b"%d" % minute)
        since = max(0, minute - 14)
        assert all(made.find(ONE, look(each)) for each in range(since, minute))
        assert all(ShownFile(tmp_path / "shown", OPEN).find(ONE, look(each)) for each in range(since, minute))
    assert made.find(ONE, look(0)) is None
    assert ShownFile(tmp_path / "shown", OPEN).find(ONE, look(0)) is None


def test_no_more_are_dropped_for_want_of_room_than_anybody_counts(tmp_path):
    """With a limit of ten, the ten newest are found however many come at once."""
    made = ShownFile(tmp_path / "shown", OPEN, limit=10)
    for number in range(95):
        made.keep(ONE, look(number), b"sealed")
        assert all(made.find(ONE, look(each)) for each in range(max(0, number - 9), number + 1))
    assert made.find(ONE, look(70)) is None


def test_of_who_leaves_nothing_is_left_in_the_file(tmp_path):
    made = ShownFile(tmp_path / "shown", OPEN)
    for handle in (ONE, OTHER):
        made.keep(handle, look(1), b"sealed")
    made.leave(ONE)
    assert ONE not in (tmp_path / "shown").read_bytes()
    assert (made.find(ONE, look(1)), made.find(OTHER, look(1))) == (None, b"sealed")
    assert ShownFile(tmp_path / "shown", OPEN).find(OTHER, look(1)) == b"sealed"


def test_what_an_older_version_kept_elsewhere_is_taken_over_once(tmp_path):
    old = [(ONE, look(1), b"old")]
    made = ShownFile(tmp_path / "shown", OPEN, taken_over=lambda: old)
    assert made.keep(ONE, look(1), b"new") == b"old"
    made.keep(ONE, look(2), b"new")
    assert ShownFile(tmp_path / "shown", OPEN, taken_over=lambda: pytest.fail("twice")).find(ONE, look(1)) == b"old"


@pytest.mark.parametrize("fails", ["write", "sync"])
def test_what_is_not_on_the_disk_is_not_kept(tmp_path, monkeypatch, fails):
    """A disk that is full, or that does not take it: Unavailable, nothing of it is found, and the next one goes on."""
    path = tmp_path / "shown"
    made = ShownFile(path, OPEN)
    made.keep(ONE, look(1), b"first")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "write") if fails == "write" else (shown, "data_durably")), fail)
        with pytest.raises(Unavailable):
            made.keep(ONE, look(2), b"second")
    assert made.find(ONE, look(2)) is None
    assert made.keep(ONE, look(2), b"third") == b"third"
    assert {each: ShownFile(path, OPEN).find(ONE, look(each)) for each in (1, 2)} == {1: b"first", 2: b"third"}


def test_who_left_is_gone_from_the_disk_when_the_same_is_asked_again(tmp_path, monkeypatch):
    """The first time the disk was full, and memory had forgotten already."""
    path = tmp_path / "shown"
    made = ShownFile(path, OPEN)
    made.keep(ONE, look(1), b"first")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shown, "durably", fail)
        with pytest.raises(Unavailable):
            made.leave(ONE)
    made.leave(ONE)
    assert ONE not in path.read_bytes()
    assert ShownFile(path, OPEN).find(ONE, look(1)) is None


def test_what_was_found_at_a_start_is_synced_before_it_is_shown(tmp_path, monkeypatch):
    """Whoever wrote it may have died before its sync. Where that fails, nothing is found."""
    ShownFile(tmp_path / "shown", OPEN).keep(ONE, look(1), b"sealed")
    synced = []
    monkeypatch.setattr(shown, "durably", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    made = ShownFile(tmp_path / "shown", OPEN)
    assert (made.find(ONE, look(1)), synced) == (b"sealed", [str(tmp_path / "shown")])

    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shown, "durably", fail)
    with pytest.raises(Unavailable):
        ShownFile(tmp_path / "shown", OPEN).find(ONE, look(1))


@pytest.mark.parametrize("at", [0, 20, 51, 53, 60], ids=["handle", "look", "length", "sealed", "checksum"])
def test_a_line_that_was_altered_forbids_until_its_looks_are_over(tmp_path, at):
    """Of the three the second: no answer to anybody, by name and byte. Later the others are there, and it goes on."""
    path, now = tmp_path / "shown", [0.0]
    made = ShownFile(path, OPEN)
    for number in (1, 2, 3):
        made.keep(ONE, look(number), b"sealed")
    made.close()
    raw, line = bytearray(path.read_bytes()), len(path.read_bytes()) // 3
    raw[line + at] ^= 0x10
    path.write_bytes(raw)
    now[0] = path.stat().st_mtime
    again = ShownFile(path, OPEN, wall=lambda: now[0])
    for work in (lambda: again.find(ONE, look(1)), lambda: again.keep(ONE, look(4), b"x"), lambda: again.leave(ONE)):
        with pytest.raises(Unavailable, match=f"altered at byte {line};"):
            work()
    assert path.read_bytes() == raw
    now[0] += OPEN.total_seconds() + 1
    assert [again.find(ONE, look(number)) for number in (1, 2, 3)] == [b"sealed", None, b"sealed"]
    assert again.keep(ONE, look(2), b"new") == b"new"


def test_a_file_that_cannot_be_read_shows_nothing(tmp_path):
    (tmp_path / "shown").mkdir()
    made = ShownFile(tmp_path / "shown", OPEN)
    for work in (lambda: made.find(ONE, look(1)), lambda: made.keep(ONE, look(1), b"x"), lambda: made.leave(ONE)):
        with pytest.raises(Unavailable):
            work()


def test_however_many_wait_each_is_told_and_somebody_always_writes(tmp_path, monkeypatch):
    """Forty threads, twenty times each, on a disk that now and then takes nothing: each has its own answer, and none waits for ever."""
    made, failed, told = ShownFile(tmp_path / "shown", OPEN), itertools.count(), []

    def sometimes(fd):
        if next(failed) % 5 == 4:
            raise OSError(28, "No space left on device")
        os.fsync(fd)

    monkeypatch.setattr(shown, "data_durably", sometimes)

    def work(which):
        for number in range(20):
            sealed = b"%d-%d" % (which, number)
            try:
                told.append((which * 100 + number, made.keep(ONE, look(which * 100 + number), sealed) == sealed))
            except Unavailable:
                told.append((which * 100 + number, None))

    with ThreadPoolExecutor(40) as pool:
        for each in [pool.submit(work, which) for which in range(40)]:
            each.result(60)
    assert len(told) == 800
    assert all(fine is not False for _, fine in told)
    again = ShownFile(tmp_path / "shown", OPEN)
    assert all(again.find(ONE, look(number)) is not None for number, fine in told if fine)


def test_those_who_come_together_are_written_together_by_whoever_writes(tmp_path, monkeypatch):
    """One thread waits for all of its own, while another one writes, and writes for those who came after it; one sync for each."""
    made, synced, go, begun = ShownFile(tmp_path / "shown", OPEN), [], threading.Event(), threading.Event()
    made.keep(ONE, look(0), b"there")
    real = shown.data_durably

    def sync(fd):
        synced.append(fd)
        begun.set()
        assert go.wait(PATIENCE_S)
        real(fd)

    monkeypatch.setattr(shown, "data_durably", sync)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(made.keep, ONE, look(1), b"1")
        assert begun.wait(PATIENCE_S)
        groups = [[(ONE, look(n + k), bytes([n + k])) for k in range(5)] for n in (10, 20)]
        rest = [pool.submit(made.keep_all, group) for group in groups]
        rest.append(pool.submit(made.keep_all, [(OTHER, look(1), b"alone")]))
        for _ in range(PATIENCE_S * 1000):
            if len(made._waiting) == 11:
                break
            threading.Event().wait(0.001)
        go.set()
        assert first.result(PATIENCE_S) == b"1"
        assert [each.result(PATIENCE_S) for each in rest] == [
            *[[line[2] for line in group] for group in groups],
            [b"alone"],
        ]
    assert len(synced) == 2
    assert made.keep_all([(ONE, look(10), b"other")]) == [bytes([10])]


def test_where_the_disk_keeps_nothing_each_of_them_is_told(tmp_path, monkeypatch):
    made = ShownFile(tmp_path / "shown", OPEN)
    made.keep(ONE, look(1), b"kept")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shown, "data_durably", full)
    kept, *lost = made.keep_all([(ONE, look(n), b"new") for n in (1, 2, 3)])
    assert kept == b"kept"
    assert [type(each) for each in lost] == [Unavailable, Unavailable]
    monkeypatch.undo()
    assert made.keep_all([(ONE, look(2), b"again")]) == [b"again"]
