# SPDX-License-Identifier: Apache-2.0
"""All signals over 10^6, 10^7 and 10^8 looks: seconds, memory and growth; beside what a team would write; and what a watch takes in.

    python -m bench.detect --sizes 1000000,10000000 --peer .venv-peer/bin/python --spark .venv-spark/bin/whosaw --folder DIR

Every run is a process of its own. Seconds are processor seconds of all its threads, because a machine is seldom quiet: on two
idle cores it takes between half of that and all of it; the notes say what the clock said. What is not measured is no figure.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.detect_folder import write
from bench.detect_watch import BATCH, watched
from bench.figures import Figure, Measured, keep, machine, show

NAMES = {10**6: "signals_1e6", 10**7: "signals_1e7", 10**8: "signals_1e8"}
# Two workers of a core each, with as much memory as DuckDB has in one process.
_CLUSTER = "local-cluster[2,1,4096]"
_MEMORY = {"PYSPARK_SUBMIT_ARGS": "--driver-memory 3g --conf spark.executor.memory=4g pyspark-shell"}


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--sizes", default="1000000")
    options.add_argument("--peer", type=Path, help="a Python that has PyOD")
    options.add_argument("--spark", type=Path, help="the whosaw of an environment that has PySpark")
    options.add_argument(
        "--watch", type=int, default=1_000_000, help="looks that are there before the watch is measured"
    )
    options.add_argument(
        "--batch", type=int, default=BATCH, help="looks that are new then; less than a quarter of those"
    )
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "whosaw-bench-detect")
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    measured, on = Measured(), machine(given.folder)
    took: dict[int, float] = {}
    for size in sorted({int(each) for each in given.sizes.split(",") if each}):
        folder = write(given.folder / str(size), size)
        # Of the twelve gigabytes that it may take, the engine is only a part.
        room = ("--memory", "7") if size == 10**8 else ()
        seconds, wall, gigabytes = detected(folder, Path(sys.executable).with_name("whosaw"), *room)
        took[size] = seconds
        peer, named = beside(folder, given.peer, measured) if size == 10**6 and given.peer else (None, None)
        name = NAMES.get(size, f"signals_{size}")
        measured.figures.append(Figure.of(name, "s of a core", seconds, peer, named))
        measured.notes.append(f"{name}: {wall:,.0f} s by the clock, {gigabytes:.1f} GB at most")
        if size == 10**8:
            measured.figures.append(Figure.of("peak_gb_1e8", "GB", gigabytes))
        if size == 10**7 and given.spark:
            spark(folder, given.spark, measured)
        print(show(on, measured), flush=True)
    sizes = sorted(took)
    for small, large in itertools.pairwise(sizes):
        grown = took[large] / took[small]
        measured.notes.append(f"growth: {large / small:g} times the looks take {grown:.1f} times as long")
    if given.watch:
        small, large = (watched(looks, given.batch) for looks in (given.watch // 4, given.watch))
        measured.figures.append(Figure.of("watch_intake", "looks/s of a core", large.batch / large.intake))
        measured.figures.append(Figure.of("watch", "looks/s of a core", large.rate))
        grown = (large.intake + large.watch) / (small.intake + small.watch)
        measured.notes += [
            f"watch: {large}",
            f"watch: {small}; with 4 times the history it takes {grown:.1f} times as long",
        ]
    print(show(on, measured))
    keep("detect", on, measured)
    return 0


def detected(folder: Path, whosaw: Path, *more: str) -> tuple[float, float, float]:
    """Processor seconds, seconds and gigabytes of `whosaw detect` over `folder`."""
    wall = time.monotonic()
    with subprocess.Popen(
        [whosaw, "detect", folder, "--out", folder / f"findings{len(more)}.jsonl", *more],
        stdout=subprocess.DEVNULL,
        env={**os.environ, **_MEMORY},
    ) as run:
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode not in (0, 1):
        raise SystemExit(f"whosaw detect ended with {run.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - wall, usage.ru_maxrss / 1e6


def beside(folder: Path, python: Path, measured: Measured) -> tuple[float, str]:
    """What the peer took for its better detector, features and all."""
    done = subprocess.run(
        [python, Path(__file__).with_name("detect_peer.py"), folder], check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    fastest = min(("iforest", "ecod"), key=lambda name: said[name])
    measured.notes.append(
        f"the peer, over {said['rows']:,.0f} pairs: features {said['features']:.1f} s, IsolationForest {said['iforest']:.1f} s, "
        f"ECOD {said['ecod']:.1f} s, {said['peak_gb']:.1f} GB; the faster detector is in the table, with its features"
    )
    return said["features"] + said[fastest], f"PyOD {fastest} over features in pandas"


def spark(folder: Path, whosaw: Path, measured: Measured) -> None:
    """The same on a cluster of processes, and whether it found the same."""
    _, wall, _ = detected(folder, whosaw, "--engine", _CLUSTER)
    same = (folder / "findings0.jsonl").read_bytes() == (folder / "findings2.jsonl").read_bytes()
    # Its workers are no children of ours: of them there is only the clock.
    measured.figures.append(Figure.of("signals_1e7_spark", "s by the clock", wall))
    measured.notes.append(f"signals_1e7_spark: the findings are {'the same, to the byte' if same else 'OTHERS'}")


if __name__ == "__main__":
    sys.exit(main())
