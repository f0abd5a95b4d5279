# SPDX-License-Identifier: Apache-2.0
"""Which files were checked to their end, by their SHA-256: so that a command that asks for one place does not read millions.

    places.json    {"format":1,"checked":{"<sha-256>":{"networks":250,"paths":{"country":["country","iso_code"]}}}}

Another byte is another file, and is checked anew. What is kept here is believed: whoever can write it can write the keys beside it.

Invariant: a memory that cannot be read is none, and the file is checked again; it never stands in the way of a place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from whosaw.errors import WhosawError
from whosaw.places.shape import KNOWN, Path, Shape

NAME = "places.json"
FORMAT = 1
MOST = 32
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found out."""

    networks: int
    shape: Shape


class Memory(Protocol):
    """What was checked before."""

    def find(self, digest: str) -> Checked | None: ...
    def keep(self, digest: str, checked: Checked) -> None: ...


class NoMemory:
    """Nothing is known, and nothing is kept."""

    def find(self, digest: str) -> Checked | None:
        del digest
        return None

    def keep(self, digest: str, checked: Checked) -> None:
        """Nothing."""


class KeptMemory:
    """In a file of the data folder. `write`: None where nothing may be changed. A write that fails is no error: it is a memory."""

    def __init__(self, read: Callable[[str], bytes | None], write: Callable[[str, bytes], object] | None) -> None:
        self._read, self._write = read, write

    def find(self, digest: str) -> Checked | None:
        return self._all().get(digest)

    def keep(self, digest: str, checked: Checked) -> None:
        if self._write is None:
            return
        # The oldest go: a digest that is kept again stands last.
        known = {**{each: one for each, one in self._all().items() if each != digest}, digest: checked}
        last = list(known.items())[-MOST:]
        said = {
            name: {"networks": one.networks, "paths": {k: list(v) for k, v in one.shape.paths.items()}}
            for name, one in last
        }
        try:
            self._write(NAME, (json.dumps({"format": FORMAT, "checked": said}, indent=1) + "\n").encode())
        except WhosawError:
            return

    def _all(self) -> Mapping[str, Checked]:
        try:
            raw = self._read(NAME)
            return {} if raw is None else _of(json.loads(raw))
        except (WhosawError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}


def _of(said: Any) -> dict[str, Checked]:
    """Raises any of the errors above for what is not as `keep` writes it."""
    if said["format"] != FORMAT:
        raise ValueError("another format")
    return {digest: _one(digest, one) for digest, one in said["checked"].items()}


def _one(digest: str, one: Any) -> Checked:
    paths: dict[str, Path] = {name: tuple(path) for name, path in one["paths"].items()}
    # Only paths of the table: this file must not be a way to have coordinates read.
    if not _DIGEST.fullmatch(digest) or any(path not in KNOWN[name][1] for name, path in paths.items()):
        raise ValueError("not what was kept")
    if type(one["networks"]) is not int or one["networks"] < 0:
        raise ValueError("not a count")
    return Checked(one["networks"], Shape(paths))
