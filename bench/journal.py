# SPDX-License-Identifier: Apache-2.0
"""The journal in figures: what it records, integrates and indexes a second, and what it costs an outsider to check.

    python -m bench.journal            all of it: a table, and bench/results/journal.json
    python -m bench.journal index      one part only; the file is left as it is

    durable     durable_1 durable_16 durable_256                                        beside PostgreSQL and pymerkle
    integrate   integrate                                                               beside pymerkle
    index       index
    outsider    verify_1e5 verify_1e6 verify_1e7 inclusion_ms statement_ms bytes_per_record

Each part is a function that gets an empty folder on the disk that is measured, and returns its figures. All of them come
from one run, and so do the peers beside them.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import durable, integrate, outsider
from bench.figures import Measured, keep, machine, show

Part = Callable[[Path], Measured]
PARTS: dict[str, Part] = {
    "durable": durable.measure, "integrate": integrate.integrate, "index": integrate.index, "outsider": outsider.measure,
}  # fmt: skip


def main(names: list[str]) -> int:
    """Measure, print, and keep the figures where none was left out."""
    if unknown := set(names) - PARTS.keys():
        print(f"no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    measured = Measured()
    # Not the system's folder for temporary files, which may lie in memory: there fdatasync costs nothing.
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        on = machine(Path(name))
        for part in names or PARTS:
            folder = Path(name) / part
            folder.mkdir()
            measured.take(PARTS[part](folder))
    print(show(on, measured))
    if not names:
        keep("journal", on, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
