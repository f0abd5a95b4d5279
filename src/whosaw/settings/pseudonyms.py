# SPDX-License-Identifier: Apache-2.0
"""Settings of IP pseudonyms: for how long an address keeps one, and how many may be asked for: the table [pseudonyms].

Whoever may ask without a limit rebuilds the whole table of IPv4 in minutes: all 4,295 million addresses, each with its pseudonym. With
the defaults all of a house together get through 31 million in a month, 0.7 %, and then the pseudonyms are others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whosaw.errors import Misconfigured

PERIODS = ("day", "week", "month", "quarter", "year")
_COUNT = (0, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class PseudonymSettings:
    """How many addresses get pseudonyms, and for how long the same ones."""

    period: str = field(
        default="month",
        metadata={
            "doc": "For how long an address has the same pseudonym: `day`, `week`, `month`, `quarter` or `year`, of UTC. Pseudonyms of two periods cannot be joined."
        },
    )
    batch: int = field(
        default=100_000,
        metadata={"doc": "Addresses in one batch, 1 to 10000000; memory grows by it.", "range": (1, 10_000_000)},
    )
    given_a_day: int = field(
        default=200_000,
        metadata={"doc": "Addresses a day that one principal may bring, whoever chose them; 0: none.", "range": _COUNT},
    )
    given_a_day_in_all: int = field(
        default=1_000_000, metadata={"doc": "The same of all principals together.", "range": _COUNT}
    )
    vault_a_day: int = field(
        default=20_000_000,
        metadata={"doc": "Addresses a day that one principal may have of the vault, as pseudonyms; 0: none.", "range": _COUNT},
    )  # fmt: skip
    vault_a_day_in_all: int = field(
        default=100_000_000, metadata={"doc": "The same of all principals together.", "range": _COUNT}
    )


def check_pseudonyms(settings: PseudonymSettings) -> None:
    """Raises Misconfigured."""
    if settings.period not in PERIODS:
        raise Misconfigured(f"setting 'pseudonyms.period' is one of {', '.join(PERIODS)}", setting="pseudonyms.period")
