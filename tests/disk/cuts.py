# SPDX-License-Identifier: Apache-2.0
"""The power fails at any moment of an append: what a start makes of what is left is a log that keeps its promises.

    scenario ──one life, recorded──▶ calls ──the first k of them──▶ Disk ──cut──▶ folder ──▶ start, fsck, every receipt

`--every`: each moment twice, with nothing kept that was not synced, and with everything kept. Then `--seeds` times any
moment, any subset, torn; and of some of the folders that are left a second life is recorded, and cut again.

    python -m tests.disk.cuts [--every] [--seeds N] [--seed S] [--deaf CALL]            exit 77: this machine lets nobody trace
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.disk.life import SCENARIOS, live, settle, state_of
from tests.disk.notebook import Notebook
from tests.disk.power import MARK, Disk, Fate, recorded
from tests.disk.sweep import Stage, room
from tests.disk.trace import Untraceable, traced

CALLS = ("openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,"
         "rmdir,ftruncate,close")  # fmt: skip
AGAIN = 10  # one folder in so many is cut a second time, in that many ways


class Marking(Notebook):
    """A notebook whose lines have their place in a recording: each is followed by a call that fails and harms nobody."""

    def say(self, kind, data=b""):
        super().say(kind, data)
        if kind != "end":
            with suppress(OSError):
                os.close(MARK)


class Recording:
    """One life: the folder it began with, its calls, and what it said, in their order."""

    def __init__(self, world, life, folder: Path) -> None:
        """`world` is used up. `folder`: where there is nothing yet."""
        folder.mkdir()
        self.world, self._began = world, shutil.copytree(world.data, folder / "began")
        world.close()
        world._attach()
        notebook = Marking()
        traced(
            lambda told: life(world, told), notebook,
            ["-xx", "-s", "100000000", "-e", f"trace={CALLS}"], folder / "log",
        )  # fmt: skip
        world.close()
        self._said = list(notebook.read())
        notebook.close()
        assert self._said[-1][0] == "end", self._said[-1]
        self._calls = list(recorded(folder / "log"))
        disk = Disk(world.data, self._began)
        self.moments = [at for at, call in enumerate(self._calls, 1) if disk.play(call)]
        assert disk.marks == len(self._said) - 1

    def cut(self, moment: int, fate: Fate, to: Path, *, deaf: str = ""):
        """The world after `moment` calls and a power cut, in the folder `to`; it has heard what was said until then.

        `deaf`: a call that this disk does not hear, to see that it matters.
        """
        shutil.rmtree(to, ignore_errors=True)
        disk = Disk(self.world.data, self._began)
        for call in self._calls[:moment]:
            if call.name != deaf:
                disk.play(call)
        disk.cut(to, fate)
        made = self.world.elsewhere(to)
        made.hear(self._said[: disk.marks])
        return made


class Cuts:
    """All cuts of one run, and what was wrong after some of them."""

    def __init__(self, folder: Path, seed: str, deaf: str = "") -> None:
        self._folder, self._seed, self._deaf = folder, seed, deaf
        self._stage = Stage(folder, list(SCENARIOS))
        self._stage.rehearse()
        self.recordings = {
            name: Recording(self._stage.copy(name, f"{name}-life"), scenario.live, folder / f"{name}-recorded")
            for name, scenario in SCENARIOS.items()
        }
        self._settled: set = set()
        self.played = self.again = 0
        self.wrong: list[str] = []

    @property
    def different(self) -> int:
        return len(self._settled)

    def every(self) -> None:
        for name, recording in self.recordings.items():
            for moment in recording.moments:
                for kind in ("none", "all"):
                    self._one(f"{name}, call {moment}, {kind}", recording, moment, Fate(Random(0), kind), name)

    def dice(self, seeds: int) -> None:
        for number in range(seeds):
            dice = Random(f"{self._seed}-{number}")
            name = dice.choice(list(self.recordings))
            recording = self.recordings[name]
            moment = dice.choice(recording.moments)
            self._one(f"{name}, seed {self._seed}-{number}", recording, moment, Fate(dice), name)
            if number % AGAIN == 0 and name != "first":
                self._twice(f"{name}, seed {self._seed}-{number}", recording, moment, dice, name)

    def _twice(self, what: str, recording: Recording, moment: int, dice: Random, name: str) -> None:
        """A second life over what is left, which is cut, too: a start is made of writes like everything else."""
        world = recording.cut(moment, Fate(dice), self._folder / "second")
        world.count_from(30_000)
        second = self._folder / "second-recorded"
        shutil.rmtree(second, ignore_errors=True)
        try:
            again = Recording(world, live, second)
        except Exception:
            self.wrong.append(f"{what}, second life\n{traceback.format_exc()[-3000:]}")
            return
        for time_ in range(AGAIN):
            self.again += 1
            self._one(f"{what}, second cut {time_}", again, dice.choice(again.moments), Fate(dice), name)

    def _one(self, what: str, recording: Recording, moment: int, fate: Fate, name: str) -> None:
        self.played += 1
        world = recording.cut(moment, fate, self._folder / "cut", deaf=self._deaf)
        try:
            left = state_of(world.data), tuple(sorted((k, r.first, r.count, r.root) for k, r in world.receipts.items()))
            if left not in self._settled:
                self._settled.add(left)
                settle(world, made=name != "first")
        except Exception:
            self.wrong.append(f"{what}\n{traceback.format_exc()[-3000:]}")
        finally:
            world.close()


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--every", action="store_true")
    options.add_argument("--seeds", type=int, default=100)
    options.add_argument("--seed", default=os.environ.get("WHOSAW_SEED") or os.urandom(4).hex())
    options.add_argument(
        "--deaf", default="", help="a disk that does not hear this call: something must be found wrong"
    )
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="whosaw-cuts-", dir=room()) as folder:
        try:
            cuts = Cuts(Path(folder), given.seed, given.deaf)
            if given.every:
                cuts.every()
            cuts.dice(given.seeds)
        except Untraceable as error:
            print(error)
            return 77
    moments = sum(len(recording.moments) for recording in cuts.recordings.values())
    print(
        f"{cuts.played} power cuts at {moments} moments of {len(cuts.recordings)} lives, {cuts.again} of them a second one; "
        f"{cuts.different} different states; {len(cuts.wrong)} wrong; seed {given.seed}, {time.monotonic() - began:.0f} s"
    )
    for why in cuts.wrong:
        print(f"\n{why}")
    return 1 if cuts.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
