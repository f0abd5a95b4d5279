# SPDX-License-Identifier: Apache-2.0
"""A process that holds keys closes its memory to others, as far as the system lets it.

    RLIMIT_CORE 0           no core file is written, whatever makes it crash
    PR_SET_DUMPABLE 0       (Linux) no debugger of the same account attaches, and /proc/PID/environ, mem, maps are root's

What this does not do stands in docs/trust.md: whoever is root reads it all, and memory that is swapped out is on a disk.

Invariant: it can only be tightened; nothing here, and no setting, opens it again.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def close_memory() -> None:
    """Do what can be done here. A system that refuses is no reason not to serve."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
