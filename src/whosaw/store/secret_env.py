# SPDX-License-Identifier: Apache-2.0
"""Secrets from the environment: read once, removed from it, remembered by this process alone.

    environ["WHOSAW_ROOT_KEY"] ──first──▶ taken, and out of the environment ──▶ children never inherit it

What the system itself remembers of how this process was begun (/proc/PID/environ) no program can take back; a gate is
no longer readable there once it has closed its memory to others (``cli.closed``).
"""

from __future__ import annotations

import threading
from collections.abc import MutableMapping

from whosaw.privacy.root import Root

_taken: dict[str, str] = {}
_lock = threading.Lock()


def take(name: str, environ: MutableMapping[str, str]) -> str | None:
    """The variable `name`, now or as it was when it was taken; None where there never was one."""
    with _lock:
        found = environ.pop(name, None)
        if found is not None:
            _taken[name] = found
        return _taken.get(name)


class RootInEnvironment:
    """``privacy.root_port.RootKeys`` in a variable: one line of base64 of 32 bytes."""

    def __init__(self, name: str, environ: MutableMapping[str, str]) -> None:
        self._name, self._environ = name, environ

    def __repr__(self) -> str:
        return "RootInEnvironment(…)"

    def load(self) -> Root:
        found = take(self._name, self._environ)
        # A shell leaves the last line's end off; a file has it. Both are the same key.
        raw = None if found is None else found.removesuffix("\n").encode("ascii", "replace") + b"\n"
        return Root.parse(raw, f"environment: {self._name}")

    def probe(self) -> None:
        """Nothing that could be down."""
