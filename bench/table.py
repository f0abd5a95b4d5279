# SPDX-License-Identifier: Apache-2.0
"""The tables in docs/benchmarks.md, from bench/results: what one run measured, beside the bars of the design.

    python -m bench.table      writes what stands between each two marks anew; the rest of the page is prose

Invariant: a figure stands there because a run measured it, with the machine that did.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.figures import RESULTS, Figure, Machine, Measured, read

PAGE = Path(__file__).parents[1] / "docs/benchmarks.md"
# Each run, with the marks around its part of the page.
MARKS = {
    "journal": ("<!-- written by `make bench-table` -->\n", "<!-- up to here -->\n"),
    "guard": ("<!-- of the guard, written by `make bench-table` -->\n", "<!-- of the guard, up to here -->\n"),
    "detect": ("<!-- of the detectors, written by `make bench-table` -->\n", "<!-- of the detectors, up to here -->\n"),
    "vault": ("<!-- of the vault, written by `make bench-table` -->\n", "<!-- of the vault, up to here -->\n"),
}


@dataclass(frozen=True)
class Bar:
    """What a figure must reach, in words, and whether it does."""

    words: str
    met: Callable[[Figure, Machine], bool]


def _least(value: float) -> Bar:
    return Bar(f"at least {value:,.0f}", lambda figure, _: figure.ours >= value)


def _times(value: float) -> Bar:
    return Bar(f"{value:g} × the peer", lambda figure, _: (figure.ratio or 0) >= value)


def _most(value: float) -> Bar:
    return Bar(f"below {value:,.0f}", lambda figure, _: figure.ours < value)


BARS = {
    "durable_1": Bar(
        "2 × bare fdatasync + 1 ms", lambda figure, on: 1000 / figure.ours <= 2 * on.fdatasync_ms + 1
    ),
    "durable_16": _least(8_000),
    "durable_256": Bar(
        "20,000, and 5 × PostgreSQL", lambda figure, _: figure.ours >= max(20_000, 5 * (figure.peer or 0))
    ),
    "integrate": _least(150_000),
    "index": _least(20_000),
    "verify_1e7": _least(400_000),
    "inclusion_ms": _most(1),
    "statement_ms": _most(50),
    "look_256": _times(3),
    "decide_us": _most(250),
    "open_cold": _least(100_000),
    "open_warm": _least(100_000),
    "ipcrypt_det": _times(100),
    "ipcrypt_ndx": _times(50),
    "ipcrypt_pfx": _times(30),
    "place": _times(5),
    "signals_1e6": Bar("a tenth of the peer's time", lambda figure, _: (figure.ratio or 9) <= 0.1),
    "peak_gb_1e8": _most(12),
    "watch_intake": _least(2_000),
    "watch": _least(2_000),
}  # fmt: skip


def rendered(on: Machine, measured: Measured) -> str:
    """The part of the page."""
    lines = [f"{on}\n".replace("\n", "; ").removesuffix("; ") + ".", "", *_rows(on, measured.figures), ""]
    return "\n".join([*lines, *(f"- {note}" for note in measured.notes)]) + "\n"


def _rows(on: Machine, figures: list[Figure]) -> list[str]:
    rows = ["| figure | ours | peer | ratio | unit; peer | bar | |", "|---|---|---|---|---|---|---|"]
    for one in figures:
        bar = BARS.get(one.name)
        met = "" if bar is None else ("met" if bar.met(one, on) else "missed")
        peer, ratio = ("", "") if one.peer is None else (f"{one.peer:,}", f"{one.ratio:,}")
        beside = f"; {one.peer_name}" if one.peer_name else ""
        words = bar.words if bar else ""
        rows.append(f"| `{one.name}` | {one.ours:,} | {peer} | {ratio} | {one.unit}{beside} | {words} | {met} |")
    return rows


def main() -> int:
    """Write the tables anew."""
    page = PAGE.read_text()
    for name, (begin, end) in MARKS.items():
        if not (RESULTS / f"{name}.json").exists():
            continue  # not run here: its table stays that of the run before
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = before + begin + rendered(*read(name)) + end + after
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
