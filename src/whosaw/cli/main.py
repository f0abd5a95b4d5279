# SPDX-License-Identifier: Apache-2.0
"""The way in: `verify` before everything else.

    whosaw verify …   ──▶ whosaw.verify.command      stdlib and cryptography; nothing else is imported
    whosaw anything   ──▶ whosaw.cli.commands        Click

Don't import Click at the top. A regulator's machine has whosaw and cryptography, and must be able to verify.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from whosaw.cli.complaint import INTERRUPTED, complain
from whosaw.errors import Misconfigured

_CORE = frozenset({"click", "sqlalchemy", "alembic", "cedarpy", "cryptography"})
_OBJECTS = 100_000  # made between two searches for garbage; Python's own 700 is for small programs


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors go to stderr as `error:` and `hint:`."""
    given = list(sys.argv[1:] if argv is None else argv)
    # A watch builds expressions of a million small objects and keeps nearly all: looking for garbage is a third of its time.
    gc.set_threshold(_OBJECTS, 20, 20)
    if given[:1] == ["verify"]:
        from whosaw.verify.command import main as verify

        return verify(given[1:])
    try:
        from whosaw.cli.commands import run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _CORE:
            raise
        return complain(
            Misconfigured(
                f"{error.name!r} is not installed: only `whosaw verify` works without the core's packages",
                hint="pip install whosaw",
            )
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    return run(given)
