# SPDX-License-Identifier: Apache-2.0
"""An error as two lines on stderr, with its exit code from the one table. Needs nothing but `verify` needs."""

from __future__ import annotations

import sys

from whosaw import errors
from whosaw.verify.words import printable

INTERRUPTED = 130
"""The exit code of a command that was stopped from the keyboard, as shells have it."""


def complain(error: errors.WhosawError) -> int:
    """Say what is wrong and what to do about it; returns the exit code."""
    sys.stderr.write(f"error: {printable(str(error))}\n")
    if error.hint:
        sys.stderr.write(f"hint: {printable(error.hint)}\n")
    return errors.EXIT[type(error)]
