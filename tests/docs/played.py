# SPDX-License-Identifier: Apache-2.0
"""The demonstration, played once in a run of the tests, and what it said. Quoted output is held against it.

    quoted:  "1 finding, 1 of them new; … at a person 308 have a reason"     …: something was cut here
    holds(quoted, said): every piece between the cuts stands in what was said, in this order

Numbers, pseudonyms and where lines break differ from run to run and from year to year: both are read without them.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WHOSAW = Path(sys.executable).parent / "whosaw"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("WHOSAW_", "PYTEST_"))},
    "COLUMNS": "100",
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PSEUDONYM = re.compile(r"\b([ep])-[a-z2-7]{16}\b")
_MARGIN = re.compile(r"^\s*\| *", re.MULTILINE)


@dataclass(frozen=True)
class Played:
    """`folder`: what the demonstration left, not to be changed. `said`: what it printed."""

    folder: Path
    said: str

    def copy(self, to):
        """A `demo-data` of one's own in the folder `to`."""
        shutil.copytree(self.folder, to / "demo-data")


def play(shared):
    """Play it into the folder `shared`, unless another worker of this run has, or is about to."""
    home, said = shared / "played", shared / "played.txt"
    with (shared / "played.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            home.mkdir()
            ran = subprocess.run(
                [WHOSAW, "demo", "--folder", "demo-data"],
                cwd=home, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
            assert ran.returncode == 0, ran.stderr
            said.write_text(ran.stdout)
    return Played(home / "demo-data", said.read_text())


def skeleton(text):
    """Sentences without their numbers, pseudonyms and line breaks."""
    return " ".join(_NUMBER.sub("#", _PSEUDONYM.sub(r"\1-*", _MARGIN.sub("", text))).split())


def missing(quoted, said):
    """The first piece of `quoted` that `said` does not say after those before it; "" where all is said."""
    rest = skeleton(said)
    pieces = [skeleton(piece) for piece in quoted.split("…")]
    for number, piece in enumerate(pieces):
        # Without a cut in front, the quotation begins where what was said begins.
        at = rest.find(piece) if number else (0 if rest.startswith(piece) else -1)
        if at < 0:
            return piece
        rest = rest[at + len(piece) :]
    return "" if not pieces[-1] or not rest.strip() else f"nothing: more was said, {rest.strip()[:60]}"
