# SPDX-License-Identifier: Apache-2.0
"""A person was seen at an address, with a device: sealed once per span of time, by whichever way it comes.

    (person, address, agent, at) ──▶ put(ip, address, …)  and  put(device, agent, …)

The source of a value is the span it was seen in, and the value. So the same log read twice, two logs of one request, and a
log beside the middleware all seal one value. The vault keeps the source only as a digest under the person's own key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from whosaw.collect.forwarded import Address
from whosaw.collect.ports import Keep
from whosaw.model.access import Field

EVERY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGENT = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """Who was seen where, with what, when."""

    person: str = field(repr=False)
    address: Address = field(repr=False)
    agent: str | None = field(repr=False)
    at: datetime

    def values(self) -> Iterator[tuple[Field, str]]:
        """The values to seal. An agent that is no printable text of a sane length names no device."""
        yield Field.IP, str(self.address)
        if self.agent is not None and self.agent.isprintable() and 1 <= len(self.agent) <= _AGENT:
            yield Field.DEVICE, self.agent


def span(at: datetime, every: timedelta) -> int:
    """The number of the span that `at` is in; each begins with its first instant, and the next one's is out."""
    return (at - _EPOCH) // every


def keep_seen(keep: Keep, seen: Seen, every: timedelta = EVERY) -> tuple[int, int]:
    """(values new, values known). Raises what `keep` raises; keeping it again completes."""
    name = f"seen/{every // timedelta(seconds=1)}/{span(seen.at, every)}"
    fresh = [keep.put(seen.person, field, value, seen.at, f"{name}/{value}") for field, value in seen.values()]
    return sum(fresh), len(fresh) - sum(fresh)
