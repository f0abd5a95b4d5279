# SPDX-License-Identifier: Apache-2.0
"""A process that serves closes its memory: no core file, and on Linux nothing of it is anybody else's to read."""

import subprocess
import sys

import pytest

CLOSED = """
import ctypes, resource
from whosaw.cli.closed import close_memory
close_memory()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="PR_GET_DUMPABLE is of Linux")
def test_memory_is_closed():
    """Asked of the system itself, in a process of its own."""
    said = subprocess.run([sys.executable, "-c", CLOSED], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout == "(0, 0) 0\n"
