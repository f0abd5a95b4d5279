# SPDX-License-Identifier: Apache-2.0
"""What ``scripts/hard-reset.sh`` runs in a machine that will be reset: records without an end, and a check afterwards.

python -m tests.disk.reset live FOLDER             prints a line for each receipt, once it has it
… < lines  python -m tests.disk.reset check FOLDER        whether the folder keeps what those lines were promised
"""

import itertools
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

from tests.disk.life import KeyedWorld
from tests.journal.world import Clock

from whosaw.errors import WhosawError
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt


class Standing(KeyedWorld):
    """The world of a folder that may be there already, with the clock of the machine."""

    def make(self) -> None:
        self.clock = Clock(datetime.now(UTC))
        self.count_from(self.clock.at.microsecond + int(self.clock.at.timestamp()) * 1_000_000)
        if self.head.read() is None:
            super().make()


def live(world: Standing, rounds: int | None = None) -> None:
    """Records, heads and map leaves, until the power goes."""
    core = world.open()
    began = int(world.clock.at.timestamp() * 1_000)
    for n in itertools.count() if rounds is None else range(rounds):
        key = f"{began}-{n}"
        made = world.record(core, key, "anna", f"person-{n % 50}")
        print(f"{key} {b64encode(made.receipt).decode()} .", flush=True)
        core.integrator.step()
        if n % 5 == 0:
            core.map.answer()


def check(world: Standing, lines: list[str]) -> None:
    """Whole before a start and after it, and every one of these receipts is kept. Raises AssertionError."""
    key = VerifierKey.parse(world.signers.receipts.vkey())
    for line in lines:
        name, receipt, _ = line.split()
        world.receipts[name] = open_receipt(b64decode(receipt), key)
    world.settle()


if __name__ == "__main__":
    verb, folder = sys.argv[1:]
    here = Standing(Path(folder))
    try:
        live(here) if verb == "live" else check(here, sys.stdin.read().splitlines())
    except (AssertionError, WhosawError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(3)
