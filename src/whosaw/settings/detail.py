# SPDX-License-Identifier: Apache-2.0
"""How exactly values are shown: the table [detail]."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DetailSettings:
    """How exactly values are shown."""

    people: int = field(
        default=20,
        metadata={
            "doc": "How many people at least were seen in a network that `ip:network` shows, 5 to 100000. Fewer: a wider one is shown, or none.",
            "range": (5, 100_000),
        },
    )
