# SPDX-License-Identifier: Apache-2.0
"""The kinds of field there are: every file of this folder that has a ``KIND``.

Invariant: one name, one kind, under the file of that name; the last rung is ``exact``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from whosaw import privacy
from whosaw.errors import Misconfigured
from whosaw.privacy.fields.kind import EXACT, Kind

_PACKAGE = f"{privacy.__name__}.fields"


def discover(path: Iterable[str], package: str = _PACKAGE) -> Mapping[str, Kind]:
    """The kinds in the folders of `path`, which belong to `package`, by name. Raises Misconfigured."""
    found = {}
    for module in pkgutil.iter_modules(path):
        kind = getattr(importlib.import_module(f"{package}.{module.name}"), "KIND", None)
        if kind is None:
            continue
        if (
            kind.name != module.name
            or not kind.words
            or kind.words[-1] != EXACT
            or len(set(kind.words)) != len(kind.words)
        ):
            raise Misconfigured(
                f"the kind of field in {module.name} has another name, or a ladder that does not end at {EXACT}",
                setting=module.name,
            )
        found[kind.name] = kind
    return MappingProxyType(found)


KINDS = discover(importlib.import_module(_PACKAGE).__path__)
