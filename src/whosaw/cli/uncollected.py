# SPDX-License-Identifier: Apache-2.0
"""Without searching for circles of garbage, for a while: an eighth of the time of whoever watches went into that."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, really: bool = True) -> Iterator[None]:
    """What is made within stays until the end of it, where it is part of a circle: for what ends soon, and makes hardly any."""
    was = gc.isenabled()
    if really:
        gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
