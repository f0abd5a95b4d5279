# SPDX-License-Identifier: Apache-2.0
"""How sure a share is that was counted: Wilson's interval. Pure.

3 of 10 ──▶ .11 to .60        0 of 10 ──▶ 0 to .28        0 of 0 ──▶ anywhere
"""

from __future__ import annotations

from math import sqrt

_Z = 1.959963984540054  # of 95 %


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval of 95 % in which the share lies, by Wilson's score. With nothing counted: anywhere."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return (0.0 if hits == 0 else max(0.0, middle - half)), (1.0 if hits == of else min(1.0, middle + half))
