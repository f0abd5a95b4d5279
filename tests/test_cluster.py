# SPDX-License-Identifier: Apache-2.0
"""Gates of one log, killed, stopped and cut off: `make crash-cluster KILLS=500`. The arena is ``tests/cluster_harness.py``."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests import postgres

ROOT = Path(__file__).parents[1]
SHORT = "5"  # seconds, where nobody asked for more

pytestmark = pytest.mark.postgres


def arena(folder, events: int, *more: str) -> str:
    """What the arena says in the end. A process of its own: it forks, and a process that forks must have no threads."""
    postgres.programs()
    seed = os.environ.get("WHOSAW_SEED") or os.urandom(4).hex()
    done = subprocess.run(
        [sys.executable, "-m", "tests.cluster_harness", folder, str(events), seed, *more],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300 + 20 * events,
    )  # fmt: skip
    assert done.returncode == 0, f"WHOSAW_SEED={seed}\n{done.stderr[-6000:]}"
    return done.stdout


def test_no_acknowledged_receipt_is_lost_by_any_gate(tmp_path, capsys):
    """Some seconds of it, and everybody killed at the end."""
    said = arena(tmp_path / "data", 40, SHORT)
    with capsys.disabled():
        print(f"\n  {said.strip()}", end=" ")
    events, keys = map(int, re.search(r"^(\d+) events .*; (\d+) keys answered", said).groups())
    assert events >= 1
    assert keys >= 10


@pytest.mark.slow
def test_hundreds_of_them(tmp_path, capsys):
    """WHOSAW_KILLS events, a check after every fifteen."""
    said = arena(tmp_path / "data", int(os.environ.get("WHOSAW_KILLS", "500")))
    with capsys.disabled():
        print(f"\n  {said.strip()}", end=" ")
