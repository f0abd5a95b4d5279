# SPDX-License-Identifier: Apache-2.0
"""What came too late, by the clocks of gates and of the sources of the directory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from whosaw.policy.facts import Known

APART = timedelta(seconds=5)  # by which the clocks of two gates may differ


def behind(newest: datetime, now: datetime) -> bool:
    """Whether a clock that says `now` stands too far before what happened at `newest`."""
    return newest.astimezone(UTC) > now.astimezone(UTC) + APART


def late(known: Known | None, at: datetime) -> str:
    """Which source of the directory was not heard of in time, for whoever has to mend it."""
    feed = None if known is None else known.feed
    if feed is None or not feed.source or at - feed.confirmed <= feed.limit:
        return ""
    return f"the source {feed.source} of the directory, which was not confirmed in time"
