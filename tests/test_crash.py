# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: `make crash KILLS=20000`. The arena is ``tests/crash_harness.py``."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
KILLS = int(os.environ.get("WHOSAW_KILLS", "12"))


def test_no_acknowledged_receipt_is_lost(tmp_path, capsys):
    """Killed WHOSAW_KILLS times while it looks and records, the log is whole and keeps every receipt it handed out."""
    seed = os.environ.get("WHOSAW_SEED") or os.urandom(4).hex()
    # A process of its own: it forks, and a process that forks must have no threads, as a test runner's worker has.
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash_harness", tmp_path / "data", str(KILLS), seed],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=270 + 2 * KILLS,
    )  # fmt: skip
    assert done.returncode == 0, f"WHOSAW_SEED={seed}\n{done.stderr[-6000:]}"
    with capsys.disabled():
        print(f"\n  {done.stdout.strip()}", end=" ")
    counts = re.match(r"(\d+) kills, \d+ of them early; (\d+) answers for (\d+) keys; ", done.stdout)
    kills, answers, keys = map(int, counts.groups())
    assert kills == KILLS
    # Enough of them came after an answer, whatever the machine was busy with; the arena itself checks what they promise.
    assert min(answers, keys) > KILLS // 4
