# SPDX-License-Identifier: Apache-2.0
"""Figures: what a benchmark says, as a table for readers and as JSON for whoever draws or compares it.

    measure ──▶ Figure(name, unit, ours, peer, peer_name, ratio) ──▶ table     with the machine and a bare fdatasync
                                                                └──▶ bench/results/<name>.json

A figure without its machine, its disk and its peers of the same run says nothing; so they are printed above it, and a
bare append with fdatasync, which no durable record can undercut, is measured each time.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
_BODY = b"x" * 700  # about as long as the frame of a look


@dataclass(frozen=True)
class Figure:
    """`ratio` is ours to the peer's: above 1 is more of the unit."""

    name: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str | None = None
    ratio: float | None = None

    @classmethod
    def of(cls, name: str, unit: str, ours: float, peer: float | None = None, peer_name: str | None = None) -> "Figure":
        """The figure, with its ratio, cut to digits that mean something."""
        ratio = None if peer is None else _short(ours / peer)
        return cls(name, unit, _short(ours), None if peer is None else _short(peer), peer_name, ratio)


@dataclass
class Measured:
    """What one part of a benchmark found. `notes`: what stands below the table, in sentences."""

    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, other: "Measured") -> None:
        """Add what another part found."""
        self.figures += other.figures
        self.notes += other.notes


@dataclass(frozen=True)
class Machine:
    """Where a run took place, and how quiet it was there.

    `fdatasync_ms`: the median of a bare append of 700 bytes with its fdatasync. `load`: processes that wanted a core in the
    minute before. `hashes_s`: SHA-256 of 65 bytes a second on one core at that moment, of which all else is made.
    """

    processor: str
    cores: int
    system: str
    python: str
    file_system: str
    fdatasync_ms: float
    load: float = 0.0
    hashes_s: int = 0

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}, {self.file_system}\n"
            f"bare append and fdatasync: {self.fdatasync_ms:.2f} ms; load {self.load:.1f}; SHA-256: {self.hashes_s:,}/s and core"
        )


def machine(folder: Path) -> Machine:
    """Where we are, and the disk that `folder` is on."""
    return Machine(
        _processor(), os.cpu_count() or 1, f"{platform.system()} {platform.release().split('-')[0]}", platform.python_version(),
        _file_system(folder), round(statistics.median(bare_appends(folder, 200)), 3),
        round(os.getloadavg()[0], 1), _hashes(),
    )  # fmt: skip


def _hashes(count: int = 200_000) -> int:
    entry, began = b"e" * 65, time.thread_time()
    for _ in range(count):
        sha256(entry).digest()
    return int(_short(count / (time.thread_time() - began)))


def bare_appends(folder: Path, count: int) -> list[float]:
    """Milliseconds of each of so many appends of 700 bytes, each with its fdatasync."""
    taken, path = [], folder / "bare"
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(_BODY)
            os.fdatasync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    path.unlink()
    return taken


def show(on: Machine, measured: Measured) -> str:
    """The table, below its machine."""
    lines = [str(on), "", f"{'figure':<18}{'ours':>12}{'peer':>12}{'ratio':>9}   unit; peer"]
    for one in measured.figures:
        peer, ratio = (f"{one.peer:,}", f"{one.ratio:,}") if one.peer is not None else ("", "")
        beside = f"; {one.peer_name}" if one.peer_name else ""
        lines.append(f"{one.name:<18}{one.ours:>12,}{peer:>12}{ratio:>9}   {one.unit}{beside}")
    return "\n".join([*lines, "", *measured.notes])


def keep(name: str, on: Machine, measured: Measured) -> Path:
    """Write bench/results/<name>.json."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    found = {"figures": [asdict(one) for one in measured.figures], "machine": asdict(on), "notes": measured.notes}
    path.write_text(json.dumps(found, indent=2) + "\n")
    return path


def read(name: str) -> tuple[Machine, Measured]:
    """What `keep` wrote."""
    found = json.loads((RESULTS / f"{name}.json").read_text())
    return Machine(**found["machine"]), Measured([Figure(**one) for one in found["figures"]], found["notes"])


def percentile(taken: Sequence[float], percent: float) -> float:
    """The value that so many percent of `taken` do not exceed."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * percent / 100))]


def _short(value: float) -> float:
    """Four digits: more of them change from run to run."""
    return round(value) if abs(value) >= 1000 else float(f"{value:.4g}")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0]} ({platform.machine()})" if named else platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of file system that `folder` is on: a figure from a disk in memory is none."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown file system"
    rows = [line.split() for line in mounts.read_text().splitlines()]
    around = {str(folder.resolve()), *map(str, folder.resolve().parents)}
    return max(((len(row[1]), row[2]) for row in rows if row[1] in around), default=(0, "unknown file system"))[1]
