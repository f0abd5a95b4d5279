# SPDX-License-Identifier: Apache-2.0
"""What a disk does to an append: each call fails or is the last (`make sweep`), or the power goes (`make cuts`).

The harnesses are ``tests/disk/sweep.py`` and ``tests/disk/cuts.py``. They fork and trace, so each is a process of its own.
"""

import os
import random
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from tests.disk import reset

from whosaw.errors import WhosawError

ROOT = Path(__file__).parents[2]
CUTS = int(os.environ.get("WHOSAW_CUTS", "3000"))


def played(capsys, harness: str, *options: str, wrong: bool = False) -> str:
    """What the harness prints. The test is skipped, aloud, where nobody may trace."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.disk.{harness}", *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip(f"NOT TESTED, no system call was traced: {done.stdout.strip()}")
    assert done.returncode == wrong, f"{done.stdout[:12_000]}\n{done.stderr[-3000:]}"
    if not wrong:
        with capsys.disabled():
            print(f"\n{done.stdout.rstrip()}")
    return done.stdout


@pytest.mark.slow
def test_every_call_fails_once_or_is_the_last(capsys):
    """Each system call of three lives meets EIO, ENOSPC and SIGKILL: no receipt is lost, no log is damaged."""
    said = played(capsys, "sweep")
    assert int(re.search(r"^(\d+) faults, 0 of them wrong", said, re.MULTILINE)[1]) > 3_000


def test_some_calls_fail_or_are_the_last(capsys):
    """A sample of the same, as the seed of this run draws it."""
    seed = random.Random(os.environ.get("WHOSAW_SEED")).randrange(2**16)
    played(capsys, "sweep", "--every", "1000", "--seed", str(seed))


@pytest.mark.slow
def test_the_power_fails_at_every_moment(capsys):
    """Nothing unsynced kept and all of it kept, at each moment; then WHOSAW_CUTS times any of it, torn."""
    played(capsys, "cuts", "--every", "--seeds", str(CUTS))


def test_the_power_fails_at_some_moments(capsys):
    """Some of the same, as the seed of this run draws them."""
    played(capsys, "cuts", "--seeds", "5")


@pytest.mark.slow
@pytest.mark.parametrize("deaf", ["fsync", "fdatasync"])
def test_a_disk_that_does_not_hear_a_sync_is_found(capsys, deaf):
    """What the cuts are for: without either kind of sync something that was promised is lost."""
    said = played(capsys, "cuts", "--seeds", "30", "--seed", "deaf", "--deaf", deaf, wrong=True)
    assert int(re.search(r"; (\d+) wrong;", said)[1]) > 3


def test_what_runs_in_a_machine_that_is_reset(tmp_path, capsys):
    """The two halves of `scripts/hard-reset.sh`, without a machine between them: what is printed is what is checked."""
    for _ in range(2):
        reset.live(world := reset.Standing(tmp_path / "data"), rounds=3)
        world.crash()
        world.close()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    reset.check(world := reset.Standing(tmp_path / "data"), lines)
    world.close()
    name, receipt, dot = lines[-1].split()
    raw = bytearray(b64decode(receipt))
    broken = [*lines[:-1], f"{name} {b64encode(raw.replace(b'leaves ', b'leaves 1')).decode()} {dot}"]
    with pytest.raises((AssertionError, WhosawError)):
        reset.check(reset.Standing(tmp_path / "data"), broken)
