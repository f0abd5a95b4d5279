# SPDX-License-Identifier: Apache-2.0
"""A process on one core, and back on all: an interpreter does one thing at a time, and its threads that move between cores pay for it.

An operator says the same with `taskset` or `CPUAffinity=` (docs/operate.md).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def on_one_core(process: int) -> Iterator[None]:
    """All threads of `process`, and those that they start meanwhile, on the last core that we may use."""
    ours = os.sched_getaffinity(0)
    _move(process, {max(ours)})
    try:
        yield
    finally:
        _move(process, ours)


def _move(process: int, cores: set[int]) -> None:
    for thread in Path(f"/proc/{process}/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.sched_setaffinity(int(thread.name), cores)
