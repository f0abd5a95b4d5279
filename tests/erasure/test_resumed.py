# SPDX-License-Identifier: Apache-2.0
"""What fails between the record and the end of an erasure, or dies there: the next start finishes it, and nothing is left."""

import os
import signal
import time
from dataclasses import dataclass

import pytest
from tests.cli.desk import Desk
from tests.erasure.folder import BY, FOUND, HERS, Traces, erased

from whosaw.beside import glance
from whosaw.errors import Busy, Unavailable
from whosaw.facts.hold import held
from whosaw.wiring import house


@dataclass
class Failing:
    """A part that fails once at one verb: before it did anything, or after."""

    part: object
    verb: str
    late: bool
    failed: bool = False

    def __getattr__(self, name):
        real = getattr(self.part, name)
        if name != self.verb or self.failed:
            return real

        def fails(*given, **named):
            self.failed = True
            if self.late:
                real(*given, **named)
            raise Unavailable("it fails on purpose", part="test")

        return fails


STEPS = [("private", "replace"), ("state", "erase"), ("eraser", "rewrite"), ("eraser", "done")]
QUICK = [("state", "erase", True), ("eraser", "rewrite", True)]  # in `make test`
FAILS = [
    pytest.param(*fails, marks=() if fails in QUICK else pytest.mark.slow)
    for fails in ((*step, late) for step in STEPS for late in (False, True))
]


@pytest.mark.parametrize(("part", "verb", "late"), FAILS)
def test_what_failed_is_done_by_the_next_start(desk, part, verb, late):
    """Findings, keys, segments, the end: each lost, or done although it failed. A start does the rest, and says nothing."""
    theirs = Traces.of(desk, FOUND)
    with pytest.raises(Unavailable, match="on purpose"):
        erased(desk, FOUND, **{part: lambda real: Failing(real, verb, late)})
    with house(desk.data) as here:
        assert [job.done for job in here.stores.manifest.erasing()] == [True]
    theirs.without(desk.data)
    assert desk.typed("journal", "fsck", "--with-keys").code == 0
    again = desk.typed("erase", FOUND, "--basis", "request", "--by", BY, "--format", "json")
    assert (again.code, again.json["outcome"]) == (0, "done before")


def test_facts_that_are_being_read_hold_it_up_and_no_more(desk):
    """Whoever reads the tables at that moment is not disturbed; the erasure is finished by the next start."""
    theirs = Traces.of(desk, HERS)
    with held(desk.data / "private" / "facts", alone=False), pytest.raises(Busy):
        erased(desk, HERS)
    with house(desk.data):
        pass
    theirs.without(desk.data)


# ── kill -9 ──


def killed(desk: Desk, person: str, after: int) -> bool:
    """Erase in a process of its own, which dies at its `after`-th call that changes a file. Whether it died."""
    child = os.fork()
    if child == 0:
        left = [after]

        def deadly(real):
            def call(*given, **named):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given, **named)

            return call

        for name in ("fsync", "fdatasync", "link", "rename", "replace", "unlink"):
            setattr(os, name, deadly(getattr(os, name)))
        try:
            erased(desk, person)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def check(desk: Desk, theirs: Traces) -> bool:
    """Whole after a start; and all of it is there, or nothing is. Whether it was erased."""
    with house(desk.data) as here:
        jobs = here.stores.manifest.erasing()
    assert all(job.done for job in jobs)
    if jobs:
        theirs.without(desk.data)
    else:
        found = "\n".join(theirs.find(desk.data))
        assert all(f"nonce {frame.index}" in found for frame in theirs.frames)
    fsck = desk.typed("journal", "fsck", "--with-keys")
    assert fsck.code == 0, fsck.out
    return bool(jobs)


@pytest.mark.parametrize("after", [20])
def test_killed_in_the_middle_it_is_finished_by_the_next_start(desk, after):
    """SIGKILL at some call that changes a file."""
    theirs = Traces.of(desk, HERS)
    killed(desk, HERS, after)
    check(desk, theirs)


@pytest.mark.slow
def test_killed_at_every_call(grown, tmp_path):
    """SIGKILL at each of them; both outcomes occur, in this order."""
    import shutil

    outcomes = []
    for after in range(1, 400):
        home = tmp_path / str(after)
        shutil.copytree(grown.home, home)
        desk = Desk(home)
        theirs = Traces.of(desk, HERS)
        died = killed(desk, HERS, after)
        outcomes.append(check(desk, theirs))
        shutil.rmtree(home)
        if not died:
            break
    else:
        raise AssertionError("the sweep came to no end")
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


@pytest.mark.slow
@pytest.mark.parametrize("n", range(30))
def test_killed_at_any_moment(desk, n):
    """SIGKILL by the clock, inside the databases, too."""
    theirs = Traces.of(desk, HERS)
    child = os.fork()
    if child == 0:
        try:
            erased(desk, HERS)
        finally:
            os._exit(0)
    time.sleep(0.02 * n)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    check(desk, theirs)


# ── what the folder says meanwhile ──


def test_meanwhile_fsck_calls_it_untidy_and_not_damaged(desk):
    """Between two starts, an erasure that has begun is something to finish: exit 0, and a line that says so."""
    with pytest.raises(Unavailable, match="on purpose"):
        erased(desk, HERS, eraser=lambda real: Failing(real, "rewrite", False))
    said = desk.typed("journal", "fsck")
    assert said.code == 0, said.out
    assert "is not finished" in said.out
    with glance(desk.data) as here:
        assert [job.done for job in here.stores.manifest.erasing()] == [False]
