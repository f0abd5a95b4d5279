# SPDX-License-Identifier: Apache-2.0
"""strace at a child of ours: attached once the child is ready, so that what it sees is done to the data folder only."""

import os
import select
import subprocess
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.disk.notebook import Notebook


class Untraceable(Exception):
    """strace is missing, or the system lets nobody trace."""


def traced(life: Callable[[Notebook], None], notebook: Notebook, options: Sequence[str], log: Path) -> None:
    """Fork, attach, run `life` in the child, and wait for its end: the notebook's last line is "end", or it died before."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            select.select([ours], [], [])  # no call that anybody sweeps
            life(notebook)
            notebook.say("end")
        except BaseException:
            notebook.say("crash", traceback.format_exc()[-3000:].encode())
        finally:
            os.kill(os.getpid(), 9)  # nothing is tidied up that a process would tidy up at its end
    try:
        tracer = _attach(pid, options, log)
    except BaseException:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise
    else:
        os.write(theirs, b"!")
        os.waitpid(pid, 0)
        tracer.wait()
        tracer.stderr.close()
    finally:
        os.close(ours)
        os.close(theirs)


def _attach(pid: int, options: Sequence[str], log: Path) -> subprocess.Popen:
    try:
        tracer = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-o", str(log), *options], stderr=subprocess.PIPE, text=True
        )
    except FileNotFoundError:
        raise Untraceable("strace is not installed") from None
    said = tracer.stderr.readline()
    if "attached" not in said:
        tracer.kill()
        tracer.wait()
        tracer.stderr.close()
        raise Untraceable(f"strace may trace nobody here: {said.strip()}")
    return tracer
