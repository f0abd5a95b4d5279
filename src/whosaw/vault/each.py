# SPDX-License-Identifier: Apache-2.0
"""One step for many looks before the next one: the processor then has that step at hand.

looks ──each, step 1──▶ made, made, error ──each, step 2──▶ made, error, error        an error ends the way of its look alone
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")


def each(of: Sequence[_A | Exception], step: Callable[[_A], _B]) -> list[_B | Exception]:
    """What `step` makes of each, or raises: that is said of it, and what was an error before stays one."""
    made: list[_B | Exception] = []
    for one in of:
        try:
            made.append(one if isinstance(one, Exception) else step(one))
        except Exception as error:  # noqa: BLE001 - not lost: it is the answer
            made.append(error)
    return made
