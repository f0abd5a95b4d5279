# SPDX-License-Identifier: Apache-2.0
"""Secrets from the environment: read once, removed from it, remembered by this process alone.

    environ["WHOSAW_ROOT_KEY"] ──first──▶ taken, and out of the environment ──▶ children never inherit it

What the system itself remembers of how this process was begun (/proc/PID/environ) no program can take back; a gate is
no longer readable there once it has closed its memory to others (``cli.closed``).
"""

from __future__ import annotations

import threading
from collections.abc import MutableMapping

from whosaw.errors import Misconfigured
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
        if found is None:
            raise self._refused("is not set, and the settings say that it holds the root key")
        try:
            return Root.parse(found.removesuffix("\n").encode("ascii", "replace") + b"\n", self._name)
        except Misconfigured:
            raise self._refused("is damaged: not one line of base64 of 32 bytes") from None

    def _refused(self, why: str) -> Misconfigured:
        return Misconfigured(
            f"the variable {self._name} {why}",
            setting="keys.root",
            hint="set it to the line that your backup of the root key holds; a new key would open nothing, so none is made",
        )

    def probe(self) -> None:
        """Nothing that could be down."""
