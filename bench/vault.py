# SPDX-License-Identifier: Apache-2.0
"""The vault and what belongs to it: sealed values, pseudonyms of addresses, places, what is taken in; beside their peers.

    python -m bench.vault [PART…]     all of it, or these parts: a table; all of it also into bench/results/vault.json

Each part is a module of its own, with a `measure(folder)` that says what it found. What its extra or its vectors need
and is not here is left out, in a sentence.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from bench.figures import Measured, keep, machine, show

PARTS = ("open", "places", "import", "ipcrypt")  # bench/vault_<part>.py


def measure(folder: Path, parts: tuple[str, ...]) -> Measured:
    """Every figure of these parts, in their order."""
    found = Measured()
    for part in parts:
        found.take(import_module(f"bench.vault_{part}").measure(folder))
    return found


def main(parts: tuple[str, ...]) -> int:
    """Measure, print, and keep the figures of a whole run."""
    if unknown := [part for part in parts if part not in PARTS]:
        print(f"no such part: {unknown[0]}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        on, measured = machine(Path(name)), measure(Path(name), parts or PARTS)
    print(show(on, measured))
    if not parts:
        keep("vault", on, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
