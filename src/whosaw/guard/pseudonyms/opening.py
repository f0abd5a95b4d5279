# SPDX-License-Identifier: Apache-2.0
"""Before the desk opens: what the last day has had is counted again, where a process counts in memory.

Invariant: a restart gives nobody more than a day has.
"""

from __future__ import annotations

from typing import Any

from whosaw.guard.opening import Known, named
from whosaw.guard.pseudonyms.desk import Pseudonymiser
from whosaw.guard.pseudonyms.limits import Limits
from whosaw.guard.quota import seconds
from whosaw.guard.quota_count import Counters, InMemory
from whosaw.journal.open_log import OpenLog
from whosaw.settings.pseudonyms import PseudonymSettings


def opened(
    settings: PseudonymSettings, counters: Counters, journal: OpenLog, keys: Known, **parts: Any
) -> Pseudonymiser:
    """The desk. `counters`: those of the quotas. `parts`: what else ``Pseudonymiser`` is made with."""
    limits = Limits(settings, counters)
    if isinstance(counters, InMemory):
        limits.told((frame.body for frame in named(journal, keys, "pseudonyms")), seconds(parts["clock"]()))
    return Pseudonymiser(journal=journal, limits=limits, settings=settings, **parts)
